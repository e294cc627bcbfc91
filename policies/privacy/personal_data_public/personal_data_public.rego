# METADATA
# title: Personal data classified as public
# description: >-
#   What is public may be copied anywhere and never taken back. Personal data is public only where a law or
#   the person says so, and then it is worth a waiver with a reason.
# related_resources:
#   - https://gdpr-info.eu/art-5-gdpr/
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: "Classify it as `confidential`, or say `pii: false` if it is no personal data."
#   profiles: [baseline, strict, gdpr]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: what they mark as personal
#     they classify as such, or not at all.
#   since: 0.1.0
package meshgate.rules.privacy.personal_data_public

import data.meshgate.lib.columns
import data.meshgate.lib.names
import data.meshgate.lib.personal

findings contains finding if {
	some column in columns.all
	personal.is_personal(column)
	column.classification in {"public", "open", "unrestricted", "none"}
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is personal data and classified as %s", [
			names.of(column),
			column.classification,
		]),
	}
}
