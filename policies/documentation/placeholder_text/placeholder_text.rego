# METADATA
# title: Placeholder where a text should be
# description: >-
#   `TODO`, `lorem ipsum` and `description goes here` look like documentation to every tool that counts it,
#   and tell a reader nothing.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: Write the text, or leave the field out.
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.documentation.placeholder_text

import data.meshgate.lib.columns

findings contains finding if {
	some [text, pointer] in texts
	regex.match(placeholder, text)
	finding := {
		"pointer": pointer,
		"message": sprintf("`%s` is a placeholder, no description", [substring(text, 0, 40)]),
	}
}

findings contains finding if {
	some column in columns.all
	regex.match(placeholder, column.description)
	finding := {
		"pointer": column.pointer,
		"message": sprintf("`%s` is a placeholder, no description", [substring(column.description, 0, 40)]),
	}
}

placeholder := concat("|", [
	`(?i)^\s*(todo|tbd|tba|fixme|xxx+|n/a|placeholder|changeme|\.\.\.|-)\s*[.:!]?\s*$`,
	`(?i)^\s*(todo|tbd|fixme)\b`,
	`(?i)lorem ipsum`,
	`(?i)(description|text) goes here`,
	`(?i)^\s*<\s*(description|todo|your)`,
	`^\s*\{\{.*\}\}\s*$`,
])

texts contains [input.product.description, input.product.pointer]

texts contains [port.description, port.pointer] if some port in input.product.ports

texts contains [text, contract.pointer] if {
	some contract in input.contracts
	some text in contract.description
}

texts contains [table.description, table.pointer] if {
	some contract in input.contracts
	some table in contract.schema
}
