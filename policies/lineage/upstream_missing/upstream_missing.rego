# METADATA
# title: Made from nothing
# description: >-
#   A product that is no source of its own is made from others. Without its inputs, nobody downstream knows
#   when a change there reaches them.
# custom:
#   severity: info
#   applies_to: [data-product]
#   remedy: "Name the inputs: ODPS and DPDS `inputPorts`, Witboost `readsFrom`. A product of the type `sourceAligned` has none."
#   profiles: [strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: those that say that they
#     are derived name their inputs.
#   since: 0.1.0
package meshgate.rules.lineage.upstream_missing

import data.meshgate.lib.names

findings contains finding if {
	input.product
	not input.format in {"odps-lf"} # that standard has no inputs
	_derived
	count([1 | some port in input.product.ports; port.direction == "input"]) == 0
	count([1 | some port in input.product.ports; count(port.upstream) > 0]) == 0
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("`%s` is made from other data, and names no input", [names.of(input.product)]),
	}
}

# Said by the product itself; what says nothing may be a source.
_derived if regex.match(`(?i)consumer-?_?aligned|aggregat`, json.marshal([
	object.get(input.raw, "type", ""),
	object.get(input.raw, "archetype", ""),
	object.get(input.raw, ["info", "archetype"], ""),
	object.get(input.raw, "dataProductType", ""),
	object.get(input.raw, ["info", "x-prototype"], ""),
	input.product.tags,
]))
