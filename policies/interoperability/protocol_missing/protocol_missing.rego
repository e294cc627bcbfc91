# METADATA
# title: Output port without a protocol
# description: >-
#   A consumer must know whether to open a SQL session, a topic or a file. A port that says neither type nor
#   platform is found and cannot be used.
# custom:
#   severity: info
#   applies_to: [data-product]
#   remedy: "Say how it is read: ODPS and DPS `type`, DPDS `promises.servicesType` or `platform`, Witboost `outputPortType`."
#   profiles: [strict]
#   since: 0.1.0
package meshgate.rules.interoperability.protocol_missing

import data.meshgate.lib.names

findings contains finding if {
	some port in input.product.ports
	port.direction == "output"
	not port.type
	not port.platform
	not _served(port)
	finding := {
		"pointer": port.pointer,
		"message": sprintf("output port `%s` does not say how it is read", [names.of(port)]),
	}
}

_served(port) if count(port.contract.servers) > 0
