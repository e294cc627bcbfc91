package meshgate.rules.identity.urn_contradicts_version_test

import data.meshgate.rules.identity.urn_contradicts_version as rule

of(urn, version) := {"format": "dpds", "product": {"fqn": urn, "version": version, "pointer": ""}}

test_another_major_is_found if {
	found := rule.findings with input as of("urn:dpds:x:dataproducts:orders:1", "2.0.0")
	count(found) == 1
}

test_the_same_major_is_silent if {
	found := rule.findings with input as of("urn:dpds:x:dataproducts:orders:2", "2.3.1")
	count(found) == 0
}

test_a_urn_without_a_version_is_silent if {
	every urn in ["urn:dpds:x:orders", "orders:1"] {
		found := rule.findings with input as of(urn, "2.0.0")
		count(found) == 0
	}
}
