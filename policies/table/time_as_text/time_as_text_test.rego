package meshgate.rules.table.time_as_text_test

import data.meshgate.rules.table.time_as_text as rule

of(name, type) := {"contracts": [{"schema": [{"columns": [{"name": name, "type": type, "pointer": "/c", "columns": []}]}]}], "raw": {}}

test_times_as_texts_are_found if {
	every name in ["order_date", "createdAt", "TIMESTAMP", "valid_from"] {
		found := rule.findings with input as of(name, "string")
		count(found) == 1
	}
}

test_a_date_is_told if {
	text := of("order_date", "string")
	found := rule.findings with input as text
	{finding.message | some finding in found} == {"column `order_date` is named like a time, and is a text"}
}

test_a_format_is_silent if {
	found := rule.findings with input as object.union(of("order_date", "string"), {"raw": {"c": {"logicalTypeOptions": {"format": "date"}}}})
	count(found) == 0
}

test_others_are_silent if {
	every pair in [["order_date", "date"], ["update_status", "string"], ["dated", "string"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
