package meshgate.rules.versioning.port_version_missing_test

import data.meshgate.rules.versioning.port_version_missing as rule

of(format, port) := {"format": format, "product": {"ports": [port]}}

test_an_output_port_without_one_is_found if {
	found := rule.findings with input as of("odps", {"direction": "output", "name": "a", "pointer": "/p"})
	count(found) == 1
}

test_others_are_silent if {
	every pair in [["odps", "input"], ["dps", "output"]] {
		found := rule.findings with input as of(pair[0], {"direction": pair[1], "pointer": "/p"})
		count(found) == 0
	}
}

test_a_version_is_silent if {
	found := rule.findings with input as of("odps", {"direction": "output", "version": "1.0.0", "pointer": "/p"})
	count(found) == 0
}
