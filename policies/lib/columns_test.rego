package meshgate.lib.columns_test

import data.meshgate.lib.columns

test_words_of_every_spelling if {
	every name in ["customer_name", "customerName", "CUSTOMER-NAME", "Customer Name"] {
		columns.words(name) == "customer_name"
	}
}

test_words_of_abbreviations_and_accents if {
	columns.words("customerIPAddress") == "customer_ip_address"
	columns.words("Prénom") == "prenom"
	columns.words("Straße") == "strasse"
}

test_columns_of_one_contract if {
	nested := {"name": "street", "pointer": "/a/b", "columns": []}
	contract := {"schema": [{"columns": [{"name": "address", "pointer": "/a", "columns": [nested]}]}]}
	[column.name | some column in columns.of(contract)] == ["address", "street"]
}

test_nested_columns_are_seen if {
	nested := {"name": "street", "pointer": "/a/b", "columns": []}
	top := {"name": "address", "pointer": "/a", "columns": [nested]}
	found := columns.all with input as {"contracts": [{"schema": [{"columns": [top, {"name": "x"}]}]}]}
	{column.pointer | some column in found} == {"/a", "/a/b"}
}
