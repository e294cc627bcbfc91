package meshgate.rules.documentation.placeholder_text_test

import data.meshgate.rules.documentation.placeholder_text as rule

column(text) := {"contracts": [{"schema": [{"columns": [{"name": "a", "pointer": "/a", "description": text, "columns": []}]}]}]}

test_placeholders_are_found if {
	every text in ["TODO", "tbd.", "Lorem ipsum dolor", "Description goes here", "TODO: describe", "...", "{{PURPOSE}}"] {
		found := rule.findings with input as column(text)
		count(found) == 1
	}
}

test_texts_are_silent if {
	every text in ["The order's id.", "Items to do.", "Totals, n/a where unknown"] {
		found := rule.findings with input as column(text)
		count(found) == 0
	}
}

test_every_place_is_looked_at if {
	table := {"description": "todo", "pointer": "/t", "columns": []}
	found := rule.findings with input as {
		"product": {"description": "todo", "pointer": "", "ports": [{"description": "todo", "pointer": "/p"}]},
		"contracts": [{"pointer": "/c", "description": {"usage": "todo"}, "schema": [table]}],
	}
	{finding.pointer | some finding in found} == {"", "/p", "/c", "/t"}
}
