# What is asked for, by whom, and which agreements cover it.
package lib.asked

served := data.meshgate.products[input.resource.product]

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

# Their columns, as far as they are asked for. Who names no columns asks for all.
columns contains column if {
	some contract in contracts
	some table in contract.schema
	some column in table.columns
	_is_asked(column)
}

_is_asked(_) if count(input.resource.columns) == 0

_is_asked(column) if column.name in input.resource.columns

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

is_personal(column) if column.classification in data.access.personal
