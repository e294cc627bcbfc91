package meshgate.rules.contract.output_port_without_contract_test

import data.meshgate.rules.contract.output_port_without_contract as rule

of(port) := {"product": {"ports": [port]}}

test_bare_output_port_is_found if {
	found := rule.findings with input as of({"direction": "output", "name": "a", "pointer": "/p"})
	{finding.pointer | some finding in found} == {"/p"}
}

test_contract_id_is_silent if {
	found := rule.findings with input as of({"direction": "output", "pointer": "/p", "contract_id": "c"})
	count(found) == 0
}

test_embedded_contract_is_silent if {
	found := rule.findings with input as of({"direction": "output", "pointer": "/p", "contract": {}})
	count(found) == 0
}

test_other_ports_are_silent if {
	every direction in ["input", "discovery", "observability", "control", "management"] {
		found := rule.findings with input as of({"direction": direction, "pointer": "/p"})
		count(found) == 0
	}
}
