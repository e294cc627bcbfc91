# METADATA
# title: Products made from one another
# description: >-
#   When each of two products is made from the other, neither can be rebuilt, and an error goes round for
#   ever.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: "Break the circle: take what both need into a product of its own."
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: hardly any of them is part
#     of a mesh.
#   since: 0.1.0
package meshgate.rules.mesh.cycle

import data.meshgate.lib.mesh

findings contains finding if {
	some circle in mesh.cycles
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("made from itself: %s", [concat(" → ", array.concat(_shown(circle), [circle[0]]))]),
		"key": circle[0],
	}
}

# A circle may be as large as the mesh.
_shown(circle) := circle if {
	count(circle) <= 10
} else := array.concat(array.slice(circle, 0, 9), [sprintf("… (%d products)", [count(circle)])])
