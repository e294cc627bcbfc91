package meshgate.rules.lifecycle.status_missing_test

import data.meshgate.rules.lifecycle.status_missing as rule

test_no_status_is_found if {
	every bad in [
		{"format": "odps", "kind": "data-product", "contracts": [], "product": {"pointer": ""}},
		{"format": "odcs", "kind": "data-contract", "contracts": [{"pointer": ""}]},
	] {
		found := rule.findings with input as bad
		count(found) == 1
	}
}

test_a_status_or_a_standard_without_is_silent if {
	every good in [
		{"format": "odps", "kind": "data-product", "contracts": [], "product": {"status": "active", "pointer": ""}},
		{"format": "dpds", "kind": "data-product", "contracts": [], "product": {"pointer": ""}},
		{"format": "odcs", "kind": "data-contract", "contracts": [{"status": "active", "pointer": ""}]},
	] {
		found := rule.findings with input as good
		count(found) == 0
	}
}
