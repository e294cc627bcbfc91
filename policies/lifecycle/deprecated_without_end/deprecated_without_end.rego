# METADATA
# title: On its way out, with no date
# description: >-
#   A deprecation without an end is read as never. Consumers move when they know until when.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Say until when: ODCS SLA properties `endOfSupport` or `endOfLife`, Witboost `supportSLA`."
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.lifecycle.deprecated_without_end

import data.meshgate.lib.names

findings contains finding if {
	some [thing, levels, pointer] in things
	_deprecated(thing)
	count([1 | some level in levels; regex.match(`(?i)^endOf(Support|Life)$`, level.property)]) == 0
	not regex.match(_end, json.marshal(object.remove(input.raw, ["schema", "models", "dataset"])))
	finding := {
		"pointer": pointer,
		"message": sprintf("`%s` is deprecated, and nothing says until when it is there", [names.of(thing)]),
	}
}

things contains [input.product, [], input.product.pointer]

things contains [contract, contract.sla, contract.pointer] if {
	input.kind == "data-contract"
	some contract in input.contracts
}

_deprecated(thing) if thing.deprecated == true

_deprecated(thing) if lower(thing.status) in {"deprecated", "sunset"}

# Wherever it is said: custom properties have names of their own.
_end := concat("|", [
	`(?i)end_?of_?(support|life)`,
	`(?i)sunset_?(date|on)`,
	`(?i)deprecat(ion|ed)_?(date|on|policy)`,
	`(?i)valid_?(until|to)`,
	`(?i)retire[sd]?_?(date|on)`,
])
