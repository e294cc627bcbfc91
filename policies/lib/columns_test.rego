package meshgate.lib.columns_test

import data.meshgate.lib.columns

nested := {"contracts": [{"schema": [{"columns": [
	{"name": "a", "pointer": "/a", "columns": []},
	{"name": "b", "pointer": "/b", "columns": [{"name": "c", "pointer": "/b/c", "columns": []}]},
]}]}]}

test_nested_columns_are_found if {
	{column.name | some column in columns.all} == {"a", "b", "c"} with input as nested
}

test_no_contract_no_columns if {
	count(columns.all) == 0 with input as {"contracts": []}
}

test_words_are_spelt_one_way if {
	columns.words("customerName") == "customer_name"
	columns.words("CUSTOMER-NAME") == "customer_name"
}
