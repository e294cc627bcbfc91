# METADATA
# title: Service level that cannot be kept
# description: >-
#   An availability above 100 %, or a negative latency, is a typing error that monitoring turns into an alarm
#   a minute.
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: Correct the value.
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their service levels were
#     written to be read.
#   since: 0.1.0
package meshgate.rules.quality.sla_impossible

findings contains finding if {
	some contract in input.contracts
	some level in contract.sla
	number := _number(level.value)
	_impossible(lower(level.property), number)
	finding := {
		"pointer": level.pointer,
		"message": sprintf("the service level `%s` of %v cannot be kept", [level.property, level.value]),
	}
}

_number(value) := value if {
	is_number(value)
} else := to_number(trim_space(trim_suffix(trim_space(value), "%"))) if {
	is_string(value)
	regex.match(`^\s*-?[0-9]+(\.[0-9]+)?\s*%?\s*$`, value)
}

_impossible(property, number) if {
	property in {"availability", "uptime", "generalavailability"}
	number > 100
}

_impossible(property, number) if {
	property in {"availability", "uptime", "latency", "retention", "freshness", "frequency"}
	number < 0
}
