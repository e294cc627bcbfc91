# METADATA
# title: Restricted data that is not encrypted
# description: >-
#   What is restricted is worth stealing. Encryption at rest, and of the column where the store is shared, is
#   the measure that auditors expect by name.
# related_resources:
#   - https://gdpr-info.eu/art-32-gdpr/
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Say how it is encrypted (`encrypted: true`, ODCS `encryptedName`), or encrypt it."
#   profiles: [strict, gdpr]
#   since: 0.1.0
package meshgate.rules.security.restricted_not_encrypted

import data.meshgate.lib.columns
import data.meshgate.lib.names

findings contains finding if {
	some column in columns.all
	column.classification in {"restricted", "secret"}
	not column.encrypted == true
	not column.masking
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is %s, and neither encrypted nor masked", [
			names.of(column),
			column.classification,
		]),
	}
}
