# The product that is looked at, as the mesh of the run knows it.
package meshgate.lib.mesh

_ids := {id |
	some key in ["id", "fqn", "name"]
	id := input.product[key]
}

# The index of the mesh leads to what is of this file. An input that was written by hand has none.
products := [input.mesh.products[at] | some at in input.mesh.index.files[input.file].products] if {
	input.mesh.index
} else := [one | some one in input.mesh.products; one.file == input.file]

dangling := [input.mesh.dangling[at] | some at in input.mesh.index.files[input.file].dangling] if {
	input.mesh.index
} else := [one | some one in input.mesh.dangling; one.file == input.file]

orphans := [input.mesh.orphans[at] | some at in input.mesh.index.files[input.file].orphans] if {
	input.mesh.index
} else := [one | some one in input.mesh.orphans; one.file == input.file]

selves contains own if {
	some own in products
	own.id in _ids
}

# What it is made from, as far as the run sees it.
upstream contains other if {
	some own in selves
	some id in own.upstream
	some other in _named(id)
}

_named(id) := [input.mesh.products[at] | some at in input.mesh.index.products[id]] if {
	input.mesh.index
} else := [other | some other in input.mesh.products; other.id == id]

# The circles that it is in.
cycles contains circle if {
	input.mesh.index
	some own in selves
	some at in input.mesh.index.cycles[own.id]
	circle := input.mesh.cycles[at]
}

cycles contains circle if {
	not input.mesh.index
	some circle in input.mesh.cycles
	some own in selves
	own.id in circle
}
