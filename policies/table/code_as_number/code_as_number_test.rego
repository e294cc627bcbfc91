package meshgate.rules.table.code_as_number_test

import data.meshgate.rules.table.code_as_number as rule

of(name, type) := {"contracts": [{"schema": [{"columns": [{"name": name, "type": type, "pointer": "/c", "columns": []}]}]}]}

test_codes_as_numbers_are_found if {
	every pair in [["zip_code", "integer"], ["phoneNumber", "BIGINT"], ["shipping_postal_code", "numeric(5)"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 1
	}
}

test_others_are_silent if {
	every pair in [["zip_code", "string"], ["zip_codes_served", "integer"], ["total", "number"]] {
		found := rule.findings with input as of(pair[0], pair[1])
		count(found) == 0
	}
}
