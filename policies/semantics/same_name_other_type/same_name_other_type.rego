# METADATA
# title: One name, two types
# description: >-
#   Within one contract a column of the same name should be the same thing. `customer_id` as a text here and
#   as a number there cannot be joined.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: Give both the same type, or the other one another name.
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: few of them have several tables,
#     and those were made from a database that has its types.
#   since: 0.1.0
package meshgate.rules.semantics.same_name_other_type

findings contains finding if {
	some contract in input.contracts
	count(contract.schema) > 1
	typed := [[lower(column.name), lower(column.type), column.pointer] |
		some table in contract.schema
		some column in table.columns
		regex.match(`([a-z]Id|[a-z]ID|_id|_code|_key|_number|_(ID|CODE|KEY|NUMBER))$`, column.name)
	]
	pairs := {[name, type] | some [name, type, _] in typed}
	count(pairs) > count({name | some [name, _] in pairs})
	kinds := {name: types |
		some [name, _] in pairs
		types := {type | some [other, type] in pairs; other == name}
	}
	some name, types in kinds
	count(types) > 1
	places := [pointer | some [other, _, pointer] in typed; other == name]
	finding := {
		"pointer": places[count(places) - 1],
		"message": sprintf("`%s` is of different types in tables of one contract: %s", [
			name,
			concat(", ", sort(types)),
		]),
		"key": name,
		"related": [{"pointer": places[0], "message": "here, too"}],
	}
}
