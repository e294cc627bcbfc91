# METADATA
# title: Reads what is not there
# description: >-
#   An input port that names a contract or a port which no descriptor of the mesh has: it was renamed,
#   retired, or never existed. The product will fail, or has already.
# custom:
#   severity: error
#   applies_to: [data-product]
#   remedy: "Correct the reference, or bring the other descriptor into the mesh. Asked only where the run sees the whole mesh (`--mesh`)."
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.mesh.dangling_reference

import data.meshgate.lib.mesh

findings contains finding if {
	input.mesh.complete
	some one in mesh.dangling
	finding := {
		"pointer": one.pointer,
		"message": sprintf("`%s` is in no descriptor of the mesh", [one.reference]),
		"key": one.reference,
	}
}
