# Personal data: what a document says is personal, and what is named as personal data usually is. What is said not to be
# personal is not.
package meshgate.lib.personal

import data.meshgate.lib.columns
import data.meshgate.params.privacy.unclassified_personal_column as params

# One pattern, so that a wide table costs one match a column. Whole names, or endings (`billing_email`).
# With a number behind (`email1`, `phone_2`) it is still one.
_names := sprintf("(^|_)(%s)(_?[0-9]+)?$", [concat("|", params.names)])

is_named(column) if regex.match(_names, columns.words(column.name))

is_personal(column) if column.pii == true

is_personal(column) if {
	not "pii" in object.keys(column)
	is_named(column)
}

# The contracts that hold personal data, with a column that does.
contracts := [[contract, column] |
	some contract in input.contracts
	found := [column |
		some column in columns.of(contract)
		is_personal(column)
	]
	count(found) > 0
	column := found[0]
]
