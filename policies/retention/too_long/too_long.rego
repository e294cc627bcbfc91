# METADATA
# title: Personal data kept for very long
# description: >-
#   Ten years is what tax law asks for at most. Personal data that is kept for longer needs a reason, and
#   usually has none.
# related_resources:
#   - https://gdpr-info.eu/art-5-gdpr/
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: Shorten the period, or keep the data without what identifies a person.
#   profiles: [strict, gdpr]
#   params:
#     max_years:
#       description: Years that personal data may be kept.
#       type: number
#       minimum: 0
#       default: 10
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their periods are of a year
#     or less.
#   since: 0.1.0
package meshgate.rules.retention.too_long

import data.meshgate.lib.names
import data.meshgate.lib.personal
import data.meshgate.params.retention.too_long as params

findings contains finding if {
	some [contract, column] in personal.contracts
	years := _years(lower(contract.retention))
	years > params.max_years
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` keeps personal data (`%s`) for `%s`, more than %v years", [
			names.of(contract),
			names.of(column),
			contract.retention,
			params.max_years,
		]),
	}
}

# `10 years`, `120 m`, `P10Y6M`, `3650d`, `10 Jahre`: all parts together. What is a number alone is of no unit.
_years(text) := sum([years |
	some part in _parts(text)
	years := to_number(part[1]) / per[substring(part[2], 0, 1)]
]) if {
	count(_parts(text)) > 0
} else := 1000 if {
	regex.match(`unlimited|forever|infinite|indefinite|^(none|true)$|unbegrenzt|illimit`, text)
}

# The hours of `PT87600H` stand behind a `t`.
_parts(text) := regex.find_all_string_submatch_n(_part, replace(text, "pt", "p"), -1)

_part := `([0-9]+(?:\.[0-9]+)?)\s*(y|j|a|m|w|d|t|h)`

per := {"y": 1, "j": 1, "a": 1, "m": 12, "w": 52, "d": 365, "t": 365, "h": 8760}
