package meshgate.rules.lifecycle.end_has_passed_test

import data.meshgate.rules.lifecycle.end_has_passed as rule

of(status, value) := {"context": {"now": "2026-06-01T00:00:00Z"}, "contracts": [{"name": "c", "status": status, "sla": [{"property": "endOfLife", "value": value, "pointer": "/s"}]}]}

test_a_past_end_is_found if {
	every value in ["2026-05-31", "2025-01-01T00:00:00Z"] {
		found := rule.findings with input as of("active", value)
		count(found) == 1
	}
}

test_others_are_silent if {
	every pair in [["active", "2026-06-01"], ["active", "soon"], ["retired", "2020-01-01"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
