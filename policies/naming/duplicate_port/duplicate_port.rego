# METADATA
# title: Two ports of one name
# description: >-
#   Consumers ask for a port by its name and version. Where two have the same, which one they get is chance.
# custom:
#   severity: error
#   applies_to: [data-product]
#   remedy: Give each port a name of its own, or another version.
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.naming.duplicate_port

findings contains finding if {
	# Sorted, the same names are beside one another: no port is compared with all others.
	sorted := sort([[_key(port), at] | some at, port in input.product.ports])
	some n, pair in sorted
	n > 0
	before := sorted[n - 1]
	before[0] == pair[0]
	port := input.product.ports[pair[1]]
	other := input.product.ports[before[1]]
	finding := {
		"pointer": port.pointer,
		"message": sprintf("there are two %s ports `%s`", [port.direction, port.name]),
		"related": [{"pointer": other.pointer, "message": "the other one"}],
	}
}

_key(port) := [port.direction, lower(port.name), object.get(port, "version", "")]
