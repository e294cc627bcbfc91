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
	some at, port in input.product.ports
	some before, other in input.product.ports
	before < at
	_key(port) == _key(other)
	finding := {
		"pointer": port.pointer,
		"message": sprintf("there are two %s ports `%s`", [port.direction, port.name]),
		"related": [{"pointer": other.pointer, "message": "the other one"}],
	}
}

_key(port) := [port.direction, lower(port.name), object.get(port, "version", "")]
