package meshgate.rules.privacy.personal_data_public_test

import data.meshgate.rules.privacy.personal_data_public as rule

of(column) := {"contracts": [{"schema": [{"columns": [object.union({"name": "email", "pointer": "/c", "columns": []}, column)]}]}]}

test_public_personal_data_is_found if {
	found := rule.findings with input as of({"pii": true, "classification": "public"})
	count(found) == 1
}

test_others_are_silent if {
	every column in [{"pii": true, "classification": "confidential"}, {"name": "total", "classification": "public"}, {"pii": false, "classification": "public"}, {"pii": true}] {
		found := rule.findings with input as of(column)
		count(found) == 0
	}
}

test_what_is_named_like_it_is_found if {
	found := rule.findings with input as of({"classification": "public"})
	count(found) == 1
}
