package meshgate.rules.residency.region_missing_test

import data.meshgate.rules.residency.region_missing as rule

of(server) := {"contracts": [{"servers": [object.union({"name": "prod", "pointer": "/s"}, server)], "schema": [{"columns": [{"name": "email"}]}]}]}

test_no_region_is_found if {
	found := rule.findings with input as of({"type": "S3"})
	count(found) == 1
}

test_a_region_or_ones_own_server_is_silent if {
	every server in [{"type": "s3", "region": "eu-central-1"}, {"type": "postgres"}] {
		found := rule.findings with input as of(server)
		count(found) == 0
	}
}

test_a_port_is_looked_at if {
	port := {"direction": "output", "name": "a", "platform": "aws::postgres", "pointer": "/p", "contract": {"schema": [{"columns": [{"name": "email"}]}]}}
	found := rule.findings with input as {"contracts": [], "product": {"ports": [port]}}
	count(found) == 1
}
