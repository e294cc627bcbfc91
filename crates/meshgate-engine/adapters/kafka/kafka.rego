# METADATA
# title: Kafka's authorizer
# description: |
#   Answers `kafka/authz/allow`, which the OPA authorizer of Kafka asks for, by access decisions about the products whose
#   topics are asked for.
package kafka.authz

import rego.v1

settings := data.meshgate.adapters.kafka

principal := input.requestContext.principal.name

operation := input.action.operation

resource := input.action.resourcePattern

default allow := false

allow if {
	resource.resourceType == "TOPIC"
	resource.patternType == "LITERAL"
	operation == "READ"
	is_usable(decided("read"))
}

allow if {
	resource.resourceType == "TOPIC"
	resource.patternType == "LITERAL"
	operation == "WRITE"
	is_usable(decided("write"))
}

# Whoever may read or write a topic may see how it is made.
allow if {
	resource.resourceType == "TOPIC"
	resource.patternType == "LITERAL"
	operation in {"DESCRIBE", "DESCRIBE_CONFIGS"}
	some action in ["read", "write"]
	is_usable(decided(action))
}

allow if {
	resource.resourceType == "GROUP"
	operation in {"READ", "DESCRIBE"}
	is_own_group
}

allow if {
	resource.resourceType == "TRANSACTIONAL_ID"
	operation in {"WRITE", "DESCRIBE"}
	is_own
}

allow if {
	resource.resourceType == "CLUSTER"
	operation == "IDEMPOTENT_WRITE"
}

# Administrators, and brokers, do what no product speaks of.
allow if {
	principal in settings.admins
	not is_products
}

is_own_group if settings.open_groups

is_own_group if is_own

is_own if resource.name == principal

is_own if {
	some prefix in settings.prefixes[principal]
	startswith(resource.name, prefix)
}

is_products if {
	resource.resourceType == "TOPIC"
	place
}

place := settings.topics[resource.name]

place := data.meshgate.topics[resource.name] if not settings.topics[resource.name]

# A broker gives records as they are: what must be masked or filtered is not for it to give.
is_usable(decision) if {
	decision.verdict == "allow"
	count(decision.obligations.masks) == 0
	count(decision.obligations.row_filters) == 0
	every duty in decision.obligations.duties {
		duty.kind in settings.met
	}
}

decided(action) := meshgate.decide(object.union(purpose, {
	"subject": {"id": principal, "attributes": {"client": object.get(input.requestContext, "clientAddress", "")}},
	"action": action,
	"resource": object.union(port, {"product": place.product}),
	"context": {"listener": object.get(input.requestContext, "listenerName", "")},
}))

purpose := {"purpose": settings.purpose}

default purpose := {}

port := {"port": place.port}

default port := {}
