package meshgate.access.orders

import rego.v1

grants contains {"reason": "analysts read"} if {
	input.action == "read"
	"analysts" in input.subject.groups
}

masks contains {"column": column.name, "mask": "redact"} if {
	some contract in data.meshgate.products[input.resource.product].contracts
	some table in contract.schema
	some column in table.columns
	column.classification == "restricted"
}
