# METADATA
# title: Personal data without a classification
# description: >-
#   A column that is tagged as personal, or whose name is one that personal data usually has (in English,
#   German, Italian, French, Spanish, Portuguese or Dutch), carries duties: who may read it, how long it is
#   kept, when it is erased. A classification is what every later rule and mask goes by.
# related_resources:
#   - https://gdpr-info.eu/art-30-gdpr/
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Classify the column (`classification: confidential` or `restricted`), or say that it is not personal (custom property `pii: false`)."
#   profiles: [starter, baseline, strict, gdpr]
#   params:
#     names:
#       description: "Regular expressions of names, in lower case with `_` between words; a column has one as a whole, or as its ending."
#       type: array
#       items: {"type": "string"}
#       default:
#         - "e_?mail(_?address)?"
#         - "phone(_?number)?"
#         - "mobile(_?number)?"
#         - "(first|last|full|maiden|middle)_?name"
#         - "surname"
#         - "birth_?date"
#         - "date_of_birth"
#         - "birthday"
#         - "dob"
#         - "ssn"
#         - "social_security_number"
#         - "passport_(number|no)"
#         - "national_?id(_?number)?"
#         - "tax_id"
#         - "iban"
#         - "(credit_)?card_number"
#         - "credit_card"
#         - "ip_address"
#         - "(street|home|postal|billing|shipping)_address"
#         - "licen[cs]e_plate"
#         - "driver_?licen[cs]e(_number)?"
#         - "vorname"
#         - "nachname"
#         - "geburtsdatum"
#         - "geburtstag"
#         - "telefonnummer"
#         - "handynummer"
#         - "steuer_?id"
#         - "personalausweisnummer"
#         - "strasse"
#         - "cognome"
#         - "codice_fiscale"
#         - "data_(di_)?nascita"
#         - "cellulare"
#         - "indirizzo_email"
#         - "prenom"
#         - "nom_de_famille"
#         - "date_de_naissance"
#         - "numero_de_telephone"
#         - "courriel"
#         - "numero_securite_sociale"
#         - "apellidos?"
#         - "fecha_(de_)?nacimiento"
#         - "correo_electronico"
#         - "numero_de_telefono"
#         - "dni"
#         - "cpf"
#         - "sobrenome"
#         - "data_de_nascimento"
#         - "voornaam"
#         - "achternaam"
#         - "geboortedatum"
#         - "bsn"
#   since: 0.1.0
package meshgate.rules.privacy.unclassified_personal_column

import data.meshgate.lib.columns
import data.meshgate.lib.personal

findings contains finding if {
	some column in columns.all
	not column.classification
	why := _why(column)
	finding := {
		"pointer": sprintf("%s/name", [column.pointer]),
		"message": sprintf("column `%s` %s and has no classification", [object.get(column, "name", "?"), why]),
		"label": "personal data, unclassified",
	}
}

_why(column) := "is marked as personal data" if {
	column.pii == true
} else := "is named like personal data" if {
	not "pii" in object.keys(column)
	personal.is_named(column)
}
