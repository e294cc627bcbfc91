package meshgate.rules.documentation.domain_missing_test

import data.meshgate.rules.documentation.domain_missing as rule

test_no_domain_is_found if {
	found := rule.findings with input as {"product": {"pointer": ""}}
	count(found) == 1
}

test_a_domain_is_silent if {
	found := rule.findings with input as {"product": {"domain": "sales", "pointer": ""}}
	count(found) == 0
}

test_contracts_are_silent if {
	found := rule.findings with input as {"contracts": [{"pointer": ""}]}
	count(found) == 0
}
