# METADATA
# title: Measure without a unit
# description: >-
#   A weight of 12 is kilograms to one reader and pounds to another. The unit belongs into the name or the
#   description.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Put the unit into the description, or into the name (`weight_kg`)."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.semantics.unit_missing

import data.meshgate.lib.columns

findings contains finding if {
	some column in columns.all
	lower(split(object.get(column, "type", object.get(column, "physical_type", "")), "(")[0]) in {
		"number", "integer", "int", "bigint", "long", "float", "double", "decimal", "numeric",
	}
	regex.match(measures, columns.words(column.name))
	not column.description
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is a measure and names no unit", [column.name]),
	}
}

measures := concat("", [
	`(^|_)(weight|height|width|length|distance|temperature|speed|duration|volume|pressure|gewicht|peso|`,
	`poids|latency|elapsed)$`,
])
