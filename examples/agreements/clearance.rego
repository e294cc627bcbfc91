# METADATA
# title: Clearance
# description: >-
#   A column is read as it is by who has its clearance. Below, it is masked as its classification says; where that says
#   nothing, it is not read. A classification that is not in the order is above all of them.
package meshgate.access.clearance

import data.lib.asked

_rank(word) := rank if {
	some rank, known in data.access.classifications
	known == word
} else := count(data.access.classifications)

_cleared := _rank(asked.attributes.clearance) if {
	asked.attributes.clearance in data.access.classifications
} else := 0

_above contains one if {
	some one in asked.columns
	_rank(asked.class(one.column)) > _cleared
}

masks contains {"column": one.name, "mask": mask} if {
	some one in _above
	mask := data.access.masks[asked.class(one.column)]
}

denials contains {"message": message} if {
	some one in _above
	class := asked.class(one.column)
	not data.access.masks[class]
	not asked.emergency
	message := sprintf("column `%s` is %s, above the clearance of %s", [one.name, class, input.subject.id])
}
