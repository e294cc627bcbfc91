package meshgate.rules.contract.terms_missing_test

import data.meshgate.rules.contract.terms_missing as rule

of(fields) := {"contracts": [object.union({"name": "c", "pointer": ""}, fields)]}

test_no_terms_are_found if {
	found := rule.findings with input as of({"description": {"purpose": "Orders."}})
	count(found) == 1
}

test_terms_are_silent if {
	every fields in [{"terms": {"x": 1}}, {"description": {"usage": "Reporting."}}, {"description": {"limitations": "No ads."}}] {
		found := rule.findings with input as of(fields)
		count(found) == 0
	}
}
