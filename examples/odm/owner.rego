# One rule of the library as a policy of Open Data Mesh: register this text as `rawContent`.
package meshgate_owner

import rego.v1

# What the product is to be; where nothing is to change, what it is.
descriptor := input.afterState.dataProductVersion

descriptor := input.currentState.dataProductVersion if not input.afterState.dataProductVersion

report := meshgate.check(descriptor)

deny contains sprintf("%s: %s", [finding.rule, finding.message]) if {
	some finding in report.findings
	finding.rule == "ownership.owner_missing"
	not finding.waived
}

deny contains fault.message if some fault in report.faults

# It asks for the report: without a descriptor there is none, and nothing is allowed.
allow if {
	report
	count(deny) == 0
}
