# METADATA
# title: No quality rule
# description: >-
#   A contract that never says when the data is bad cannot be broken. One rule a table, that the key is unique
#   or a column not empty, finds most incidents.
# custom:
#   severity: info
#   applies_to: [data-contract]
#   remedy: "Add quality rules to the tables: ODCS and DCS `quality`."
#   profiles: [strict, production]
#   since: 0.1.0
package meshgate.rules.quality.rules_missing

import data.meshgate.lib.names

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	count(contract.schema) > 0
	count([1 | some table in contract.schema; _checked(table)]) == 0
	count(object.get(input.raw, "quality", [])) == 0
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` has no quality rule", [names.of(contract)]),
	}
}

_checked(table) if count(table.quality) > 0

_checked(table) if {
	some column in table.columns
	count(column.quality) > 0
}
