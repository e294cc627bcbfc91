package meshgate.rules.quality.freshness_missing_test

import data.meshgate.rules.quality.freshness_missing as rule

of(property) := {"contracts": [{"name": "c", "pointer": "", "sla": [{"property": property}]}]}

test_other_levels_do_not_answer_it if {
	found := rule.findings with input as of("availability")
	count(found) == 1
}

test_freshness_is_silent if {
	every property in ["latency", "freshness", "frequency", "timeliness", "intervalOfChange"] {
		found := rule.findings with input as of(property)
		count(found) == 0
	}
}

test_no_level_is_another_rules_affair if {
	found := rule.findings with input as {"contracts": [{"name": "c", "pointer": "", "sla": []}]}
	count(found) == 0
}
