# METADATA
# title: Made from what nobody owns
# description: >-
#   When data without an owner breaks, nobody repairs it, and the products downstream answer for it.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: Ask for an owner, or read from another product.
#   profiles: [strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: hardly any of them is part
#     of a mesh.
#   since: 0.1.0
package meshgate.rules.mesh.upstream_unowned

import data.meshgate.lib.mesh

findings contains finding if {
	some other in mesh.upstream
	not other.owner
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("made from `%s`, which nobody owns", [object.get(other, "name", other.id)]),
		"key": other.id,
	}
}
