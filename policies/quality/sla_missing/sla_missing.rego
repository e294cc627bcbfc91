# METADATA
# title: No service level
# description: >-
#   Whoever builds on data must know how fresh, how available and how long-lived it is. A contract without any service
#   level promises nothing that could be measured.
# related_resources:
#   - https://bitol-io.github.io/open-data-contract-standard/
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: State at least one service level (ODCS `slaProperties`; DPDS `promises.slo` with a definition).
#   profiles: [starter, baseline, strict, production]
#   since: 0.1.0
package meshgate.rules.quality.sla_missing

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	count(contract.sla) == 0
	finding := {
		"pointer": sprintf("%s/slaProperties", [contract.pointer]),
		"message": sprintf("contract `%s` states no service level", [_name(contract)]),
	}
}

# A contract in a file of its own is judged there: its pointer is `<file>#…`.
findings contains finding if {
	some port in input.product.ports
	port.direction == "output"
	startswith(port.contract.pointer, "/")
	count(port.contract.sla) == 0
	finding := {
		"pointer": port.pointer,
		"message": sprintf("output port `%s` states no service level", [object.get(port, "name", "?")]),
		"label": "a service level is expected on this port",
	}
}

_name(contract) := object.get(contract, "name", object.get(contract, "id", "?"))
