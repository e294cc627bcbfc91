package meshgate.rules.lineage.upstream_missing_test

import data.meshgate.rules.lineage.upstream_missing as rule

of(raw, ports) := {"format": "odps", "raw": raw, "product": {"name": "p", "pointer": "", "tags": [], "ports": ports}}

test_a_derived_product_without_inputs_is_found if {
	every raw in [{"type": "aggregate"}, {"type": "consumerAligned"}, {"info": {"archetype": "consumer-aligned"}}] {
		found := rule.findings with input as of(raw, [{"direction": "output", "upstream": []}])
		count(found) == 1
	}
}

test_others_are_silent if {
	every good in [of({"type": "sourceAligned"}, []), of({"type": "aggregate"}, [{"direction": "input", "upstream": []}]), of({}, []), of({"type": "aggregate"}, [{"direction": "output", "upstream": ["x"]}])] {
		found := rule.findings with input as good
		count(found) == 0
	}
}
