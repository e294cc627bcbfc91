# METADATA
# title: No terms of use
# description: >-
#   A consumer must know what the data may be used for and what not, before they build on it. Where nothing is
#   said, everything is done.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "State usage and limitations: ODCS `description.usage` and `limitations`, DCS `terms`, DPDS `obligations`."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.contract.terms_missing

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	not contract.terms
	not contract.description.usage
	not contract.description.limitations
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` says neither what the data may be used for nor what not", [
			names.of(contract),
		]),
	}
}
