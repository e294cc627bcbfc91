package meshgate.rules.table.key_may_be_null_test

import data.meshgate.rules.table.key_may_be_null as rule

of(column) := {"contracts": [{"schema": [{"columns": [object.union({"name": "id", "pointer": "/c", "columns": []}, column)]}]}]}

test_a_nullable_key_is_found if {
	found := rule.findings with input as of({"primary_key": true, "required": false})
	count(found) == 1
}

test_others_are_silent if {
	every column in [{"primary_key": true}, {"primary_key": true, "required": true}, {"required": false}] {
		found := rule.findings with input as of(column)
		count(found) == 0
	}
}
