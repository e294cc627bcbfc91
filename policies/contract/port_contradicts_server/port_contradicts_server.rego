# METADATA
# title: Port of another kind than its server
# description: >-
#   A port that says it is a topic, and whose contract names a database, is one of the two. Consumers build
#   their client from what is said.
# custom:
#   severity: warning
#   applies_to: [data-product]
#   remedy: Correct the port's type, or the contract's server.
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: in the few products whose
#     contracts are in sight, the two agree.
#   since: 0.1.0
package meshgate.rules.contract.port_contradicts_server

import data.meshgate.lib.names

findings contains finding if {
	some port in input.product.ports
	port.direction == "output"
	said := kinds_of_ports[lower(port.type)]
	some server in port.contract.servers
	is := kinds_of_servers[lower(server.type)]
	said != is
	finding := {
		"pointer": port.pointer,
		"message": sprintf("output port `%s` is of type `%s`, and its contract is served by `%s`", [
			names.of(port),
			port.type,
			server.type,
		]),
		"key": server.type,
	}
}

kinds_of_ports := {
	"table": "tables",
	"tables": "tables",
	"sql": "tables",
	"view": "tables",
	"topic": "stream",
	"stream": "stream",
	"kafka": "stream",
	"events": "stream",
	"file": "files",
	"files": "files",
}

kinds_of_servers := {
	"postgres": "tables",
	"postgresql": "tables",
	"mysql": "tables",
	"oracle": "tables",
	"sqlserver": "tables",
	"snowflake": "tables",
	"bigquery": "tables",
	"redshift": "tables",
	"databricks": "tables",
	"trino": "tables",
	"synapse": "tables",
	"clickhouse": "tables",
	"kafka": "stream",
	"kinesis": "stream",
	"pubsub": "stream",
	"sftp": "files",
}
