package meshgate.rules.quality.sla_impossible_test

import data.meshgate.rules.quality.sla_impossible as rule

of(property, value) := {"contracts": [{"sla": [{"property": property, "value": value, "pointer": "/s"}]}]}

test_impossible_ones_are_found if {
	every pair in [["availability", 120], ["upTime", "101%"], ["latency", -5]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 1
	}
}

test_possible_ones_are_silent if {
	every pair in [["availability", "99.9 %"], ["availability", 100], ["latency", 400], ["availability", "high"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
