package meshgate.rules.contract.schema_missing_test

import data.meshgate.rules.contract.schema_missing as rule

of(schema) := {"kind": "data-contract", "format": "odcs", "contracts": [{"name": "c", "pointer": "", "schema": schema}]}

test_no_table_is_found if {
	found := rule.findings with input as of([])
	{finding.pointer | some finding in found} == {"/schema"}
}

test_a_table_is_silent if {
	found := rule.findings with input as of([{"name": "t"}])
	count(found) == 0
}
