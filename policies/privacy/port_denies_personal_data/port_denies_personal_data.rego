# METADATA
# title: Port that denies its personal data
# description: >-
#   A port that says it carries no personal data is approved without a look. When its contract has columns
#   that are marked as personal, one of the two is wrong.
# custom:
#   severity: error
#   applies_to: [data-product]
#   remedy: Say that the port carries personal data, or take the mark off the column.
#   profiles: [baseline, strict, gdpr]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: only one of them is of the
#     standard that has the field.
#   since: 0.1.0
package meshgate.rules.privacy.port_denies_personal_data

import data.meshgate.lib.columns
import data.meshgate.lib.names

findings contains finding if {
	some port in input.product.ports
	port.pii == false
	some column in columns.of(port.contract)
	column.pii == true
	finding := {
		"pointer": port.pointer,
		"message": sprintf("port `%s` says that it has no personal data, and its column `%s` is", [
			names.of(port),
			names.of(column),
		]),
		"key": names.of(column),
		"related": [{"pointer": column.pointer, "message": "marked as personal data"}],
	}
}
