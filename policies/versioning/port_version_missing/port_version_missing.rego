# METADATA
# title: Output port without a version
# description: >-
#   A port changes on its own: a column more, another topic. Without a version of its own nobody can say which
#   one they read.
# custom:
#   severity: info
#   applies_to: [data-product]
#   remedy: Give each output port a version.
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.versioning.port_version_missing

import data.meshgate.lib.names

findings contains finding if {
	not input.format in {"dps", "odps-lf"} # their ports have none
	some port in input.product.ports
	port.direction == "output"
	not port.version
	finding := {"pointer": port.pointer, "message": sprintf("output port `%s` has no version", [names.of(port)])}
}
