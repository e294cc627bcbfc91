package meshgate.rules.cost.price_without_currency_test

import data.meshgate.rules.cost.price_without_currency as rule

of(pricing) := {"contracts": [{"name": "c", "pointer": "", "pricing": pricing}]}

test_an_amount_alone_is_found if {
	found := rule.findings with input as of({"priceAmount": 9.95})
	count(found) == 1
}

test_a_currency_or_no_price_is_silent if {
	every pricing in [{"priceAmount": 9.95, "priceCurrency": "EUR"}, {"priceAmount": 0}, {}, "free"] {
		found := rule.findings with input as of(pricing)
		count(found) == 0
	}
}
