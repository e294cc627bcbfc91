# METADATA
# title: URN of another major version
# description: >-
#   A URN that ends with a major version names that version: consumers pin it. When the descriptor has another
#   one, they read what they did not ask for.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: "Write the major version of `version` at the end of the URN, or correct `version`."
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their URNs and versions are
#     kept together, or the URN has none.
#   since: 0.1.0
package meshgate.rules.identity.urn_contradicts_version

findings contains finding if {
	some key in ["fqn", "id"]
	urn := input.product[key]
	startswith(urn, "urn:")
	parts := split(urn, ":")
	last := parts[count(parts) - 1]
	regex.match(`^[0-9]+$`, last)
	semver.is_valid(input.product.version)
	major := trim_prefix(split(input.product.version, ".")[0], "v")
	last != major
	finding := {
		"pointer": object.get(place, input.format, input.product.pointer),
		"message": sprintf("the URN ends with version %s, and the product has version %s", [
			last,
			input.product.version,
		]),
	}
}

place := {"dpds": "/info/fullyQualifiedName", "witboost": "/id", "odps": "/id"}
