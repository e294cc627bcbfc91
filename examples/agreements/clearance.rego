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

_above contains column if {
	some column in asked.columns
	_rank(object.get(column, "classification", data.access.unclassified)) > _cleared
}

masks contains {"column": column.name, "mask": mask} if {
	some column in _above
	mask := data.access.masks[column.classification]
}

denials contains {"message": sprintf("column `%s` is %s, above the clearance of %s", [column.name, object.get(column, "classification", "not classified"), input.subject.id])} if {
	some column in _above
	not data.access.masks[column.classification]
	not asked.emergency
}
