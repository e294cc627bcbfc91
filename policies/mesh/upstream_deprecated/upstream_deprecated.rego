# METADATA
# title: Made from what is on its way out
# description: >-
#   A product that is deprecated or retired will be gone. Whoever reads it should move before that day.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: Move to its successor.
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: hardly any of them is part
#     of a mesh.
#   since: 0.1.0
package meshgate.rules.mesh.upstream_deprecated

import data.meshgate.lib.mesh

findings contains finding if {
	some other in mesh.upstream
	lower(other.status) in {"deprecated", "sunset", "retired", "archived"}
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("made from `%s`, which is %s", [object.get(other, "name", other.id), other.status]),
		"key": other.id,
	}
}
