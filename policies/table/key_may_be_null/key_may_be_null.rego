# METADATA
# title: Key that may be null
# description: >-
#   A primary key that may be null does not identify a row. Most engines refuse to create such a table.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Say `required: true` of every column of the key."
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.table.key_may_be_null

import data.meshgate.lib.columns
import data.meshgate.lib.names

findings contains finding if {
	some column in columns.all
	column.primary_key == true
	column.required == false
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is a primary key and may be null", [names.of(column)]),
	}
}
