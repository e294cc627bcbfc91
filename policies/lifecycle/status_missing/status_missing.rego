# METADATA
# title: No status
# description: >-
#   Whether a product is a draft, in use or on its way out decides whether to build on it. Nothing said is
#   read as what one hopes.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: Say the status.
#   profiles: [strict, production]
#   since: 0.1.0
package meshgate.rules.lifecycle.status_missing

import data.meshgate.lib.names

findings contains finding if {
	input.product
	not input.format in {"dpds"} # that standard has none
	not input.product.status
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("data product `%s` has no status", [names.of(input.product)]),
	}
}

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	not contract.status
	finding := {"pointer": contract.pointer, "message": sprintf("contract `%s` has no status", [names.of(contract)])}
}
