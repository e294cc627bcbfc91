# METADATA
# title: Owner is a placeholder
# description: >-
#   A descriptor that was copied from a template keeps the template's owner: `TBD`, `changeme`, `unknown`. It
#   looks owned, and nobody answers.
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: Name the team or person who answers for the data.
#   profiles: [baseline, strict]
#   params:
#     words:
#       description: Texts that stand for nobody, in any case of letters.
#       type: array
#       items: {"type": "string"}
#       default:
#         - "tbd"
#         - "tba"
#         - "todo"
#         - "to be defined"
#         - "unknown"
#         - "unassigned"
#         - "nobody"
#         - "none"
#         - "n/a"
#         - "na"
#         - "-"
#         - "?"
#         - "xxx"
#         - "changeme"
#         - "change-me"
#         - "owner"
#         - "your-name"
#         - "your name"
#         - "your-team"
#         - "placeholder"
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their owners are invented
#     people.
#   since: 0.1.0
package meshgate.rules.ownership.owner_is_placeholder

import data.meshgate.params.ownership.owner_is_placeholder as params

# The owner, and where it stands.
findings contains finding if {
	some [owner, pointer] in owners
	some word in owner
	lower(trim_space(word)) in {lower(placeholder) | some placeholder in params.words}
	finding := {"pointer": pointer, "message": sprintf("the owner is `%s`, which is nobody", [word])}
}

owners contains [input.product.owner, object.get(place, input.format, input.product.pointer)]

owners contains [contract.owner, contract.pointer] if {
	input.kind == "data-contract"
	some contract in input.contracts
}

place := {"dpds": "/info/owner", "odps": "/team", "dps": "/info/owner", "witboost": "/dataProductOwner"}
