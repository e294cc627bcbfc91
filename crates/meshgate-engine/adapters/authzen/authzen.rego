# METADATA
# title: OpenID AuthZEN
# description: |
#   Answers AuthZEN evaluations by access decisions: the resource's id is the product's, its properties `port` and `columns`
#   narrow it, the context's `purpose` is the purpose, and the subject's properties are its groups and attributes.
package authzen

import rego.v1

settings := data.meshgate.adapters.authzen

# A client that does not carry out obligations would show what must not be shown: unless it is known to, they deny.
evaluation := {"decision": true} if {
	decision.verdict == "allow"
	not has_obligations
}

evaluation := {"decision": settings.tells_obligations, "context": {"obligations": decision.obligations}} if {
	decision.verdict == "allow"
	has_obligations
}

default evaluation := {"decision": false}

has_obligations if count(decision.obligations.masks) > 0

has_obligations if count(decision.obligations.row_filters) > 0

has_obligations if count(decision.obligations.duties) > 0

properties := object.get(input.subject, "properties", {})

narrowed[key] := value if {
	some key in ["port", "columns"]
	value := input.resource.properties[key]
}

decision := meshgate.decide(object.union(purpose, {
	"subject": {
		"id": input.subject.id,
		"groups": object.get(properties, "groups", []),
		"attributes": object.union(object.remove(properties, ["groups"]), {"type": input.subject.type}),
	},
	"action": input.action.name,
	"resource": object.union(narrowed, {"product": input.resource.id}),
	"context": object.remove(object.get(input, "context", {}), ["purpose"]),
})) if {
	input.resource.type == settings.resource_type
}

purpose := {"purpose": input.context.purpose}

default purpose := {}
