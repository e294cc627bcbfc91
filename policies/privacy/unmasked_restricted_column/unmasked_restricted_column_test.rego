package meshgate.rules.privacy.unmasked_restricted_column_test

import data.meshgate.rules.privacy.unmasked_restricted_column as rule

of(column) := {"contracts": [{"schema": [{"columns": [column]}]}]}

test_restricted_without_masking_is_found if {
	found := rule.findings with input as of({"name": "iban", "pointer": "/c", "classification": "restricted"})
	{finding.pointer | some finding in found} == {"/c/classification"}
}

test_masked_is_silent if {
	found := rule.findings with input as of({"name": "iban", "pointer": "/c", "classification": "restricted", "masking": "hash"})
	count(found) == 0
}

test_public_is_silent if {
	found := rule.findings with input as of({"name": "iban", "pointer": "/c", "classification": "public"})
	count(found) == 0
}

test_unclassified_is_silent if {
	found := rule.findings with input as of({"name": "iban", "pointer": "/c"})
	count(found) == 0
}

test_nameless_column_is_found if {
	found := rule.findings with input as of({"pointer": "/c", "classification": "restricted"})
	count(found) == 1
}
