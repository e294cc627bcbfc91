# METADATA
# title: Personal data, nobody says where
# description: >-
#   Where personal data is kept decides which law holds, and whether it was transferred. A server without a
#   region leaves it open.
# related_resources:
#   - https://gdpr-info.eu/art-44-gdpr/
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Name the region: ODCS `regionName` or `location`, DCS `region`, DPDS `platform: region.cloud::service`."
#   profiles: [strict, gdpr]
#   since: 0.1.0
package meshgate.rules.residency.region_missing

import data.meshgate.lib.columns
import data.meshgate.lib.names
import data.meshgate.lib.personal

findings contains finding if {
	some [contract, column] in personal.contracts
	some server in contract.servers
	not server.region
	lower(object.get(server, "type", "")) in clouds
	finding := {
		"pointer": server.pointer,
		"message": sprintf("server `%s` keeps personal data (`%s`) in no named region", [
			object.get(server, "name", "?"),
			names.of(column),
		]),
	}
}

findings contains finding if {
	some port in input.product.ports
	port.direction == "output"
	contains(port.platform, "::")
	not port.location.region
	found := [column | some column in columns.of(port.contract); personal.is_personal(column)]
	count(found) > 0
	finding := {
		"pointer": port.pointer,
		"message": sprintf("port `%s` keeps personal data (`%s`) in no named region", [
			names.of(port),
			names.of(found[0]),
		]),
	}
}

clouds := {
	"s3", "athena", "glue", "redshift", "bigquery", "gcs", "azure", "databricks", "snowflake", "synapse", "kinesis",
	"pubsub",
}
