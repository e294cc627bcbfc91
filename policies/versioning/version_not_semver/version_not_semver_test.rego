package meshgate.rules.versioning.version_not_semver_test

import data.meshgate.rules.versioning.version_not_semver as rule

of_product(fields) := {"format": "odps", "kind": "data-product", "contracts": [], "product": fields}

contract(fields) := {"format": "odcs", "kind": "data-contract", "contracts": [object.union({"pointer": ""}, fields)]}

test_semantic_versions_are_silent if {
	every version in ["1.0.0", "0.1.2", "2.0.0-rc.1"] {
		found_in_product := rule.findings with input as of_product({"version": version})
		of_contract := rule.findings with input as contract({"version": version})
		count(found_in_product) + count(of_contract) == 0
	}
}

test_other_versions_are_found if {
	every version in ["1", "1.0", "v1.0.0", "2024-01"] {
		found_in_product := rule.findings with input as of_product({"version": version})
		of_contract := rule.findings with input as contract({"version": version})
		count(found_in_product) + count(of_contract) == 2
	}
}

test_no_version_is_found if {
	found_in_product := rule.findings with input as of_product({})
	of_contract := rule.findings with input as contract({})
	count(found_in_product) + count(of_contract) == 2
}

test_every_standard_with_versions_is_looked_at if {
	every format in ["dpds", "odps", "odps-lf", "witboost"] {
		wrong := rule.findings with input as {"format": format, "kind": "data-product", "contracts": [], "product": {"version": "x"}}
		missing := rule.findings with input as {"format": format, "kind": "data-product", "contracts": [], "product": {}}
		[count(wrong), count(missing)] == [1, 1]
	}
}

test_a_standard_without_versions_is_silent if {
	found := rule.findings with input as {"format": "dps", "kind": "data-product", "contracts": [], "product": {}}
	count(found) == 0
}
