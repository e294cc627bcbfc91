package meshgate.rules.residency.region_not_allowed_test

import data.meshgate.rules.residency.region_not_allowed as rule

of(region) := {"contracts": [{"servers": [{"name": "prod", "region": region, "pointer": "/s"}], "schema": [{"columns": [{"name": "email"}]}]}]}

test_other_regions_are_found if {
	every region in ["us-east-1", "ap-southeast-2", "US", "eu-central-1,us-east-1", "EU / US", "Ukraine", "eurasia"] {
		found := rule.findings with input as of(region)
		count(found) == 1
	}
}

test_allowed_regions_are_silent if {
	every region in ["eu-central-1", "EU", "europe-west4", "westeurope", "germanywestcentral", "DE", "ireland", "austriaeast", "uksouth"] {
		found := rule.findings with input as of(region)
		count(found) == 0
	}
}

test_a_port_is_looked_at if {
	port := {"direction": "output", "name": "a", "location": {"region": "eastus"}, "pointer": "/p", "contract": {"schema": [{"columns": [{"name": "email"}]}]}}
	found := rule.findings with input as {"contracts": [], "product": {"ports": [port]}}
	count(found) == 1
}

test_no_regions_are_none if {
	found := rule.findings with input as of("eu-central-1") with data.meshgate.params.residency.region_not_allowed as {"regions": []}
	count(found) == 1
}

test_regions_can_be_set if {
	found := rule.findings with input as of("us-east-1") with data.meshgate.params.residency.region_not_allowed as {"regions": ["us-"]}
	count(found) == 0
}
