package meshgate.rules.contract.server_missing_test

import data.meshgate.rules.contract.server_missing as rule

of(servers) := {"kind": "data-contract", "contracts": [{"name": "c", "pointer": "", "servers": servers}]}

test_no_server_is_found if {
	found := rule.findings with input as of([])
	count(found) == 1
}

test_a_server_is_silent if {
	found := rule.findings with input as of([{"type": "postgres"}])
	count(found) == 0
}
