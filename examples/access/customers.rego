# METADATA
# title: Who may read customers
# description: |
#   Analysts read, and not for marketing; what is restricted is masked for everybody but the privacy team; of orders everybody
#   sees those of their own channels.
package meshgate.access.customers

import rego.v1

served := data.meshgate.products[input.resource.product]

grants contains {"reason": sprintf("analysts may read %s", [served.product.name])} if {
	input.action == "read"
	"analysts" in input.subject.groups
}

denials contains {"message": "customer data is not for marketing"} if input.purpose == "marketing"

# The contract of the port that is asked for, or all of them.
contracts contains port.contract if {
	some port in served.product.ports
	is_asked_for(port)
}

is_asked_for(port) if port.name == input.resource.port

is_asked_for(_) if not input.resource.port

masks contains {"column": column.name, "mask": "hash"} if {
	some contract in contracts
	some table in contract.schema
	some column in table.columns
	column.classification == "restricted"
	not is_of_privacy
}

is_of_privacy if "privacy" in input.subject.groups

# Without channels there are no rows: a filter whose value is missing would not be there at all.
row_filters contains {"column": "channel", "op": "in", "value": object.get(input.subject.attributes, "channels", [])} if {
	input.resource.port == "orders"
}

obligations contains {"kind": "notify", "to": owner} if {
	input.purpose == "emergency"
	owner := object.get(served.product, ["owner", "email"], "nobody is named")
}
