package meshgate.rules.privacy.person_not_findable_test

import data.meshgate.rules.privacy.person_not_findable as rule

of(columns) := {"contracts": [{"schema": [{"name": "t", "pointer": "/t", "columns": columns}]}]}

test_no_key_is_found if {
	found := rule.findings with input as of([{"name": "email"}, {"name": "total"}])
	count(found) == 1
}

test_a_key_is_silent if {
	every key in [{"primary_key": true}, {"unique": true}, {"references": ["customers.id"]}, {"name": "customer_id"}] {
		found := rule.findings with input as of([{"name": "email"}, key])
		count(found) == 0
	}
}

test_no_personal_data_is_silent if {
	found := rule.findings with input as of([{"name": "total"}])
	count(found) == 0
}

test_words_that_end_like_a_key_are_none if {
	found := rule.findings with input as of([{"name": "email"}, {"name": "paid"}])
	count(found) == 1
}
