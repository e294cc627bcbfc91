# METADATA
# title: Consent
# description: For some purposes only the rows of people who agreed are read. A product that has no column for it is not read for them.
package meshgate.access.consent

_needed if input.purpose in data.access.consent.purposes

_column := data.access.consent.columns[input.resource.product]

row_filters contains {"column": _column, "op": "eq", "value": true} if _needed

denials contains {"message": sprintf("%s needs consent, and %s has no column for it", [input.purpose, input.resource.product])} if {
	_needed
	not _column
}
