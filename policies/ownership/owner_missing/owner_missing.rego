# METADATA
# title: Data product without an owner
# description: >-
#   A data product is somebody's product. Without a named owner nobody answers when it breaks, when access is asked for,
#   or when it should be retired.
# related_resources:
#   - https://martinfowler.com/articles/data-mesh-principles.html
# custom:
#   severity: error
#   applies_to: [data-product]
#   remedy: Name the owner (DPDS `info.owner.id`; ODPS `team.name`, or a member whose role is owner).
#   profiles: [starter, baseline, strict, production]
#   since: 0.1.0
package meshgate.rules.ownership.owner_missing

findings contains finding if {
	input.product
	not input.product.owner
	finding := {
		"pointer": object.get(place, input.format, ""),
		"message": sprintf("data product `%s` names no owner", [object.get(input.product, "name", "?")]),
		"label": "an owner is expected here",
	}
}

# Elsewhere the product itself is the place.
place := {"dpds": "/info", "odps": "/team", "dps": "/info", "odps-lf": "/product"}
