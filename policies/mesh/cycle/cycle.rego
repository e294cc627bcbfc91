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
#   since: 0.1.0
package meshgate.rules.mesh.cycle

findings contains finding if {
	some circle in input.mesh.cycles
	some product in input.mesh.products
	product.file == input.file
	product.id in circle
	product.id in {id | some id in [input.product.id, input.product.fqn, input.product.name]}
	finding := {"pointer": input.product.pointer, "message": sprintf("made from itself: %s", [concat(" → ", array.concat(circle, [circle[0]]))])}
}
