# Columns of every contract in sight, nested ones included, so that no rule forgets them.
package meshgate.lib.columns

all := array.concat(_top, _nested)

_top := [column |
	some contract in input.contracts
	some table in contract.schema
	some column in table.columns
	column.pointer
]

_nested := [column |
	some above in _top
	count(above.columns) > 0
	walk(above.columns, [_, column])
	column.columns
	column.pointer
]

# `customer_name`, `customerName` and `CUSTOMER-NAME` are the same words. Most names are so already.
words(name) := name if {
	regex.match(`^[a-z0-9_]*$`, name)
} else := lower(regex.replace(regex.replace(name, `([a-z0-9])([A-Z])`, "${1}_${2}"), `[^A-Za-z0-9]+`, "_"))
