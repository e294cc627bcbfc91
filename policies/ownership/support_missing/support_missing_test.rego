package meshgate.rules.ownership.support_missing_test

import data.meshgate.rules.ownership.support_missing as rule

of(support) := {"format": "odps", "product": {"name": "p", "pointer": "", "support": support}}

test_no_channel_is_found if {
	found := rule.findings with input as of([])
	count(found) == 1
}

test_a_channel_is_silent if {
	found := rule.findings with input as of([{"channel": "#orders", "pointer": "/support/0"}])
	count(found) == 0
}

test_a_standard_without_channels_is_silent if {
	found := rule.findings with input as object.union(of([]), {"format": "dps"})
	count(found) == 0
}
