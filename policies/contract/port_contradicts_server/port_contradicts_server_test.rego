package meshgate.rules.contract.port_contradicts_server_test

import data.meshgate.rules.contract.port_contradicts_server as rule

of(type, server) := {"product": {"ports": [{"direction": "output", "name": "a", "type": type, "pointer": "/p", "contract": {"servers": [{"type": server}]}}]}}

test_a_topic_in_a_database_is_found if {
	found := rule.findings with input as of("Topic", "postgres")
	count(found) == 1
}

test_what_agrees_or_is_unknown_is_silent if {
	every pair in [["tables", "snowflake"], ["topic", "kafka"], ["dashboard", "postgres"], ["tables", "s3"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
