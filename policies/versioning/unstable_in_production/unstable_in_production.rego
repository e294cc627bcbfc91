# METADATA
# title: Version below 1.0.0 in production
# description: >-
#   By semantic versioning a version below 1.0.0, or one with a suffix such as `-beta`, promises nothing. What
#   is active should.
# related_resources:
#   - https://semver.org/#spec-item-4
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: Release 1.0.0, or say that the product is a draft.
#   profiles: [strict, production]
#   since: 0.1.0
package meshgate.rules.versioning.unstable_in_production

import data.meshgate.lib.names

findings contains finding if {
	some [thing, pointer] in things
	lower(thing.status) in {"active", "production", "published", "released"}
	semver.is_valid(thing.version)
	_unstable(thing.version)
	finding := {
		"pointer": pointer,
		"message": sprintf("`%s` is %s with version %s, which promises nothing", [
			names.of(thing),
			thing.status,
			thing.version,
		]),
	}
}

things contains [input.product, input.product.pointer]

things contains [contract, contract.pointer] if {
	input.kind == "data-contract"
	some contract in input.contracts
}

_unstable(version) if startswith(trim_prefix(version, "v"), "0.")

_unstable(version) if contains(version, "-")
