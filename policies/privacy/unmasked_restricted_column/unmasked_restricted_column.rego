# METADATA
# title: Restricted column without masking
# description: >-
#   A column classified `restricted` is read by more people than may see its values: analysts, pipelines, test systems.
#   Unless the contract names how it is masked, each of them decides alone.
# related_resources:
#   - https://gdpr-info.eu/art-32-gdpr/
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: "Name the strategy on the column, for example the custom property `maskingStrategy: hash`, or lower its classification."
#   profiles: [starter, baseline, strict, gdpr]
#   since: 0.1.0
package meshgate.rules.privacy.unmasked_restricted_column

import data.meshgate.lib.columns

findings contains finding if {
	some column in columns.all
	_restricted(column.classification)
	not column.masking
	finding := {
		"pointer": sprintf("%s/classification", [column.pointer]),
		"message": sprintf("restricted column `%s` has no masking strategy", [object.get(column, "name", "?")]),
		"label": "restricted, and nothing says how it is masked",
	}
}

# `restricted`, `highly restricted`, `Restricted - PII`, `top secret`; not `unrestricted`.
_restricted(classification) if {
	text := lower(classification)
	not regex.match(`(^|[^a-z])(un|non-?|not )(restricted|secret)`, text)
	regex.match(`(^|[^a-z])(restricted|secret)([^a-z]|$)`, text)
}
