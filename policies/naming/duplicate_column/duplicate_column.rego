# METADATA
# title: Two columns of one name
# description: >-
#   Most engines do not tell `Id` from `id`. A table with both cannot be created there, or one hides the
#   other.
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: Rename one of them.
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: tools that import a table
#     from an engine cannot meet one.
#   since: 0.1.0
package meshgate.rules.naming.duplicate_column

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	some name, same in _by_name(table)
	count(same) > 1
	column := same[count(same) - 1]
	finding := {
		"pointer": column.pointer,
		"message": sprintf("table `%s` has %d columns `%s`", [names.of(table), count(same), name]),
		"related": [{"pointer": same[0].pointer, "message": "the first one"}],
	}
}

_by_name(table) := {name: same |
	lowered := [lower(column.name) | some column in table.columns]
	count(lowered) != count({name | some name in lowered})
	some name in lowered
	same := [column | some column in table.columns; lower(column.name) == name]
}
