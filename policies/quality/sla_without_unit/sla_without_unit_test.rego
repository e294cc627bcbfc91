package meshgate.rules.quality.sla_without_unit_test

import data.meshgate.rules.quality.sla_without_unit as rule

of(level) := {"contracts": [{"sla": [object.union({"pointer": "/s"}, level)]}]}

test_a_bare_number_is_found if {
	every value in [5, "5"] {
		found := rule.findings with input as of({"property": "Latency", "value": value})
		count(found) == 1
	}
}

test_a_unit_or_another_level_is_silent if {
	every level in [
		{"property": "latency", "value": 5, "unit": "h"},
		{"property": "latency", "value": "5h"},
		{"property": "availability", "value": 99.9},
	] {
		found := rule.findings with input as of(level)
		count(found) == 0
	}
}
