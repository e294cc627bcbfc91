# METADATA
# title: Output port without a contract
# description: >-
#   Consumers build on an output port. What they may rely on, its tables, their meaning and their service levels, is what
#   a contract says; a port without one can change under them at any time.
# related_resources:
#   - https://bitol-io.github.io/open-data-product-standard/
# custom:
#   severity: error
#   applies_to: [data-product]
#   remedy: Give the port a contract (ODPS `contractId`; DPDS `promises.api` with a definition).
#   profiles: [starter, baseline, strict, production]
#   since: 0.1.0
package meshgate.rules.contract.output_port_without_contract

findings contains finding if {
	some port in input.product.ports
	port.direction == "output"
	not port.contract_id
	not port.contract
	finding := {
		"pointer": port.pointer,
		"message": sprintf("output port `%s` has no contract", [object.get(port, "name", "?")]),
		"label": "a contract is expected on this port",
	}
}
