# METADATA
# title: No domain
# description: >-
#   In a mesh a domain answers for its products. Rules of domains, their catalogues and their budgets find a
#   product by it.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: Name the domain that owns the product.
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.documentation.domain_missing

import data.meshgate.lib.names

findings contains finding if {
	input.product
	not input.product.domain
	finding := {
		"pointer": input.product.pointer,
		"message": sprintf("data product `%s` names no domain", [names.of(input.product)]),
	}
}
