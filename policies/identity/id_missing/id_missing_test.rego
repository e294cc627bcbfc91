package meshgate.rules.identity.id_missing_test

import data.meshgate.rules.identity.id_missing as rule

test_neither_id_nor_urn_is_found if {
	found := rule.findings with input as {"kind": "data-product", "product": {"name": "p", "pointer": ""}, "contracts": []}
	count(found) == 1
}

test_one_of_them_is_silent if {
	every one in [{"id": "x"}, {"fqn": "urn:x"}] {
		found := rule.findings with input as {"kind": "data-product", "product": one, "contracts": []}
		count(found) == 0
	}
}

test_contracts_need_one if {
	found := rule.findings with input as {"kind": "data-contract", "contracts": [{"pointer": ""}]}
	count(found) == 1
	with_id := rule.findings with input as {"kind": "data-contract", "contracts": [{"id": "x", "pointer": ""}]}
	count(with_id) == 0
}
