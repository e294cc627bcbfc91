package meshgate.lib.names_test

import data.meshgate.lib.names

test_a_name_goes_before_an_id if {
	names.of({"name": "n", "id": "i"}) == "n"
	names.of({"id": "i"}) == "i"
	names.of({}) == "?"
}
