# The product that is looked at, as the mesh of the run knows it.
package meshgate.lib.mesh

_ids := {id |
	some key in ["id", "fqn", "name"]
	id := input.product[key]
}

selves contains product if {
	some product in input.mesh.products
	product.file == input.file
	product.id in _ids
}

# What it is made from, as far as the run sees it.
upstream contains other if {
	some product in selves
	some id in product.upstream
	some other in input.mesh.products
	other.id == id
}
