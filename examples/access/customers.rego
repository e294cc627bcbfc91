# METADATA
# title: Who may read customers
# description: |
#   Analysts read, and not for marketing; what is restricted is masked for everybody but the privacy team; everybody sees the
#   rows of their own regions.
package meshgate.access.customers

import rego.v1

served := data.meshgate.products[input.resource.product]

grants contains {"reason": sprintf("analysts may read %s", [served.product.name])} if {
	input.action == "read"
	"analysts" in input.subject.groups
}

denials contains {"message": "customer data is not for marketing"} if input.purpose == "marketing"

masks contains {"column": column.name, "mask": "hash"} if {
	some contract in served.contracts
	some table in contract.schema
	some column in table.columns
	column.classification == "restricted"
	not "privacy" in input.subject.groups
}

# Without regions there are no rows: a filter whose value is missing would not be there at all.
row_filters contains {"column": "region", "op": "in", "value": object.get(input.subject.attributes, "regions", [])}

obligations contains {"kind": "notify", "to": owner} if {
	input.purpose == "emergency"
	owner := object.get(served.product, ["owner", "email"], "nobody is named")
}
