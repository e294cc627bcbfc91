package meshgate.rules.documentation.port_undescribed_test

import data.meshgate.rules.documentation.port_undescribed as rule

of(port) := {"product": {"ports": [object.union({"direction": "output", "pointer": "/p"}, port)]}}

test_a_bare_port_is_found if {
	found := rule.findings with input as of({"name": "a"})
	count(found) == 1
}

test_a_described_port_is_silent if {
	every port in [{"description": "Orders."}, {"contract": {"description": {"purpose": "Orders."}}}, {"direction": "input"}] {
		found := rule.findings with input as of(port)
		count(found) == 0
	}
}
