package meshgate.rules.security.roles_missing_test

import data.meshgate.rules.security.roles_missing as rule

of(roles, class) := {"kind": "data-contract", "contracts": [{"name": "c", "pointer": "", "roles": roles, "schema": [{"columns": [{"name": "a", "classification": class}]}]}]}

test_no_role_is_found if {
	found := rule.findings with input as of([], "confidential")
	count(found) == 1
}

test_a_role_or_open_data_is_silent if {
	every pair in [[[{"role": "reader"}], "confidential"], [[], "internal"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}

test_classifications_are_read_as_words if {
	every class in ["Restricted - PII", "strictly confidential"] {
		found := rule.findings with input as of([], lower(class))
		count(found) == 1
	}
	found := rule.findings with input as of([], "unrestricted")
	count(found) == 0
}
