package meshgate.rules.ownership.owner_without_team_test

import data.meshgate.rules.ownership.owner_without_team as rule

of(owner) := {"product": {"name": "p", "pointer": "", "owner": owner}}

test_persons_are_found if {
	every id in ["ana.silva@shop.example", "user:ana_shop.example"] {
		found := rule.findings with input as of({"id": id})
		count(found) == 1
	}
}

test_a_team_is_silent if {
	every owner in [{"id": "ana.silva@shop.example", "team": "sales"}, {"email": "sales@shop.example"}, {"id": "sales"}] {
		found := rule.findings with input as of(owner)
		count(found) == 0
	}
}
