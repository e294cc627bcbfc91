package meshgate.rules.documentation.columns_undescribed_test

import data.meshgate.rules.documentation.columns_undescribed as rule

of(columns) := {"contracts": [{"schema": [{"name": "t", "pointer": "/t", "columns": columns}]}]}

test_bare_columns_are_found if {
	found := rule.findings with input as of([{"name": "a"}, {"name": "b", "description": ""}])
	{finding.message | some finding in found} == {"2 of 2 columns of `t` have no description"}
}

test_enough_of_them_is_silent if {
	every columns in [[], [{"description": "A."}, {"description": "B."}, {"description": "C."}, {"description": "D."}, {"name": "e"}]] {
		found := rule.findings with input as of(columns)
		count(found) == 0
	}
}
