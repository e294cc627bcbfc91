# METADATA
# title: Owner without a way to be reached
# description: >-
#   A name alone cannot be written to. With a mail address or a channel, whoever finds an error in the data
#   can say so.
# custom:
#   severity: info
#   applies_to: [data-product]
#   remedy: Give the owner a mail address, or the product a support channel.
#   profiles: [strict, production]
#   since: 0.1.0
package meshgate.rules.ownership.owner_unreachable

import data.meshgate.lib.names

findings contains finding if {
	owner := input.product.owner
	not _reachable(owner)
	count(input.product.support) == 0
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("the owner of `%s` has no mail address, and the product no channel", [
			names.of(input.product),
		]),
	}
}

_reachable(owner) if owner.email

_reachable(owner) if {
	some word in owner
	contains(word, "@")
}
