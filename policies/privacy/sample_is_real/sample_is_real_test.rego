package meshgate.rules.privacy.sample_is_real_test

import data.meshgate.rules.privacy.sample_is_real as rule

of(key, value) := {
	"raw": {"schema": [{"properties": [{"name": "a", key: value}]}]},
	"contracts": [{"schema": [{"columns": [{"name": "a", "pointer": "/schema/0/properties/0", "columns": []}]}]}],
}

test_real_ones_are_found if {
	every text in ["maria.rossi@libero.it", "barbara.meier@gmx.de", "Anna Meier <anna.meier@gmx.de>", " anna@gmx.de ", "IT60X0542811101000000123456", "5500 9876 5432 1098", "078-05-1120"] {
		found := rule.findings with input as of("examples", [text])
		count(found) == 1
	}
}

test_one_example_is_looked_at_too if {
	found := rule.findings with input as of("example", "maria.rossi@libero.it")
	{finding.pointer | some finding in found} == {"/schema/0/properties/0/example"}
}

test_made_up_ones_are_silent if {
	every text in ["ana@example.com", "john.doe@mail.com", "4242 4242 4242 4242", "order-17", "XX00 1111 2222 3333"] {
		found := rule.findings with input as of("examples", [text])
		count(found) == 0
	}
}

test_numbers_and_maps_are_no_faults if {
	every value in [17, [17], {"a": 5}, true, null] {
		found := rule.findings with input as of("examples", value)
		count(found) == 0
	}
	card := rule.findings with input as of("example", 5425233430109903)
	count(card) == 1
}

test_escaped_steps_are_followed if {
	found := rule.findings with input as {
		"raw": {"models": {"a/b": {"fields": {"mail": {"example": "maria.rossi@libero.it"}}}}},
		"contracts": [{"schema": [{"columns": [{"name": "mail", "pointer": "/models/a~1b/fields/mail", "columns": []}]}]}],
	}
	count(found) == 1
}
