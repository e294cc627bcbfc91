package meshgate.rules.table.money_as_float_test

import data.meshgate.rules.table.money_as_float as rule

of(column) := {"contracts": [{"schema": [{"columns": [object.union({"pointer": "/c", "columns": []}, column)]}]}]}

test_money_as_float_is_found if {
	every column in [{"name": "price", "type": "double"}, {"name": "totalAmount", "type": "number", "physical_type": "FLOAT64"}] {
		found := rule.findings with input as of(column)
		count(found) == 1
	}
}

test_others_are_silent if {
	every column in [{"name": "price", "type": "number"}, {"name": "price", "type": "double", "physical_type": "DECIMAL(18,2)"}, {"name": "ratio", "type": "double"}] {
		found := rule.findings with input as of(column)
		count(found) == 0
	}
}
