package meshgate.lib.mesh_test

import data.meshgate.lib.mesh

_input := {
	"file": "a.yaml",
	"product": {"id": "a", "name": "orders"},
	"mesh": {"products": [{"id": "a", "file": "a.yaml", "upstream": ["b"]}, {"id": "b", "file": "b.yaml", "upstream": []}]},
}

test_the_product_itself if {
	{one.id | some one in mesh.selves} == {"a"} with input as _input
}

test_what_it_is_made_from if {
	{one.id | some one in mesh.upstream} == {"b"} with input as _input
}
