# METADATA
# title: Draft on its way to production
# description: >-
#   A draft is what its authors still change. Deployed to production, consumers build on it, and then it
#   cannot be changed any more.
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: "Set the status to `active`, or deploy to another stage. The stage is told with `--stage`."
#   profiles: [baseline, strict, production]
#   since: 0.1.0
package meshgate.rules.lifecycle.draft_in_production

import data.meshgate.lib.names

findings contains finding if {
	lower(input.context.stage) in {"prod", "production", "live"}
	some [thing, pointer] in things
	lower(thing.status) in {"draft", "proposed", "development", "in development", "testing", "announcement"}
	finding := {
		"pointer": pointer,
		"message": sprintf("`%s` is %s, and this is %s", [names.of(thing), thing.status, input.context.stage]),
	}
}

things contains [input.product, input.product.pointer]

things contains [contract, contract.pointer] if {
	input.kind == "data-contract"
	some contract in input.contracts
}
