# METADATA
# title: Made from what nobody owns
# description: >-
#   When data without an owner breaks, nobody repairs it, and the products downstream answer for it.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: Ask for an owner, or read from another product.
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.mesh.upstream_unowned

findings contains finding if {
	some product in input.mesh.products
	product.file == input.file
	product.id in {id | some id in [input.product.id, input.product.fqn, input.product.name]}
	some upstream in product.upstream
	some other in input.mesh.products
	other.id == upstream
	not other.owner
	finding := {"pointer": input.product.pointer, "message": sprintf("made from `%s`, which nobody owns", [object.get(other, "name", other.id)])}
}
