# METADATA
# title: Price without a currency
# description: >-
#   `9.95` is an amount of nothing. Whoever charges, and whoever plans, needs the currency and what it is paid
#   for.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Add the currency (ODCS `price.priceCurrency`) and the unit."
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.cost.price_without_currency

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	walk(contract.pricing, [path, amount])
	is_number(amount)
	amount > 0
	path[count(path) - 1] in {"priceAmount", "price", "amount"}
	not contains(lower(json.marshal(contract.pricing)), "currency")
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` has the price %v and no currency", [names.of(contract), amount]),
	}
}
