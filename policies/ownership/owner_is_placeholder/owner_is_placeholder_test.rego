package meshgate.rules.ownership.owner_is_placeholder_test

import data.meshgate.rules.ownership.owner_is_placeholder as rule

of_product(owner) := {"format": "odps", "kind": "data-product", "contracts": [], "product": {"owner": owner, "pointer": ""}}

test_placeholders_are_found if {
	every name in ["TBD", "todo", " Unknown ", "n/a"] {
		found := rule.findings with input as of_product({"name": name})
		count(found) == 1
	}
}

test_a_product_is_looked_at if {
	nobody := of_product({"name": "TBD"})
	found := rule.findings with input as nobody
	count(found) == 1
}

test_a_contract_is_looked_at if {
	contract := {"owner": {"id": "changeme"}, "pointer": ""}
	found := rule.findings with input as {"kind": "data-contract", "contracts": [contract]}
	{finding.message | some finding in found} == {"the owner is `changeme`, which is nobody"}
}

test_a_team_is_silent if {
	found := rule.findings with input as of_product({"team": "sales", "email": "sales@shop.example"})
	count(found) == 0
}

test_no_owner_is_another_rules_affair if {
	found := rule.findings with input as {"format": "odps", "kind": "data-product", "contracts": [], "product": {"pointer": ""}}
	count(found) == 0
}
