package meshgate.rules.security.secret_in_descriptor_test

import data.meshgate.rules.security.secret_in_descriptor as rule

test_secrets_are_found if {
	every raw in [
		{"servers": [{"password": "hunter2-x"}]},
		{"a/b": {"client_secret": "0a1b2c3d4e"}},
		{"url": "postgres://app:s3cr3t@db.shop.example/x"},
		{"key": "AKIAQ3EGTZLMHJ6PWXYV"},
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
	] {
		found := rule.findings with input as {"raw": raw}
		count(found) == 0
	}
}
