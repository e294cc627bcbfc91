package meshgate.lib.personal_test

import data.meshgate.lib.personal

test_what_is_said_goes_before_what_is_named if {
	personal.is_personal({"name": "x", "pii": true})
	personal.is_personal({"name": "billingEmail"})
	not personal.is_personal({"name": "email", "pii": false})
	not personal.is_personal({"name": "email_count"})
	not personal.is_personal({})
}

test_several_languages_are_known if {
	every name in ["vorname", "geburtsdatum", "codice_fiscale", "cognome", "prenom", "apellidos", "achternaam", "cpf"] {
		personal.is_personal({"name": name})
	}
}

test_contracts_with_personal_data if {
	contract := {"name": "c", "schema": [{"columns": [{"name": "a"}, {"name": "email"}]}]}
	found := personal.contracts with input as {"contracts": [contract, {"schema": []}]}
	[column.name | some [_, column] in found] == ["email"]
}
