# The product that is looked at, as the mesh of the run knows it.
package meshgate.lib.mesh

_ids := {id |
	some key in ["id", "fqn", "name"]
	id := input.product[key]
}

selves contains own if {
	some own in input.mesh.products
	own.file == input.file
	own.id in _ids
}

# What it is made from, as far as the run sees it.
upstream contains other if {
	some own in selves
	some id in own.upstream
	some other in input.mesh.products
	other.id == id
}
