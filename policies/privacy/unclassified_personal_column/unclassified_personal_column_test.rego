package meshgate.rules.privacy.unclassified_personal_column_test

import data.meshgate.rules.privacy.unclassified_personal_column as rule

of(column) := {"contracts": [{"schema": [{"columns": [column]}]}]}

test_marked_is_found if {
	found := rule.findings with input as of({"name": "x", "pointer": "/c", "pii": true})
	count(found) == 1
}

test_named_is_found if {
	some name in ["email", "billingEmail", "BIRTH_DATE"]
	found := rule.findings with input as of({"name": name, "pointer": "/c"})
	count(found) == 1
}

test_every_spelling_is_found if {
	every name in ["email", "billingEmail", "BIRTH_DATE", "customer-iban"] {
		found := rule.findings with input as of({"name": name, "pointer": "/c"})
		count(found) == 1
	}
}

test_denied_is_silent if {
	found := rule.findings with input as of({"name": "email", "pointer": "/c", "pii": false})
	count(found) == 0
}

test_classified_is_silent if {
	found := rule.findings with input as of({"name": "email", "pointer": "/c", "pii": true, "classification": "public"})
	count(found) == 0
}

test_other_names_are_silent if {
	every name in ["email_count", "product_name", "chip_address_space"] {
		found := rule.findings with input as of({"name": name, "pointer": "/c"})
		count(found) == 0
	}
}

test_nameless_is_silent if {
	found := rule.findings with input as of({"pointer": "/c"})
	count(found) == 0
}
