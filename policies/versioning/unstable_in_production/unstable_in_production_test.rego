package meshgate.rules.versioning.unstable_in_production_test

import data.meshgate.rules.versioning.unstable_in_production as rule

of(status, version) := {"kind": "data-product", "contracts": [], "product": {"status": status, "version": version, "pointer": ""}}

test_unstable_and_active_is_found if {
	every version in ["0.9.0", "1.0.0-beta"] {
		found := rule.findings with input as of("Active", version)
		count(found) == 1
	}
}

test_a_contract_is_looked_at if {
	contract := {"status": "active", "version": "0.1.0", "pointer": ""}
	found := rule.findings with input as {"kind": "data-contract", "contracts": [contract]}
	count(found) == 1
}

test_drafts_and_releases_are_silent if {
	every pair in [["draft", "0.9.0"], ["active", "1.0.0"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
