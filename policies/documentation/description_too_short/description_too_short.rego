# METADATA
# title: Description that says nothing
# description: >-
#   A description that repeats the name, or has two words, was written for a check and not for a reader.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: Say what a row is, where the data comes from, and what it is good for.
#   profiles: [strict]
#   params:
#     min_length:
#       description: Characters below which a description is too short.
#       type: integer
#       minimum: 1
#       default: 20
#   since: 0.1.0
package meshgate.rules.documentation.description_too_short

import data.meshgate.lib.columns
import data.meshgate.lib.names
import data.meshgate.params.documentation.description_too_short as params

findings contains finding if {
	some [name, text, pointer] in texts
	_says_nothing(name, text)
	finding := {
		"pointer": pointer,
		"message": sprintf("the description of `%s` is `%s`, which tells no more than its name", [name, text]),
	}
}

texts contains [names.of(input.product), input.product.description, input.product.pointer]

texts contains [names.of(contract), contract.description.purpose, contract.pointer] if {
	input.kind == "data-contract"
	some contract in input.contracts
}

_says_nothing(_, text) if {
	trim_space(text) != ""
	count(text) < params.min_length
}

_says_nothing(name, text) if lower(columns.words(name)) == lower(columns.words(trim(text, " .")))
