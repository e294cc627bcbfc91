package meshgate.rules.privacy.legal_basis_missing_test

import data.meshgate.rules.privacy.legal_basis_missing as rule

of(fields) := {"raw": {}, "contracts": [object.union({"name": "c", "pointer": "", "tags": [], "schema": [{"columns": [{"name": "email", "pointer": "/c"}]}]}, fields)]}

test_no_basis_is_found if {
	found := rule.findings with input as of({})
	count(found) == 1
}

test_a_basis_anywhere_is_silent if {
	every fields in [{"terms": {"legalBasis": "contract"}}, {"description": {"usage": "With consent of the customer."}}, {"tags": ["consent"]}] {
		found := rule.findings with input as of(fields)
		count(found) == 0
	}
}

test_custom_properties_count if {
	raw := {"customProperties": [{"property": "legalBasis", "value": "contract"}]}
	found := rule.findings with input as object.union(of({}), {"raw": raw})
	count(found) == 0
}

test_unlawful_is_no_basis if {
	found := rule.findings with input as of({"description": {"limitations": "Unlawful use is forbidden."}})
	count(found) == 1
}

test_a_contract_in_a_file_of_its_own_is_judged_there if {
	found := rule.findings with input as of({"pointer": "contract.yaml#"})
	count(found) == 0
}
