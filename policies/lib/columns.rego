# Columns of every contract in sight, nested ones included, so that no rule forgets them.
package meshgate.lib.columns

all contains column if {
	some contract in input.contracts
	walk(contract.schema, [_, node])
	some column in node.columns
	column.pointer
}

# `customer_name`, `customerName` and `CUSTOMER-NAME` are the same words.
words(name) := lower(regex.replace(regex.replace(name, `([a-z0-9])([A-Z])`, "${1}_${2}"), `[^A-Za-z0-9]+`, "_"))
