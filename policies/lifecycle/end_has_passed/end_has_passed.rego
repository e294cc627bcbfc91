# METADATA
# title: Past its end and still active
# description: >-
#   A contract whose end of life lies behind is supported by nobody, whatever its status says.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Set the status to `retired`, or move the date."
#   profiles: [baseline, strict, production]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: the ends that they name lie
#     in the future, or are those of retired contracts.
#   since: 0.1.0
package meshgate.rules.lifecycle.end_has_passed

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	not lower(object.get(contract, "status", "active")) in {"retired", "archived", "deprecated"}
	some level in contract.sla
	regex.match(`(?i)^endOf(Support|Life)$`, level.property)
	is_string(level.value)
	day := substring(level.value, 0, 10)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, day)
	day < substring(input.context.now, 0, 10)
	finding := {
		"pointer": level.pointer,
		"message": sprintf("`%s` of `%s` was on %s, and it is still %s", [
			level.property,
			names.of(contract),
			day,
			object.get(contract, "status", "in use"),
		]),
	}
}
