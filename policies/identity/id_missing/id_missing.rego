# METADATA
# title: No identity
# description: >-
#   Everything that refers to a product or a contract does so by its id: lineage, access, waivers, a
#   catalogue. Names change; without an id the thing is another one tomorrow.
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: "Give it an id that never changes: a UUID or a URN (DPDS `info.fullyQualifiedName`)."
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.identity.id_missing

findings contains finding if {
	input.product
	not input.product.id
	not input.product.fqn
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("data product `%s` has no id", [object.get(input.product, "name", "?")]),
	}
}

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	not contract.id
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` has no id", [object.get(contract, "name", "?")]),
	}
}
