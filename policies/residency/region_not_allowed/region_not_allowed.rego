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
#         - "eu([^a-z]|$)"
#         - "europe"
#         - "west-?europe"
#         - "north-?europe"
#         - "germany"
#         - "(france|italy|spain|sweden|poland|norway|ireland|austria|belgium|finland|denmark)"
#         - "(netherlands|portugal|greece|luxembourg|estonia|latvia|lithuania|czech|slovakia|slovenia|hungary|romania|bulgaria|croatia|cyprus|malta|iceland)"
#         - "(switzerland|frankfurt|paris|milan|madrid|stockholm|dublin|zurich)"
#         - "uk(south|west|[^a-z]|$)"
#         - "(at|be|bg|ch|cy|cz|de|dk|ee|es|fi|fr|gr|hr|hu|ie|is|it|li|lt|lu|lv|mt|nl|no|pl|pt|ro|se|si|sk)([^a-z]|$)"
#   since: 0.1.0
package meshgate.rules.residency.region_not_allowed

import data.meshgate.lib.columns
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
		"key": server.region,
	}
}

findings contains finding if {
	some port in input.product.ports
	port.direction == "output"
	not _allowed(port.location.region)
	found := [column | some column in columns.of(port.contract); personal.is_personal(column)]
	count(found) > 0
	finding := {
		"pointer": port.pointer,
		"message": sprintf("port `%s` keeps personal data (`%s`) in `%s`", [
			names.of(port),
			names.of(found[0]),
			port.location.region,
		]),
		"key": port.location.region,
	}
}

# One server may name several. Without a list nothing is allowed.
_allowed(region) if {
	count(params.regions) > 0
	every part in regex.split(`\s*(?:[,;/|]| and )\s*`, trim_space(lower(region))) {
		regex.match(_regions, part)
	}
}

_regions := sprintf("^(%s)", [concat("|", params.regions)])
