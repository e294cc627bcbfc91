package meshgate.rules.retention.missing_test

import data.meshgate.rules.retention.missing as rule

of(fields) := {"contracts": [object.union({"name": "c", "pointer": "", "schema": [{"columns": [{"name": "email"}]}]}, fields)]}

test_no_period_is_found if {
	found := rule.findings with input as of({})
	count(found) == 1
}

test_a_period_or_no_personal_data_is_silent if {
	every fields in [{"retention": "2 y"}, {"schema": []}] {
		found := rule.findings with input as of(fields)
		count(found) == 0
	}
}
