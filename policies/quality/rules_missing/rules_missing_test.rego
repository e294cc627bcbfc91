package meshgate.rules.quality.rules_missing_test

import data.meshgate.rules.quality.rules_missing as rule

of(table) := {"kind": "data-contract", "raw": {}, "contracts": [{"name": "c", "pointer": "", "schema": [table]}]}

test_no_rule_is_found if {
	found := rule.findings with input as of({"quality": [], "columns": [{"quality": []}]})
	count(found) == 1
}

test_a_rule_is_silent if {
	every table in [{"quality": [{"metric": "rowCount"}], "columns": []}, {"quality": [], "columns": [{"quality": [{"metric": "nullValues"}]}]}] {
		found := rule.findings with input as of(table)
		count(found) == 0
	}
}

test_a_rule_of_the_contract_counts if {
	found := rule.findings with input as object.union(of({"quality": [], "columns": []}), {"raw": {"quality": {"type": "SodaCL"}}})
	count(found) == 0
}
