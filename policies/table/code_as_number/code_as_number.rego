# METADATA
# title: Code as a number
# description: >-
#   A postal code, a phone number or an IBAN is not counted with. As a number it loses its leading zeros, and
#   then it is another one.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Give it the type `string`."
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.table.code_as_number

import data.meshgate.lib.columns

findings contains finding if {
	some column in columns.all
	type := lower(split(object.get(column, "type", object.get(column, "physical_type", "")), "(")[0])
	type in {"integer", "int", "bigint", "long", "number", "numeric", "decimal", "double", "float", "smallint"}
	regex.match(codes, columns.words(column.name))
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is a code, and is a %s", [column.name, type]),
	}
}

codes := concat("", [
	`(^|_)(zip|zip_?code|postal_?code|post_?code|plz|cap|phone|phone_?number|mobile_?number|telefon|`,
	`telefono|iban|swift|bic|isbn|ean|gtin|ssn|tax_id|vat_?number|vat_?id)$`,
])
