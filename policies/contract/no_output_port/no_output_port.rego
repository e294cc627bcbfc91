# METADATA
# title: Nothing is offered
# description: >-
#   A data product is what others can use. One without output ports is a pipeline: it has an owner and costs,
#   and no consumer.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: Declare the output ports, or do not call it a data product yet.
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.contract.no_output_port

import data.meshgate.lib.names

findings contains finding if {
	input.product
	count([1 | some port in input.product.ports; port.direction == "output"]) == 0
	not _is_early_or_gone
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("data product `%s` has no output port", [names.of(input.product)]),
	}
}

_is_early_or_gone if lower(input.product.status) in {"draft", "proposed", "announcement", "development", "retired"}
