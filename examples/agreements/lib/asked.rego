# What is asked for, by whom, and which agreements cover it.
package lib.asked

served := data.meshgate.products[input.resource.product]

owner := object.get(data.meshgate.products, [input.resource.product, "product", "owner", "email"], "the owner")

# What is known of the subject: what the caller says, and what the directory says, which goes before it. Trino and Kafka say
# nothing but a name and groups.
attributes := object.union(object.get(input.subject, "attributes", {}), _known)

_known := known if {
	known := data.access.subjects[input.subject.id]
} else := {}

# The contract of the port that is asked for, or all of them.
contracts contains port.contract if {
	some port in served.product.ports
	_is_port(port)
}

_is_port(port) if port.name == input.resource.port

_is_port(_) if not input.resource.port

# A contract may be asked for by its own id.
contracts contains contract if {
	not served.product
	some contract in served.contracts
}

# Their columns, as far as they are asked for: `{name, column}`, those within a column by that one's name, which is what can be
# masked. Who names no columns asks for all; who names a part of a column is shown what holds for all of it.
columns contains {"name": top.name, "column": column} if {
	some contract in contracts
	some table in contract.schema
	some top in table.columns
	_is_asked(top)
	some column in array.concat([top], _within(top))
}

_within(top) := [column |
	walk(object.get(top, "columns", []), [_, column])
	is_object(column)
	column.name
]

_is_asked(_) if count(input.resource.columns) == 0

_is_asked(top) if {
	some name in input.resource.columns
	split(name, ".")[0] == top.name
}

# What is known of no columns cannot be judged: a port whose contract is not in sight, or one that describes none.
unknown if count(columns) == 0

unknown if {
	some port in served.product.ports
	port.direction == "output"
	_is_port(port)
	count([1 | some table in port.contract.schema; some _ in table.columns]) == 0
}

# How confidential a column is; what nobody classified counts as the terms say, and as the highest where they say nothing.
class(column) := object.get(column, "classification", _unclassified)

default _unclassified := "not classified"

_unclassified := data.access.unclassified

# The day, of this machine: what the caller says of the time is not asked.
today := substring(time.format(time.now_ns()), 0, 10)

# The subject's agreements on the product, in force or not.
signed contains agreement if {
	some agreement in data.access.agreements
	agreement.product == input.resource.product
	_is_party(agreement)
}

_is_party(agreement) if input.subject.id in agreement.consumers

_is_party(agreement) if {
	some group in input.subject.groups
	group in agreement.consumers
}

in_force contains agreement if {
	some agreement in signed
	agreement.from <= today
	today <= agreement.until
}

# Those that cover the purpose and the port.
covering contains agreement if {
	some agreement in in_force
	input.purpose in agreement.purposes
	_covers_port(agreement)
}

_covers_port(agreement) if not agreement.ports

_covers_port(agreement) if input.resource.port in agreement.ports

# An emergency: who may declare one, and with a ticket.
emergency if {
	input.purpose == "emergency"
	some group in input.subject.groups
	group in data.access.emergency.groups
	trim_space(input.context.ticket) != ""
}

is_personal(column) if column.pii == true

is_personal(column) if {
	not column.pii == false
	class(column) in data.access.personal
}

# Nobody has looked at it yet.
is_personal(column) if {
	not column.classification
	not "pii" in object.keys(column)
}
