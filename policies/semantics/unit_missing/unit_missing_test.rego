package meshgate.rules.semantics.unit_missing_test

import data.meshgate.rules.semantics.unit_missing as rule

of(column) := {"contracts": [{"schema": [{"columns": [object.union({"type": "number", "pointer": "/c", "columns": []}, column)]}]}]}

test_a_bare_measure_is_found if {
	found := rule.findings with input as of({"name": "parcelWeight"})
	count(found) == 1
}

test_a_unit_is_silent if {
	every column in [{"name": "weight_kg"}, {"name": "weight", "description": "In kilograms."}, {"name": "weight", "type": "string"}] {
		found := rule.findings with input as of(column)
		count(found) == 0
	}
}
