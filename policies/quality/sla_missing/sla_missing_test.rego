package meshgate.rules.quality.sla_missing_test

import data.meshgate.rules.quality.sla_missing as rule

contract(fields) := {"kind": "data-contract", "contracts": [object.union({"pointer": "", "sla": []}, fields)]}

port(fields) := {"kind": "data-product", "contracts": [], "product": {"ports": [object.union({"direction": "output", "pointer": "/p"}, fields)]}}

test_contract_without_levels_is_found if {
	found := rule.findings with input as contract({"name": "c"})
	{finding.message | some finding in found} == {"contract `c` states no service level"}
}

test_contract_is_named_by_its_id if {
	found := rule.findings with input as contract({"id": "c-1"})
	{finding.message | some finding in found} == {"contract `c-1` states no service level"}
}

test_contract_with_a_level_is_silent if {
	found := rule.findings with input as contract({"sla": [{"property": "latency"}]})
	count(found) == 0
}

test_port_without_levels_is_found if {
	found := rule.findings with input as port({"contract": {"sla": [], "pointer": "/p/promises/api"}})
	count(found) == 1
}

test_port_with_a_level_is_silent if {
	found := rule.findings with input as port({"contract": {"sla": [{"property": "availability"}]}})
	count(found) == 0
}

test_port_whose_contract_is_elsewhere_is_silent if {
	found := rule.findings with input as port({"contract_id": "c"})
	count(found) == 0
}

test_port_whose_contract_is_a_file_is_judged_there if {
	found := rule.findings with input as port({"contract": {"sla": [], "pointer": "contracts/c.yaml#"}})
	count(found) == 0
}
