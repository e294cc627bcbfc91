# METADATA
# title: Personal data without a purpose
# description: >-
#   Personal data may be collected for specified, explicit purposes only, and used for those. A contract that
#   names none cannot be held to any.
# related_resources:
#   - https://gdpr-info.eu/art-5-gdpr/
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "State the purpose: ODCS `description.purpose`, DCS `terms.usage`, DPDS `obligations`, Witboost `dataSharingAgreement.purpose`."
#   profiles: [strict, gdpr]
#   since: 0.1.0
package meshgate.rules.privacy.purpose_missing

import data.meshgate.lib.names
import data.meshgate.lib.personal

findings contains finding if {
	some [contract, column] in personal.contracts
	not contract.description.purpose
	not contract.description.usage
	not contract.terms
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` has personal data (`%s`) and names no purpose", [
			names.of(contract),
			names.of(column),
		]),
		"related": [{"pointer": column.pointer, "message": "personal data"}],
	}
}
