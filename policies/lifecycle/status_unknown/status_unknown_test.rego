package meshgate.rules.lifecycle.status_unknown_test

import data.meshgate.rules.lifecycle.status_unknown as rule

of(status) := {"kind": "data-product", "contracts": [], "product": {"status": status, "pointer": ""}}

test_another_word_is_found if {
	found := rule.findings with input as of("go")
	count(found) == 1
	contract := rule.findings with input as {"kind": "data-contract", "contracts": [{"status": "live!", "pointer": ""}]}
	count(contract) == 1
}

test_known_words_are_silent if {
	every status in ["active", "Draft", "Published", "deprecated"] {
		found := rule.findings with input as of(status)
		count(found) == 0
	}
}
