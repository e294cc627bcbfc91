# METADATA
# title: Rows by attribute
# description: >-
#   An agreement may say which rows: those whose column has one of the values of an attribute of the subject. Without the
#   attribute there are none.
package meshgate.access.rows

import data.lib.asked

row_filters contains {"column": row.column, "op": "in", "value": _values(object.get(row, "attribute", ""))} if {
	not asked.emergency
	some agreement in asked.covering
	some row in agreement.rows
}

_values(attribute) := values if {
	values := asked.attributes[attribute]
	is_array(values)
} else := [value] if {
	value := asked.attributes[attribute]
} else := []
