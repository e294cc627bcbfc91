# METADATA
# title: Personal data without a classification
# description: >-
#   A column that is tagged as personal, or whose name is one that personal data usually has, carries duties: who may
#   read it, how long it is kept, when it is erased. A classification is what every later rule and mask goes by.
# related_resources:
#   - https://gdpr-info.eu/art-30-gdpr/
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Classify the column (`classification: confidential` or `restricted`), or say that it is not personal (custom property `pii: false`)."
#   since: 0.1.0
package meshgate.rules.privacy.unclassified_personal_column

import data.meshgate.lib.columns

# Names that hold personal data in most systems; each is a whole name or its end (`billing_email`).
personal_names := {
	"email", "e_mail", "email_address", "phone", "phone_number", "mobile", "mobile_number", "first_name", "last_name",
	"full_name", "surname", "maiden_name", "birth_date", "birthdate", "date_of_birth", "dob", "ssn", "social_security_number",
	"passport_number", "national_id", "tax_id", "iban", "bic_iban", "credit_card", "credit_card_number", "card_number",
	"ip_address", "street_address", "home_address", "licence_plate", "license_plate",
}

findings contains finding if {
	some column in columns.all
	not column.classification
	why := personal(column)
	finding := {
		"pointer": sprintf("%s/name", [column.pointer]),
		"message": sprintf("column `%s` %s and has no classification", [object.get(column, "name", "?"), why]),
		"label": "personal data, unclassified",
	}
}

personal(column) := "is marked as personal data" if column.pii == true

personal(column) := "is named like personal data" if {
	not "pii" in object.keys(column)
	name := columns.words(column.name)
	some known in personal_names
	_named(name, known)
}

_named(name, known) if name == known

_named(name, known) if endswith(name, sprintf("_%s", [known]))
