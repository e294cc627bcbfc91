package meshgate.rules.semantics.same_name_other_type_test

import data.meshgate.rules.semantics.same_name_other_type as rule

of(a, b) := {"contracts": [{"schema": [
	{"columns": [{"name": "customer_id", "type": a, "pointer": "/a"}]},
	{"columns": [{"name": "Customer_ID", "type": b, "pointer": "/b"}]},
]}]}

test_another_type_is_found if {
	found := rule.findings with input as of("string", "integer")
	{finding.pointer | some finding in found} == {"/b"}
}

test_the_same_type_is_silent if {
	found := rule.findings with input as of("string", "STRING")
	count(found) == 0
}

test_words_that_end_like_a_key_are_silent if {
	tables := [{"columns": [{"name": "paid", "type": type, "pointer": type}]} | some type in ["boolean", "number"]]
	found := rule.findings with input as {"contracts": [{"schema": tables}]}
	count(found) == 0
}
