package meshgate.rules.security.plain_address_test

import data.meshgate.rules.security.plain_address as rule

of(key, text) := {"raw": {"servers": [{"type": "api", key: text}]}}

test_plain_protocols_are_found if {
	every text in ["http://api.shop.example/orders", "ftp://files.shop.example", "HTTP://api.shop.example", "http://u:p@api.shop.example/x", "http://localhost.shop.example"] {
		found := rule.findings with input as of("location", text)
		{finding.pointer | some finding in found} == {"/servers/0/location"}
	}
}

test_others_are_silent if {
	every pair in [
		["location", "https://api.shop.example"],
		["location", "http://localhost:8080/orders"],
		["location", "http://orders.svc:8080"],
		["location", "http://10.1.2.3:8080/x"],
		["schemaRegistryUrl", "https://registry.shop.example"],
		["location", "s3://bucket"],
		["documentation", "http://shop.example/orders"],
	] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}

test_an_address_is_told if {
	plain := of("location", "http://api.shop.example/orders")
	found := rule.findings with input as plain
	{finding.message | some finding in found} == {"`http://api.shop.example/orders` is not encrypted on the way"}
}

test_a_licence_is_no_data if {
	found := rule.findings with input as {"raw": {"components": {"a": {"info": {"license": {"url": "http://www.shop.example/licence"}}}}}}
	count(found) == 0
}
