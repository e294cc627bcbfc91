package meshgate.lib.columns_test

import data.meshgate.lib.columns

test_words_of_every_spelling if {
	every name in ["customer_name", "customerName", "CUSTOMER-NAME", "Customer Name"] {
		columns.words(name) == "customer_name"
	}
}

test_nested_columns_are_seen if {
	nested := {"name": "street", "pointer": "/a/b", "columns": []}
	top := {"name": "address", "pointer": "/a", "columns": [nested]}
	found := columns.all with input as {"contracts": [{"schema": [{"columns": [top, {"name": "x"}]}]}]}
	{column.pointer | some column in found} == {"/a", "/a/b"}
}
