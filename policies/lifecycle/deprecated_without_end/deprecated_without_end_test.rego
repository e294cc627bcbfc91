package meshgate.rules.lifecycle.deprecated_without_end_test

import data.meshgate.rules.lifecycle.deprecated_without_end as rule

of(fields) := {"kind": "data-contract", "raw": {}, "contracts": [object.union({"name": "c", "pointer": "", "sla": []}, fields)]}

test_no_end_is_found if {
	found := rule.findings with input as of({"status": "Deprecated"})
	count(found) == 1
	of_a_product := rule.findings with input as {"kind": "data-product", "raw": {}, "contracts": [], "product": {"name": "p", "deprecated": true, "pointer": ""}}
	count(of_a_product) == 1
}

test_an_end_is_silent if {
	every good in [of({"status": "deprecated", "sla": [{"property": "endOfSupport"}]}), of({"status": "active"}), object.union(of({"status": "deprecated"}), {"raw": {"custom": {"sunsetDate": "2027-01-01"}}})] {
		found := rule.findings with input as good
		count(found) == 0
	}
}

test_a_column_is_no_end if {
	raw := {"schema": [{"properties": [{"name": "valid_to"}]}]}
	found := rule.findings with input as object.union(of({"status": "deprecated"}), {"raw": raw})
	count(found) == 1
}
