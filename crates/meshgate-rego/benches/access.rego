package access

import rego.v1

# Six rules of an access decision: who, from where, for what, until when, which columns, under which masks.
product := data.products[input.product.id]

default allow := false

allow if {
	product
	count(reasons) == 0
}

reasons contains sprintf("product %v is not served in %v", [input.product.id, input.region]) if {
	not input.region in product.regions
}

reasons contains sprintf("purpose %v is not in the terms", [input.purpose]) if {
	not input.purpose in product.terms.purposes
}

reasons contains "the terms have expired" if {
	time.parse_rfc3339_ns(product.terms.expires) < time.parse_rfc3339_ns(input.time)
}

reasons contains sprintf("column %v is above the clearance of %v", [column, input.consumer.id]) if {
	some column in input.columns
	data.levels[product.columns[column].classification] > input.consumer.level
}

masks contains {"column": column, "mask": product.columns[column].mask} if {
	some column in input.columns
	product.columns[column].pii
	not input.purpose in product.terms.clear
}

decision := {"allow": allow, "reasons": reasons, "masks": masks}

# What an evaluation costs apart from the rules.
constant := 1
