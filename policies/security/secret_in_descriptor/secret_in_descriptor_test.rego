package meshgate.rules.security.secret_in_descriptor_test

import data.meshgate.rules.security.secret_in_descriptor as rule

test_secrets_are_found if {
	every raw in [
		{"servers": [{"password": "hunter2-x"}]},
		{"a/b": {"client_secret": "0a1b2c3d4e"}},
		{"url": "postgres://app:s3cr3t@db.shop.example/x"},
		{"key": "AKIAQ3EGTZLMHJ6PWXYV"},
		{"customProperties": [{"property": "password", "value": "hunter2hunter"}]},
		{"password": "S3cr$t!pass"},
		{"password": "my dog has fleas 9"},
		{"password": 12345678},
		{"dbPassword": "hunter2pw"},
		{"aws_secret_access_key": "abcdefghijkl"},
		{"url": "jdbc:postgresql://u:hunter2pw@db.acme.com/x"},
		{"url": "jdbc:postgresql://db.acme.com/x?user=u&password=hunter2pw"},
		{"description": "Connect with redis://:hunter2pw@cache.acme.com"},
		{"url": "POSTGRES://u:pa$word9@db.acme.com/x"},
		{"key": "-----BEGIN RSA PRIVATE KEY-----\nMII"},
	] {
		found := rule.findings with input as {"raw": raw}
		count(found) == 1
	}
}

test_the_place_is_told if {
	found := rule.findings with input as {"raw": {"a/b": [{"password": "hunter2-x"}]}}
	{finding.pointer | some finding in found} == {"/a~1b/0/password"}
}

test_references_and_placeholders_are_silent if {
	every raw in [
		{"password": "${DB_PASSWORD}"},
		{"password": "vault:kv/db"},
		{"password": "string"},
		{"url": "https://shop.example/a:b@c"},
		{"url": "postgres://app:${PASSWORD}@db"},
		{"properties": [{"name": "password"}]},
		{"apiKey": 17},
		{"properties": [{"name": "password", "logicalType": "string"}]},
		{"customProperties": [{"property": "password", "value": "${DB_PASSWORD}"}]},
		{"primaryKey": "customer"},
		{"url": "postgres://app:{{ password }}@db"},
	] {
		found := rule.findings with input as {"raw": raw}
		count(found) == 0
	}
}
