# METADATA
# title: Nowhere to read the data
# description: >-
#   A contract without a server says what the data is and not where. Each consumer asks, and each is told
#   something else.
# custom:
#   severity: info
#   applies_to: [data-contract]
#   remedy: "Name the server, per environment: `servers`."
#   profiles: [strict, production]
#   since: 0.1.0
package meshgate.rules.contract.server_missing

import data.meshgate.lib.names

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	count(contract.servers) == 0
	finding := {
		"pointer": sprintf("%s/servers", [contract.pointer]),
		"message": sprintf("contract `%s` names no server", [names.of(contract)]),
	}
}
