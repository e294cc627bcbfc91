package meshgate.rules.mesh.cycle_test

import data.meshgate.rules.mesh.cycle as rule

of(id) := {"file": "a", "product": {"id": id, "name": "n", "pointer": ""}, "mesh": {"cycles": [["a", "b"]], "products": [{"id": "a", "file": "a"}, {"id": "b", "file": "b"}]}}

test_a_member_is_told if {
	found := rule.findings with input as of("a")
	{finding.message | some finding in found} == {"made from itself: a → b → a"}
}

test_others_are_silent if {
	found := rule.findings with input as of("c")
	count(found) == 0
}
