package meshgate.rules.ownership.owner_unreachable_test

import data.meshgate.rules.ownership.owner_unreachable as rule

of(owner, support) := {"product": {"name": "p", "pointer": "", "owner": owner, "support": support}}

test_a_bare_name_is_found if {
	found := rule.findings with input as of({"team": "sales"}, [])
	count(found) == 1
}

test_a_mail_address_anywhere_is_silent if {
	every owner in [{"email": "a@shop.example"}, {"id": "a@shop.example"}, {"name": "Ana <a@shop.example>"}] {
		found := rule.findings with input as of(owner, [])
		count(found) == 0
	}
}

test_a_channel_is_silent if {
	found := rule.findings with input as of({"team": "sales"}, [{"channel": "#orders"}])
	count(found) == 0
}
