package meshgate.rules.contract.no_output_port_test

import data.meshgate.rules.contract.no_output_port as rule

of(status, ports) := {"product": {"name": "p", "status": status, "pointer": "", "ports": ports}}

test_none_is_found if {
	found := rule.findings with input as of("active", [{"direction": "input"}])
	count(found) == 1
}

test_without_a_status_too if {
	found := rule.findings with input as {"product": {"name": "p", "pointer": "", "ports": []}}
	count(found) == 1
}

test_one_or_a_draft_is_silent if {
	every good in [of("active", [{"direction": "output"}]), of("Draft", [])] {
		found := rule.findings with input as good
		count(found) == 0
	}
}
