package meshgate.access.customers_test

import data.meshgate.access.customers
import rego.v1

columns := [{"name": "id", "classification": "internal"}, {"name": "birth_date", "classification": "restricted"}]

products := {"urn:x": {
	"product": {"name": "customer-360", "owner": {"email": "owner@example.org"}},
	"contracts": [{"schema": [{"columns": columns}]}],
}}

request := {
	"subject": {"id": "ada", "groups": ["analysts"], "attributes": {"regions": ["eu"]}},
	"action": "read",
	"resource": {"product": "urn:x", "columns": []},
}

test_analysts_read if {
	count(customers.grants) == 1 with input as request with data.meshgate.products as products
	count(customers.denials) == 0 with input as request with data.meshgate.products as products
}

test_others_do_not if {
	other := object.union(request, {"subject": {"groups": ["sales"]}})
	count(customers.grants) == 0 with input as other with data.meshgate.products as products
}

test_marketing_is_denied if {
	marketing := object.union(request, {"purpose": "marketing"})
	count(customers.denials) == 1 with input as marketing with data.meshgate.products as products
}

test_restricted_columns_are_masked if {
	wanted := {{"column": "birth_date", "mask": "hash"}}
	customers.masks == wanted with input as request with data.meshgate.products as products
	privacy := object.union(request, {"subject": {"groups": ["analysts", "privacy"]}})
	count(customers.masks) == 0 with input as privacy with data.meshgate.products as products
}

test_rows_are_those_of_the_regions if {
	wanted := {{"column": "region", "op": "in", "value": ["eu"]}}
	customers.row_filters == wanted with input as request with data.meshgate.products as products
}

test_without_regions_there_are_no_rows if {
	nobody := object.union(object.remove(request, ["subject"]), {"subject": {"id": "ada", "groups": [], "attributes": {}}})
	wanted := {{"column": "region", "op": "in", "value": []}}
	customers.row_filters == wanted with input as nobody with data.meshgate.products as products
}

test_an_emergency_is_told_to_the_owner if {
	emergency := object.union(request, {"purpose": "emergency"})
	wanted := {{"kind": "notify", "to": "owner@example.org"}}
	customers.obligations == wanted with input as emergency with data.meshgate.products as products
}
