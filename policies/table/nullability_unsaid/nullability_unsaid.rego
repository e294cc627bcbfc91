# METADATA
# title: Nothing said of nulls
# description: >-
#   Where no column says whether it may be empty, every consumer guards against nulls everywhere, or nowhere.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Say `required` of the columns that always have a value."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.table.nullability_unsaid

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	count(table.columns) > 1
	count([1 | some column in table.columns; _says(column)]) == 0
	finding := {
		"pointer": table.pointer,
		"message": sprintf("no column of `%s` says whether it may be empty", [names.of(table)]),
	}
}

_says(column) if "required" in object.keys(column)

_says(column) if column.primary_key == true
