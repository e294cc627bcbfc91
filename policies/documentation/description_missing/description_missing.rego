# METADATA
# title: No description
# description: >-
#   What is not described is not found, and what is found and not described is misunderstood. One paragraph
#   saves each consumer an hour.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: Say in a few sentences what the data is, and what it is for.
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.documentation.description_missing

import data.meshgate.lib.names

findings contains finding if {
	input.product
	not _said(object.get(input.product, "description", ""))
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("data product `%s` has no description", [names.of(input.product)]),
	}
}

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	words := [text | some text in contract.description; _said(text)]
	count(words) == 0
	count([1 | some table in contract.schema; _said(table.description)]) == 0
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` has no description", [names.of(contract)]),
	}
}

_said(text) if trim_space(text) != ""
