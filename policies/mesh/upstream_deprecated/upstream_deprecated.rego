# METADATA
# title: Made from what is on its way out
# description: >-
#   A product that is deprecated or retired will be gone. Whoever reads it should move before that day.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: Move to its successor.
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.mesh.upstream_deprecated

findings contains finding if {
	some product in input.mesh.products
	product.file == input.file
	product.id in {id | some id in [input.product.id, input.product.fqn, input.product.name]}
	some upstream in product.upstream
	some other in input.mesh.products
	other.id == upstream
	lower(other.status) in {"deprecated", "sunset", "retired", "archived"}
	finding := {"pointer": input.product.pointer, "message": sprintf("made from `%s`, which is %s", [object.get(other, "name", other.id), other.status])}
}
