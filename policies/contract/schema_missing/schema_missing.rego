# METADATA
# title: Contract without a schema
# description: >-
#   A contract is a promise about tables and columns. Without them it promises nothing that a consumer could
#   build on, or a tool could check.
# custom:
#   severity: warning
#   applies_to: [data-contract]
#   remedy: "Describe the tables and columns: ODCS `schema`, DCS `models`."
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.contract.schema_missing

import data.meshgate.lib.names

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	count(contract.schema) == 0
	finding := {
		"pointer": object.get(place, input.format, contract.pointer),
		"message": sprintf("contract `%s` describes no table", [names.of(contract)]),
	}
}

place := {"odcs": "/schema", "dcs": "/models"}
