# METADATA
# title: Output port without a description
# description: >-
#   A product with several ports makes its consumers choose. What each is for, and for whom, decides it.
# custom:
#   severity: info
#   applies_to: [data-product]
#   remedy: Describe each output port in a sentence.
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.documentation.port_undescribed

import data.meshgate.lib.names

findings contains finding if {
	some port in input.product.ports
	port.direction == "output"
	not port.description
	not port.contract.description
	finding := {"pointer": port.pointer, "message": sprintf("output port `%s` has no description", [names.of(port)])}
}
