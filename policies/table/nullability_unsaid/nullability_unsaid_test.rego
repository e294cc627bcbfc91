package meshgate.rules.table.nullability_unsaid_test

import data.meshgate.rules.table.nullability_unsaid as rule

of(columns) := {"contracts": [{"schema": [{"name": "t", "pointer": "/t", "columns": columns}]}]}

test_nothing_said_is_found if {
	found := rule.findings with input as of([{"name": "a"}, {"name": "b"}])
	count(found) == 1
}

test_something_said_is_silent if {
	every columns in [[{"required": false}, {"name": "b"}], [{"primary_key": true}, {"name": "b"}], [{"name": "a"}]] {
		found := rule.findings with input as of(columns)
		count(found) == 0
	}
}
