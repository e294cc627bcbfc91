package meshgate.rules.security.role_without_approver_test

import data.meshgate.rules.security.role_without_approver as rule

of(approvers) := {"format": "odcs", "contracts": [{"roles": [{"role": "reader", "approvers": approvers, "pointer": "/roles/0"}]}]}

test_no_approver_is_found if {
	found := rule.findings with input as of([])
	count(found) == 1
}

test_an_approver_is_silent if {
	found := rule.findings with input as of(["lead"])
	count(found) == 0
}
