# METADATA
# title: Column without a type
# description: >-
#   A consumer who reads a column must know whether it is a text, a number or a date. What is not said is
#   guessed from the first rows.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: Give the column a type.
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.table.type_missing

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	bare := [column | some column in table.columns; not _typed(column)]
	count(bare) > 0
	finding := {
		"pointer": bare[0].pointer,
		"message": sprintf("%s of `%s` without a type: %s", [
			_many(count(bare)),
			names.of(table),
			concat(", ", [names.of(column) | some i, column in bare; i < 5]),
		]),
	}
}

_typed(column) if column.type

_typed(column) if column.physical_type

# What has columns of its own is a record.
_typed(column) if count(column.columns) > 0

_many(n) := "1 column" if {
	n == 1
} else := sprintf("%d columns", [n])
