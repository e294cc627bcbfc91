# METADATA
# title: Table of texts only
# description: >-
#   A wide table whose columns are all texts was copied from a file. Dates cannot be compared in it and
#   amounts not summed, and each consumer parses them anew.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: Give dates, numbers and flags their own types.
#   profiles: [strict]
#   params:
#     min_columns:
#       description: Columns from which on a table is looked at.
#       type: integer
#       minimum: 1
#       default: 6
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their tables are typed.
#   since: 0.1.0
package meshgate.rules.table.everything_is_text

import data.meshgate.lib.names
import data.meshgate.params.table.everything_is_text as params

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	count(table.columns) >= params.min_columns
	every column in table.columns {
		lower(_type(column)) in {"string", "text", "varchar", "char"}
	}
	finding := {
		"pointer": table.pointer,
		"message": sprintf("all %d columns of `%s` are texts", [count(table.columns), names.of(table)]),
	}
}

_type(column) := split(object.get(column, "type", object.get(column, "physical_type", "")), "(")[0]
