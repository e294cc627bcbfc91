# METADATA
# title: No tags
# description: >-
#   A catalogue groups by tags, and rules may apply by them. A product without any is found by its name only.
# custom:
#   severity: info
#   applies_to: [data-product]
#   remedy: Tag the product with what people look for.
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.documentation.tags_missing

import data.meshgate.lib.names

findings contains finding if {
	input.product
	count(input.product.tags) == 0
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("data product `%s` has no tags", [names.of(input.product)]),
	}
}
