package meshgate.rules.mesh.dangling_reference_test

import data.meshgate.rules.mesh.dangling_reference as rule

of(complete, file) := {"file": "a.yaml", "mesh": {"complete": complete, "dangling": [{"file": file, "pointer": "/p", "reference": "x"}]}}

test_own_references_are_found if {
	found := rule.findings with input as of(true, "a.yaml")
	count(found) == 1
}

test_others_are_silent if {
	every pair in [[false, "a.yaml"], [true, "b.yaml"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
