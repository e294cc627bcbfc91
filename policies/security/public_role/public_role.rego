# METADATA
# title: Everybody may read confidential data
# description: >-
#   A role called `public`, `everyone` or `*` beside confidential columns makes the classification a
#   decoration.
# custom:
#   severity: error
#   applies_to: [data-contract]
#   remedy: Name who may read it, or classify the data as public.
#   profiles: [baseline, strict, gdpr]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their roles are named after
#     teams.
#   since: 0.1.0
package meshgate.rules.security.public_role

import data.meshgate.lib.columns
import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	some role in contract.roles
	regex.replace(lower(role.role), `[^a-z*]+`, "") in everybody
	found := [column |
		some column in columns.of(contract)
		regex.match(`confidential|restricted|secret|sensitive`, column.classification)
		not regex.match(`(^|[^a-z])(un|non-?|not )(restricted|sensitive|confidential)`, column.classification)
	]
	count(found) > 0
	finding := {
		"pointer": role.pointer,
		"message": sprintf("the role `%s` may read `%s`, which is %s", [
			role.role,
			names.of(found[0]),
			found[0].classification,
		]),
		"related": [{"pointer": found[0].pointer, "message": "classified here"}],
	}
}

everybody := {"public", "everyone", "anyone", "anonymous", "all", "allusers", "*"}
