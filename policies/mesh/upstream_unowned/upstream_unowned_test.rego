package meshgate.rules.mesh.upstream_unowned_test

import data.meshgate.rules.mesh.upstream_unowned as rule

of(owner) := {
	"file": "a", "product": {"id": "a", "name": "n", "pointer": ""},
	"mesh": {"products": [{"id": "a", "file": "a", "upstream": ["b"]}, object.union({"id": "b", "file": "b", "upstream": []}, owner)]},
}

test_an_unowned_upstream_is_found if {
	found := rule.findings with input as of({})
	count(found) == 1
}

test_an_owned_one_is_silent if {
	found := rule.findings with input as of({"owner": "sales"})
	count(found) == 0
}
