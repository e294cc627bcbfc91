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

test_words_for_restricted_are_found if {
	every word in ["restricted", "highly restricted", "restricted - pii", "top secret", "secret"] {
		found := rule.findings with input as of({"name": "a", "pointer": "/c", "classification": word})
		count(found) == 1
	}
}

test_unrestricted_is_silent if {
	every word in ["unrestricted", "non-restricted", "not restricted", "secretariat"] {
		found := rule.findings with input as of({"name": "a", "pointer": "/c", "classification": word})
		count(found) == 0
	}
}

test_words_of_restriction if {
	every word in ["Restricted - PII", "non-public / restricted", "unclassified but restricted", "top secret"] {
		found := rule.findings with input as of({"name": "iban", "pointer": "/c", "classification": word})
		count(found) == 1
	}
	every word in ["unrestricted", "not restricted", "non-restricted"] {
		found := rule.findings with input as of({"name": "iban", "pointer": "/c", "classification": word})
		count(found) == 0
	}
}
