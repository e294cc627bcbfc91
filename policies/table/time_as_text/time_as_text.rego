# METADATA
# title: Date or time as text
# description: >-
#   A date that is a text sorts wrongly, has no time zone, and comes in three spellings by the second year.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Give it the type `date` or `timestamp`; where it must be a text, say its format."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.table.time_as_text

import data.meshgate.lib.columns
import data.meshgate.lib.raws

findings contains finding if {
	some column in columns.all
	lower(split(object.get(column, "physical_type", object.get(column, "type", "")), "(")[0]) in {
		"string", "text", "varchar",
	}
	regex.match(times, columns.words(column.name))
	not _is_told(column)
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is named like a time, and is a text", [column.name]),
	}
}

times := concat("", [
	`(^|_)(date|datetime|timestamp|created_at|updated_at|deleted_at|valid_from|valid_to)$`,
])

_is_told(column) if regex.match(`(?i)format|pattern|iso.?8601|rfc.?3339`, json.marshal(raws.at(column.pointer)))
