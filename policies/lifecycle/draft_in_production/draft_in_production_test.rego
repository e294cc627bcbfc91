package meshgate.rules.lifecycle.draft_in_production_test

import data.meshgate.rules.lifecycle.draft_in_production as rule

of(stage, status) := {"context": {"stage": stage}, "kind": "data-product", "contracts": [], "product": {"name": "p", "status": status, "pointer": ""}}

test_a_draft_is_found if {
	found := rule.findings with input as of("PROD", "Draft")
	count(found) == 1
	contract := rule.findings with input as {"context": {"stage": "prod"}, "kind": "data-contract", "contracts": [{"status": "draft", "pointer": ""}]}
	count(contract) == 1
}

test_others_are_silent if {
	every pair in [["dev", "draft"], ["prod", "active"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
