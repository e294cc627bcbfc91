package meshgate.rules.mesh.upstream_deprecated_test

import data.meshgate.rules.mesh.upstream_deprecated as rule

of(status) := {
	"file": "a", "product": {"id": "a", "name": "n", "pointer": ""},
	"mesh": {"products": [{"id": "a", "file": "a", "upstream": ["b"]}, {"id": "b", "file": "b", "status": status, "upstream": []}]},
}

test_a_deprecated_upstream_is_found if {
	every status in ["deprecated", "Retired"] {
		found := rule.findings with input as of(status)
		count(found) == 1
	}
}

test_a_retired_upstream_is_found if {
	found := rule.findings with input as of("retired")
	{finding.message | some finding in found} == {"made from `b`, which is retired"}
}

test_an_active_one_is_silent if {
	found := rule.findings with input as of("active")
	count(found) == 0
}
