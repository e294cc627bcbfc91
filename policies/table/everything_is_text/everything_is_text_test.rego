package meshgate.rules.table.everything_is_text_test

import data.meshgate.rules.table.everything_is_text as rule

of(types) := {"contracts": [{"schema": [{"name": "t", "pointer": "/t", "columns": [{"type": type} | some type in types]}]}]}

test_texts_only_are_found if {
	found := rule.findings with input as of(["string", "text", "VARCHAR", "string", "string", "varchar(20)"])
	count(found) == 1
}

test_a_narrow_or_mixed_table_is_silent if {
	every types in [["string", "string"], ["string", "string", "string", "string", "string", "date"]] {
		found := rule.findings with input as of(types)
		count(found) == 0
	}
}

test_physical_types_count if {
	table := {"name": "t", "pointer": "/t", "columns": [{"physical_type": "VARCHAR(9)"} | some i in numbers.range(1, 6)]}
	columns := [{"name": sprintf("c%d", [i]), "physical_type": "VARCHAR(9)"} | some i in numbers.range(1, 6)]
	found := rule.findings with input as {"contracts": [{"schema": [object.union(table, {"columns": columns})]}]}
	count(found) == 1
}
