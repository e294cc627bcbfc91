# METADATA
# title: Column names in two styles
# description: >-
#   A table that has `customer_id` beside `orderDate` makes everybody look names up. One style, whichever, can
#   be guessed.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: Write all names of a table in one style.
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.naming.mixed_column_style

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	snake := [column.name | some column in table.columns; regex.match(`^[a-z0-9]+(_[a-z0-9]+)+$`, column.name)]
	camel := [column.name | some column in table.columns; regex.match(`^[a-z][a-z0-9]*[A-Z]`, column.name)]
	count(snake) > 0
	count(camel) > 0
	finding := {
		"pointer": table.pointer,
		"message": sprintf("columns of `%s` are named in two styles: `%s`, `%s`", [
			names.of(table),
			snake[0],
			camel[0],
		]),
	}
}
