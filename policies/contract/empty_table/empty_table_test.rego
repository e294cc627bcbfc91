package meshgate.rules.contract.empty_table_test

import data.meshgate.rules.contract.empty_table as rule

of(columns) := {"contracts": [{"schema": [{"name": "t", "pointer": "/t", "quality": [], "columns": columns}]}]}

test_no_column_is_found if {
	found := rule.findings with input as of([])
	count(found) == 1
}

test_a_column_is_silent if {
	found := rule.findings with input as of([{"name": "a"}])
	count(found) == 0
}

test_a_topic_with_a_registry_is_silent if {
	every server in [{"schemaRegistryUrl": "https://x"}, {"customProperties": 5, "schemaRegistry": {}}, {"customProperties": [{"property": "schemaRegistryUrl", "value": "https://x"}]}] {
		found := rule.findings with input as object.union(of([]), {"raw": {"servers": [server]}})
		count(found) == 0
	}
}
