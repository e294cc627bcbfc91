# METADATA
# title: Output port that nobody reads
# description: >-
#   A port has costs and an owner. One that no product of the mesh reads may serve people, or nobody.
# custom:
#   severity: info
#   applies_to: [data-product]
#   remedy: "Ask who uses it; retire it, or say who does. Asked only where the run sees the whole mesh (`--mesh`)."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.mesh.port_unused

import data.meshgate.lib.mesh

findings contains finding if {
	input.mesh.complete
	some one in mesh.orphans
	startswith(one.pointer, object.get(input.product, "pointer", ""))
	finding := {
		"pointer": one.pointer,
		"message": sprintf("no product of the mesh reads output port `%s`", [object.get(one, "port", "?")]),
	}
}
