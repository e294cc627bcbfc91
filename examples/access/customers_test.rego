package meshgate.access.customers_test

import data.meshgate.access.customers
import rego.v1

columns := [{"name": "id", "classification": "internal"}, {"name": "birth_date", "classification": "restricted"}]

products := {"urn:x": {"product": {
	"name": "customer-360",
	"owner": {"email": "owner@example.org"},
	"ports": [
		{"name": "customers", "contract": {"schema": [{"columns": columns}]}},
		{"name": "orders", "contract": {"schema": [{"columns": [{"name": "channel"}]}]}},
	],
}}}

asked(port, subject) := {
	"subject": object.union({"id": "ada", "groups": ["analysts"], "attributes": {"channels": ["web"]}}, subject),
	"action": "read",
	"resource": {"product": "urn:x", "port": port, "columns": []},
}

request := asked("customers", {})

test_analysts_read if {
	count(customers.grants) == 1 with input as request with data.meshgate.products as products
	count(customers.denials) == 0 with input as request with data.meshgate.products as products
}

test_others_do_not if {
	other := asked("customers", {"groups": ["sales"]})
	count(customers.grants) == 0 with input as other with data.meshgate.products as products
}

test_marketing_is_denied if {
	marketing := object.union(request, {"purpose": "marketing"})
	count(customers.denials) == 1 with input as marketing with data.meshgate.products as products
}

test_restricted_columns_of_the_port_are_masked if {
	wanted := {{"column": "birth_date", "mask": "hash"}}
	customers.masks == wanted with input as request with data.meshgate.products as products
	all := object.union(object.remove(request, ["resource"]), {"resource": {"product": "urn:x", "columns": []}})
	customers.masks == wanted with input as all with data.meshgate.products as products
	orders := asked("orders", {})
	count(customers.masks) == 0 with input as orders with data.meshgate.products as products
	privacy := asked("customers", {"groups": ["analysts", "privacy"]})
	count(customers.masks) == 0 with input as privacy with data.meshgate.products as products
}

test_rows_are_those_of_the_channels if {
	orders := asked("orders", {})
	wanted := {{"column": "channel", "op": "in", "value": ["web"]}}
	customers.row_filters == wanted with input as orders with data.meshgate.products as products
	nobody := object.union(object.remove(orders, ["subject"]), {"subject": {"id": "ada", "groups": [], "attributes": {}}})
	none := {{"column": "channel", "op": "in", "value": []}}
	customers.row_filters == none with input as nobody with data.meshgate.products as products
}

test_an_emergency_is_told_to_the_owner if {
	emergency := object.union(request, {"purpose": "emergency"})
	wanted := {{"kind": "notify", "to": "owner@example.org"}}
	customers.obligations == wanted with input as emergency with data.meshgate.products as products
}
