package meshgate.rules.ownership.owner_missing_test

import data.meshgate.rules.ownership.owner_missing as rule

test_no_owner_is_found if {
	every format in ["dpds", "odps", "odps-lf", "dps", "witboost"] {
		found := rule.findings with input as {"format": format, "product": {"name": "p"}}
		count(found) == 1
	}
}

test_nameless_product_is_found if {
	found := rule.findings with input as {"format": "odps", "product": {}}
	count(found) == 1
}

test_owner_is_silent if {
	found := rule.findings with input as {"format": "odps", "product": {"name": "p", "owner": {"team": "t"}}}
	count(found) == 0
}

test_contract_is_silent if {
	found := rule.findings with input as {"format": "odcs", "contracts": [{}]}
	count(found) == 0
}
