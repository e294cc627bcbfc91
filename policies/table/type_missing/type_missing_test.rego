package meshgate.rules.table.type_missing_test

import data.meshgate.rules.table.type_missing as rule

of(columns) := {"contracts": [{"schema": [{"name": "t", "columns": columns}]}]}

test_no_type_is_found_once_a_table if {
	found := rule.findings with input as of([{"name": "a", "pointer": "/a"}, {"name": "b", "pointer": "/b"}])
	{finding.message | some finding in found} == {"2 columns of `t` without a type: a, b"}
	one := rule.findings with input as of([{"name": "a", "pointer": "/a"}])
	count(one) == 1
}

test_a_type_of_any_kind_is_silent if {
	found := rule.findings with input as of([{"type": "string"}, {"physical_type": "VARCHAR"}, {"columns": [{"name": "x"}]}])
	count(found) == 0
}
