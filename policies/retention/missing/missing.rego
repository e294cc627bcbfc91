# METADATA
# title: Personal data that is kept for ever
# description: >-
#   Personal data is kept no longer than its purpose needs. A contract that names no period keeps it for ever,
#   and nobody will know when to erase it.
# related_resources:
#   - https://gdpr-info.eu/art-5-gdpr/
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Say how long: ODCS an SLA property `retention`, DCS `servicelevels.retention`, Witboost `retentionTime`."
#   profiles: [strict, gdpr]
#   since: 0.1.0
package meshgate.rules.retention.missing

import data.meshgate.lib.names
import data.meshgate.lib.personal

findings contains finding if {
	some [contract, column] in personal.contracts
	not contract.retention
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` has personal data (`%s`) and does not say how long it is kept", [
			names.of(contract),
			names.of(column),
		]),
	}
}
