package meshgate.rules.documentation.tags_missing_test

import data.meshgate.rules.documentation.tags_missing as rule

test_no_tags_are_found if {
	found := rule.findings with input as {"product": {"tags": [], "pointer": ""}}
	count(found) == 1
}

test_a_tag_is_silent if {
	found := rule.findings with input as {"product": {"tags": ["orders"], "pointer": ""}}
	count(found) == 0
}
