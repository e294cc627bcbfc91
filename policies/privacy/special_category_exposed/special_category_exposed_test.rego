package meshgate.rules.privacy.special_category_exposed_test

import data.meshgate.rules.privacy.special_category_exposed as rule

of(column) := {"contracts": [{"schema": [{"columns": [object.union({"pointer": "/c", "columns": []}, column)]}]}]}

test_special_categories_are_found if {
	every name in ["religion", "patientDiagnosis", "krankheit", "blood_type"] {
		found := rule.findings with input as of({"name": name, "classification": "internal"})
		count(found) == 1
	}
}

test_unclassified_ones_too if {
	found := rule.findings with input as of({"name": "ethnicity"})
	count(found) == 1
}

test_others_are_silent if {
	every column in [{"name": "religion", "classification": "restricted"}, {"name": "health", "pii": false}, {"name": "healthy_food"}, {"name": "race_track"}] {
		found := rule.findings with input as of(column)
		count(found) == 0
	}
}

test_the_names_can_be_set if {
	found := rule.findings with input as of({"name": "shoe_size"})
		with data.meshgate.params.privacy.special_category_exposed as {"names": ["shoe_size"], "classifications": ["restricted"]}
	count(found) == 1
}

test_codes_of_one_and_accents_are_found if {
	every name in ["religion_code", "santé"] {
		found := rule.findings with input as of({"name": name})
		count(found) == 1
	}
}

test_classifications_are_of_any_case if {
	found := rule.findings with input as of({"name": "religion", "classification": "geheim"})
		with data.meshgate.params.privacy.special_category_exposed as {"names": ["religion"], "classifications": ["Geheim"]}
	count(found) == 0
}
