package meshgate.rules.privacy.purpose_missing_test

import data.meshgate.rules.privacy.purpose_missing as rule

of(fields) := {"contracts": [object.union({"name": "c", "pointer": "", "schema": [{"columns": [{"name": "email", "pointer": "/c"}]}]}, fields)]}

test_no_purpose_is_found if {
	found := rule.findings with input as of({})
	count(found) == 1
}

test_a_purpose_is_silent if {
	every fields in [{"description": {"purpose": "Delivery."}}, {"description": {"usage": "Delivery."}}, {"terms": {"x": 1}}, {"schema": []}] {
		found := rule.findings with input as of(fields)
		count(found) == 0
	}
}
