# METADATA
# title: Status that nobody knows
# description: >-
#   Rules and catalogues go by the status's word. `live`, `prod` and `go` mean the same to people and nothing
#   to software.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Use a word of the standard, or add yours: `params: { lifecycle.status_unknown: { words: […] } }`."
#   profiles: [strict]
#   params:
#     words:
#       description: The words that a status may be.
#       type: array
#       items: {"type": "string"}
#       default:
#         - "proposed"
#         - "draft"
#         - "in development"
#         - "development"
#         - "testing"
#         - "acceptance"
#         - "active"
#         - "current"
#         - "published"
#         - "production"
#         - "live"
#         - "announcement"
#         - "deprecated"
#         - "sunset"
#         - "retired"
#         - "archived"
#   since: 0.1.0
package meshgate.rules.lifecycle.status_unknown

import data.meshgate.params.lifecycle.status_unknown as params

findings contains finding if {
	some [thing, pointer] in things
	not lower(thing.status) in known
	finding := {
		"pointer": pointer,
		"message": sprintf("the status `%s` is none of %s", [thing.status, concat(", ", params.words)]),
	}
}

things contains [input.product, input.product.pointer]

things contains [contract, contract.pointer] if {
	input.kind == "data-contract"
	some contract in input.contracts
}

known := {lower(word) | some word in params.words}
