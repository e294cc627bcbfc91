# METADATA
# title: Version is not a semantic version
# description: >-
#   Consumers tell from a version whether an upgrade breaks them: major.minor.patch. Any other spelling tells them nothing,
#   and tools that compare versions cannot order it.
# related_resources:
#   - https://semver.org/
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: Write the version as MAJOR.MINOR.PATCH, for example `1.0.0`.
#   profiles: [starter, baseline, strict]
#   since: 0.1.0
package meshgate.rules.versioning.version_not_semver

findings contains finding if {
	version := input.product.version
	not _is_semantic(version)
	finding := {
		"pointer": object.get(place, input.format, ""),
		"message": sprintf("data product has the version `%s`, which is not semantic", [version]),
		"label": "MAJOR.MINOR.PATCH is expected",
	}
}

findings contains finding if {
	input.product
	not input.product.version
	input.format != "dps" # that standard has no versions
	finding := {"pointer": object.get(place, input.format, ""), "message": "data product has no version"}
}

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	version := contract.version
	not _is_semantic(version)
	finding := {
		"pointer": sprintf("%s/version", [contract.pointer]),
		"message": sprintf("contract has the version `%s`, which is not semantic", [version]),
		"label": "MAJOR.MINOR.PATCH is expected",
	}
}

findings contains finding if {
	input.kind == "data-contract"
	some contract in input.contracts
	not contract.version
	finding := {"pointer": sprintf("%s/version", [contract.pointer]), "message": "contract has no version"}
}

# Elsewhere the product itself is the place.
place := {"dpds": "/info/version", "odps": "/version", "witboost": "/version", "odps-lf": "/product/details"}

# The builtin takes a `v` before them and zeros before numbers, too.
_is_semantic(version) if {
	semver.is_valid(version)
	regex.match(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)([-+]|$)`, version)
}
