# METADATA
# title: Role that nobody approves
# description: >-
#   A role that anybody may have is no role. Who approves it answers for who reads the data.
# custom:
#   severity: info
#   applies_to: [data-contract]
#   remedy: "Name the approvers: `roles[].firstLevelApprovers`."
#   profiles: [strict, production]
#   since: 0.1.0
package meshgate.rules.security.role_without_approver

findings contains finding if {
	input.format == "odcs" # the only standard that has approvers
	some contract in input.contracts
	some role in contract.roles
	count(role.approvers) == 0
	finding := {
		"pointer": role.pointer,
		"message": sprintf("role `%s` has no approver", [object.get(role, "role", "?")]),
	}
}
