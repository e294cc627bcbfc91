# All rules that are in force in the sidecar as one policy of Open Data Mesh: the verdict of `meshgate check`.
package meshgate_gate

import rego.v1

# What the product is to be; where nothing is to change, what it is.
descriptor := input.afterState.dataProductVersion

descriptor := input.currentState.dataProductVersion if not input.afterState.dataProductVersion

allow if meshgate.check(descriptor).verdict == "allow"
