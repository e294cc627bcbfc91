# METADATA
# title: Personal data outside of the allowed regions
# description: >-
#   Personal data may leave the European Economic Area only to countries with an adequate level of protection,
#   or with safeguards. A bucket in another region is a transfer.
# related_resources:
#   - https://gdpr-info.eu/art-44-gdpr/
#   - https://commission.europa.eu/law/law-topic/data-protection/international-dimension-data-protection/adequacy-decisions_en
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: Move the data, or have the transfer assessed and waive the finding with the reason.
#   profiles: [strict, gdpr]
#   params:
#     regions:
#       description: Beginnings of the names of regions where personal data may be, as regular expressions.
#       type: array
#       items: {"type": "string"}
#       default:
#         - "eu"
#         - "europe"
#         - "westeurope"
#         - "northeurope"
#         - "germany"
#         - "france"
#         - "italy"
#         - "spain"
#         - "sweden"
#         - "poland"
#         - "netherlands"
#         - "norway"
#         - "switzerland"
#         - "uk"
#         - "de-"
#         - "fr-"
#         - "it-"
#         - "es-"
#         - "nl-"
#         - "ch-"
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: few of them name a region,
#     and those with personal data name European ones or none.
#   since: 0.1.0
package meshgate.rules.residency.region_not_allowed

import data.meshgate.lib.names
import data.meshgate.lib.personal
import data.meshgate.params.residency.region_not_allowed as params

findings contains finding if {
	some [contract, column] in personal.contracts
	some server in contract.servers
	not _allowed(server.region)
	finding := {
		"pointer": server.pointer,
		"message": sprintf("server `%s` keeps personal data (`%s`) in `%s`", [
			object.get(server, "name", "?"),
			names.of(column),
			server.region,
		]),
	}
}

findings contains finding if {
	some port in input.product.ports
	port.direction == "output"
	not _allowed(port.location.region)
	found := [column | some table in port.contract.schema; some column in table.columns; personal.is_personal(column)]
	count(found) > 0
	finding := {
		"pointer": port.pointer,
		"message": sprintf("port `%s` keeps personal data (`%s`) in `%s`", [
			names.of(port),
			names.of(found[0]),
			port.location.region,
		]),
	}
}

_allowed(region) if regex.match(_regions, lower(region))

_regions := sprintf("^(%s)", [concat("|", params.regions)])
