# METADATA
# title: Owned by one person
# description: >-
#   People change teams and leave. A product whose owner is a person, and no team, is orphaned on that day.
# custom:
#   severity: info
#   applies_to: [data-product]
#   remedy: "Name the team beside the person: ODPS `team.name`, DPDS `info.owner.team`, Witboost `ownerGroup`."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.ownership.owner_without_team

import data.meshgate.lib.names

findings contains finding if {
	owner := input.product.owner
	not owner.team
	_is_person(owner)
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("`%s` is owned by one person and names no team", [names.of(input.product)]),
	}
}

# `ana.silva@shop.example`, `user:ana_shop.example`
_is_person(owner) if {
	some word in owner
	regex.match(`(?i)^(user:|[a-z]+\.[a-z]+@)`, word)
}
