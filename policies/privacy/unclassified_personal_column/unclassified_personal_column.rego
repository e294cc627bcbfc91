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

# Names that hold personal data in most systems, whole or as an ending (`billing_email`). One pattern, so that a wide
# table costs one match a column.
personal_names := concat("", [
	`(^|_)(e_?mail(_address)?|phone(_number)?|mobile(_number)?|(first|last|full|maiden)_name|surname|`,
	`birth_?date|date_of_birth|dob|ssn|social_security_number|passport_number|national_?id(_?number)?|tax_id|iban|`,
	`(credit_)?card_number|credit_card|ip_address|(street|home)_address|licen[cs]e_plate)$`,
])

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

personal(column) := "is marked as personal data" if {
	column.pii == true
} else := "is named like personal data" if {
	not "pii" in object.keys(column)
	regex.match(personal_names, columns.words(column.name))
}
