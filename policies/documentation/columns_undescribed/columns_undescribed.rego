# METADATA
# title: Table with undescribed columns
# description: >-
#   A column's name is an abbreviation that its author knows. Half of the questions to an owner ask what a
#   column means.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Describe the columns: what it is, its unit, what null means."
#   profiles: [strict]
#   params:
#     min_share:
#       description: Share of a table's columns that must have a description, from 0 to 1.
#       type: number
#       minimum: 0
#       maximum: 1
#       default: 0.8
#   since: 0.1.0
package meshgate.rules.documentation.columns_undescribed

import data.meshgate.lib.names
import data.meshgate.params.documentation.columns_undescribed as params

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	total := count(table.columns)
	total > 0
	described := count([1 | some column in table.columns; _described(column)])
	described < total * params.min_share
	bare := total - described
	finding := {
		"pointer": table.pointer,
		"message": sprintf("%d of %d columns of `%s` have no description", [bare, total, names.of(table)]),
	}
}

_described(column) if trim_space(column.description) != ""
