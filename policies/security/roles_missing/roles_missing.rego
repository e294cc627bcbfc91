# METADATA
# title: Confidential data without roles
# description: >-
#   Who may read what is decided at the port. A contract with confidential columns that names no role leaves
#   it to whoever grants the first access.
# related_resources:
#   - https://gdpr-info.eu/art-32-gdpr/
# custom:
#   severity: warning
#   applies_to: [data-contract]
#   remedy: "Name the roles and what they may read: ODCS `roles`, DCS `servers.*.roles`."
#   profiles: [strict, gdpr]
#   since: 0.1.0
package meshgate.rules.security.roles_missing

import data.meshgate.lib.columns
import data.meshgate.lib.names

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	count(contract.roles) == 0
	found := [column |
		some column in columns.of(contract)
		regex.match(`confidential|restricted|secret|sensitive`, column.classification)
		not regex.match(`(^|[^a-z])(un|non-?|not )(restricted|sensitive|confidential)`, column.classification)
	]
	count(found) > 0
	finding := {
		"pointer": sprintf("%s/roles", [contract.pointer]),
		"message": sprintf("contract `%s` has %s data (`%s`) and names no role", [
			names.of(contract),
			found[0].classification,
			names.of(found[0]),
		]),
	}
}
