package meshgate.rules.naming.mixed_column_style_test

import data.meshgate.rules.naming.mixed_column_style as rule

of(names) := {"contracts": [{"schema": [{"name": "t", "pointer": "/t", "columns": [{"name": name} | some name in names]}]}]}

test_two_styles_are_found if {
	found := rule.findings with input as of(["customer_id", "orderDate"])
	{finding.pointer | some finding in found} == {"/t"}
}

test_one_style_is_silent if {
	every all in [["customer_id", "order_date", "status"], ["customerId", "orderDate", "status"], ["ID", "NAME"]] {
		found := rule.findings with input as of(all)
		count(found) == 0
	}
}
