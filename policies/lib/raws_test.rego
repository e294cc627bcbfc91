package meshgate.lib.raws_test

import data.meshgate.lib.raws

test_pointers_lead_into_the_document if {
	raw := {"a": [{"b/c~d": 1}]}
	raws.at("/a/0/b~1c~0d") == 1 with input as {"raw": raw}
}

test_other_files_are_not_there if {
	raws.at("contract.yaml#/a") == {} with input as {"raw": {"a": 1}}
	raws.at("/nowhere") == {} with input as {"raw": {"a": 1}}
}
