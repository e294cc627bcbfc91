package meshgate.rules.privacy.port_denies_personal_data_test

import data.meshgate.rules.privacy.port_denies_personal_data as rule

of(port, column) := {"product": {"ports": [{"name": "a", "pointer": "/p", "pii": port, "contract": {"schema": [{"columns": [{"name": "email", "pointer": "/c", "pii": column}]}]}}]}}

test_a_contradiction_is_found if {
	found := rule.findings with input as of(false, true)
	count(found) == 1
}

test_agreement_is_silent if {
	every pair in [[true, true], [false, false], [true, false]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
