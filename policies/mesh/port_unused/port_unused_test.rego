package meshgate.rules.mesh.port_unused_test

import data.meshgate.rules.mesh.port_unused as rule

of(complete, file) := {"file": "a", "product": {"pointer": ""}, "mesh": {"complete": complete, "orphans": [{"file": file, "port": "out", "pointer": "/p"}]}}

test_an_own_port_is_found if {
	found := rule.findings with input as of(true, "a")
	count(found) == 1
}

test_others_are_silent if {
	every pair in [[false, "a"], [true, "b"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
