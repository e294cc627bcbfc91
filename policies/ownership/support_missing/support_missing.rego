# METADATA
# title: No place to ask
# description: >-
#   Consumers have questions and incidents. A product that names no channel for them is asked nothing and
#   repaired late, or its owner is asked everything in person.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: "Name at least one channel: ODPS `support`, DPDS `info.contactPoints`, Witboost `contacts`."
#   profiles: [strict, production]
#   since: 0.1.0
package meshgate.rules.ownership.support_missing

import data.meshgate.lib.names

findings contains finding if {
	input.product
	input.format != "dps" # that standard has no field for it
	count(input.product.support) == 0
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("data product `%s` names no channel for questions and incidents", [names.of(input.product)]),
	}
}
