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

findings contains finding if {
	some column in columns.all
	lower(split(object.get(column, "type", object.get(column, "physical_type", "")), "(")[0]) in {"string", "text", "varchar"}
	regex.match(`(^|_)(date|datetime|timestamp|created_at|updated_at|deleted_at|valid_from|valid_to)$`, columns.words(column.name))
	not contains(lower(json.marshal(object.get(column, "quality", []))), "date")
	finding := {"pointer": column.pointer, "message": sprintf("column `%s` is named like a time, and is a text", [column.name])}
}
