# METADATA
# title: Service level without a unit
# description: >-
#   A latency of 5 is seconds to one reader and days to another. A number without its unit cannot be
#   monitored.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Add the unit: `unit: h`, or write `5h`."
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their service levels were
#     written to be read.
#   since: 0.1.0
package meshgate.rules.quality.sla_without_unit

findings contains finding if {
	some contract in input.contracts
	some level in contract.sla
	lower(level.property) in {
		"latency", "retention", "freshness", "frequency", "timetodetect", "timetonotify", "timetorepair",
		"intervalofchange", "timeliness",
	}
	_bare(level.value)
	not level.unit
	finding := {
		"pointer": level.pointer,
		"message": sprintf("the service level `%s` is %v, of no unit", [level.property, level.value]),
	}
}

_bare(value) if is_number(value)

_bare(value) if {
	is_string(value)
	regex.match(`^[0-9]+(\.[0-9]+)?$`, value)
}
