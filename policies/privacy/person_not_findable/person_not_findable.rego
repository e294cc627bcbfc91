# METADATA
# title: Personal data without a key to find the person by
# description: >-
#   Whoever asks for their data, or for its erasure, must be found in every table. A table with personal data
#   and no key can only be searched by hand.
# related_resources:
#   - https://gdpr-info.eu/art-17-gdpr/
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Mark the column that identifies the person, or the row: `primaryKey` or `unique`."
#   profiles: [strict, gdpr]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their tables of personal
#     data all have something like an id.
#   since: 0.1.0
package meshgate.rules.privacy.person_not_findable

import data.meshgate.lib.names
import data.meshgate.lib.personal

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	found := [column | some column in table.columns; personal.is_personal(column)]
	count(found) > 0
	count([1 | some column in table.columns; _identifies(column)]) == 0
	finding := {
		"pointer": table.pointer,
		"message": sprintf("table `%s` has personal data (`%s`) and no key to find a person's rows by", [
			names.of(table),
			names.of(found[0]),
		]),
	}
}

_identifies(column) if column.primary_key == true

_identifies(column) if column.unique == true

_identifies(column) if count(column.references) > 0

_identifies(column) if regex.match(`([a-z]Id|[a-z]ID|_id|_ID|_key|_KEY)$|^(id|ID|Id)$`, column.name)
