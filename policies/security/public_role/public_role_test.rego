package meshgate.rules.security.public_role_test

import data.meshgate.rules.security.public_role as rule

of(role, class) := {"contracts": [{"roles": [{"role": role, "pointer": "/r"}], "schema": [{"columns": [{"name": "a", "pointer": "/c", "classification": class}]}]}]}

test_everybody_is_found if {
	every role in ["public", "Everyone", "*", "All Users", "all-users"] {
		found := rule.findings with input as of(role, "restricted")
		count(found) == 1
	}
}

test_others_are_silent if {
	every pair in [["order_reader", "restricted"], ["public", "internal"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
