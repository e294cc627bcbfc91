package meshgate.rules.table.primary_key_missing_test

import data.meshgate.rules.table.primary_key_missing as rule

of(columns) := {"contracts": [{"schema": [{"name": "t", "pointer": "/t", "columns": columns}]}]}

test_no_key_is_found if {
	found := rule.findings with input as of([{"name": "a"}, {"name": "b", "primary_key": false}])
	count(found) == 1
}

test_a_key_is_silent if {
	every columns in [[{"primary_key": true}, {"name": "b"}], [{"unique": true}, {"name": "b"}], [{"name": "a"}], []] {
		found := rule.findings with input as of(columns)
		count(found) == 0
	}
}
