# METADATA
# title: Nobody says how fresh
# description: >-
#   The first question of every consumer is how old the data may be. Availability does not answer it.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: Promise a latency, freshness or frequency.
#   profiles: [strict, production]
#   since: 0.1.0
package meshgate.rules.quality.freshness_missing

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	count(contract.sla) > 0
	count([1 |
		some level in contract.sla
		regex.match(`(?i)latency|fresh|frequency|timeliness|interval|timeofavailability`, level.property)
	]) == 0
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` does not say how fresh its data is", [names.of(contract)]),
	}
}
