package meshgate.rules.retention.too_long_test

import data.meshgate.rules.retention.too_long as rule

of(text) := {"contracts": [{"name": "c", "pointer": "", "retention": text, "schema": [{"columns": [{"name": "email"}]}]}]}

test_long_periods_are_found if {
	every text in ["11 y", "P30Y", "20 years", "5000 d", "unlimited", "200 months", "600 w", "P10Y6M", "PT90000H", "11 Jahre", "kept 12 years after the contract", "121 Monate"] {
		found := rule.findings with input as of(text)
		count(found) == 1
	}
}

test_short_and_unreadable_ones_are_silent if {
	every text in ["10 y", "P1Y", "24 m", "as long as needed", "90d"] {
		found := rule.findings with input as of(text)
		count(found) == 0
	}
}

test_the_most_can_be_set if {
	found := rule.findings with input as of("3 y") with data.meshgate.params.retention.too_long as {"max_years": 2}
	count(found) == 1
}
