# METADATA
# title: Table without a key
# description: >-
#   Without a key nobody can tell whether two rows are the same thing: joins multiply, loads cannot be
#   repeated, and no row can be corrected or erased.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Mark the columns that identify a row: `primaryKey`, or `unique`."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.table.primary_key_missing

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	count(table.columns) > 1
	count([1 | some column in table.columns; _identifies(column)]) == 0
	finding := {"pointer": table.pointer, "message": sprintf("no column of `%s` identifies a row", [names.of(table)])}
}

_identifies(column) if column.primary_key == true

_identifies(column) if column.unique == true
