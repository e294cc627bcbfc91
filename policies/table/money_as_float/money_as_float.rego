# METADATA
# title: Money as a floating point number
# description: >-
#   Binary fractions cannot hold a tenth. Sums of money in `float` and `double` are a cent off, and auditors
#   find the cent.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Use a decimal of fixed scale (`DECIMAL(18, 2)`), or whole cents."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.table.money_as_float

import data.meshgate.lib.columns

findings contains finding if {
	some column in columns.all
	lower(object.get(column, "physical_type", object.get(column, "type", ""))) in {
		"float", "double", "real", "float64", "double precision", "float8",
	}
	regex.match(amounts, columns.words(column.name))
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is money, and is a floating point number", [column.name]),
	}
}

amounts := concat("", [
	`(^|_)(price|amount|cost|salary|balance|revenue|premium|fee|betrag|preis|importo|prezzo|montant|prix|`,
	`importe|precio)$`,
])
