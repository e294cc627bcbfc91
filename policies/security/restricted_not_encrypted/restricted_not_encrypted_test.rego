package meshgate.rules.security.restricted_not_encrypted_test

import data.meshgate.rules.security.restricted_not_encrypted as rule

of(column) := {"contracts": [{"schema": [{"columns": [object.union({"name": "a", "pointer": "/c", "columns": []}, column)]}]}]}

test_plain_restricted_data_is_found if {
	every column in [{"classification": "restricted"}, {"classification": "secret", "encrypted": false}] {
		found := rule.findings with input as of(column)
		count(found) == 1
	}
}

test_others_are_silent if {
	every column in [{"classification": "restricted", "encrypted": true}, {"classification": "restricted", "masking": "hash"}, {"classification": "internal"}] {
		found := rule.findings with input as of(column)
		count(found) == 0
	}
}
