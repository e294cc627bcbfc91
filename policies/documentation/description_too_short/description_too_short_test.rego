package meshgate.rules.documentation.description_too_short_test

import data.meshgate.rules.documentation.description_too_short as rule

of(text) := {"kind": "data-product", "contracts": [], "product": {"name": "Customer orders of the shop", "description": text, "pointer": ""}}

test_short_and_repeated_texts_are_found if {
	every text in ["Orders.", "Customer orders of the shop."] {
		found := rule.findings with input as of(text)
		count(found) == 1
	}
}

test_a_contract_is_looked_at if {
	contract := {"name": "orders", "description": {"purpose": "Orders"}, "pointer": ""}
	found := rule.findings with input as {"kind": "data-contract", "contracts": [contract]}
	count(found) == 1
}

test_one_word_is_found if {
	short := of("Orders")
	found := rule.findings with input as short
	count(found) == 1
}

test_a_sentence_is_silent if {
	found := rule.findings with input as of("Orders as customers placed them, one row each.")
	count(found) == 0
}

test_the_length_can_be_set if {
	found := rule.findings with input as of("Orders.") with data.meshgate.params.documentation.description_too_short as {"min_length": 3}
	count(found) == 0
}
