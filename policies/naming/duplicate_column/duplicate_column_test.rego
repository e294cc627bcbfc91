package meshgate.rules.naming.duplicate_column_test

import data.meshgate.rules.naming.duplicate_column as rule

of(names) := {"contracts": [{"schema": [{"name": "t", "columns": [{"name": name, "pointer": name} | some name in names]}]}]}

test_names_that_differ_in_case_are_found if {
	found := rule.findings with input as of(["id", "Id", "x"])
	{finding.pointer | some finding in found} == {"Id"}
}

test_different_names_are_silent if {
	found := rule.findings with input as of(["id", "id2"])
	count(found) == 0
}

test_nameless_columns_are_silent if {
	found := rule.findings with input as {"contracts": [{"schema": [{"columns": [{"pointer": "a"}, {"pointer": "b"}]}]}]}
	count(found) == 0
}
