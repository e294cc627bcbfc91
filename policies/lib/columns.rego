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

# Those of one contract.
of(contract) := array.concat(_of_tables(contract), _of_columns(contract))

_of_tables(contract) := [column |
	some table in contract.schema
	some column in table.columns
]

_of_columns(contract) := [column |
	some table in contract.schema
	some above in table.columns
	count(above.columns) > 0
	walk(above.columns, [_, column])
	column.columns
	column.pointer
]

# `customer_name`, `customerName` and `CUSTOMER-NAME` are the same words. Most names are so already.
words(name) := name if {
	regex.match(`^[a-z0-9_]*$`, name)
} else := regex.replace(_plain(_apart(name)), `[^a-z0-9]+`, "_")

# `customerIPAddress` has three words.
_apart(name) := regex.replace(regex.replace(name, `([a-z0-9])([A-Z])`, "${1}_${2}"), `([A-Z])([A-Z][a-z])`, "${1}_${2}")

# Letters without their accents: `prénom`, `Straße`.
_plain(name) := strings.replace_n(_accents, lower(name))

_accents := {
	"à": "a", "á": "a", "â": "a", "ã": "a", "ä": "a", "ç": "c", "è": "e", "é": "e", "ê": "e", "ë": "e", "ì": "i", "í": "i",
	"î": "i", "ï": "i", "ñ": "n", "ò": "o", "ó": "o", "ô": "o", "õ": "o", "ö": "o", "ù": "u", "ú": "u", "û": "u", "ü": "u",
	"ß": "ss",
}
