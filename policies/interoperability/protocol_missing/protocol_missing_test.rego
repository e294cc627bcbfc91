package meshgate.rules.interoperability.protocol_missing_test

import data.meshgate.rules.interoperability.protocol_missing as rule

of(port) := {"product": {"ports": [object.union({"direction": "output", "name": "a", "pointer": "/p"}, port)]}}

test_nothing_said_is_found if {
	found := rule.findings with input as of({})
	count(found) == 1
}

test_something_said_is_silent if {
	every port in [{"type": "tables"}, {"platform": "aws"}, {"contract": {"servers": [{"type": "s3"}]}}, {"direction": "input"}] {
		found := rule.findings with input as of(port)
		count(found) == 0
	}
}
