# METADATA
# title: Table without columns
# description: >-
#   A table that is named and not described promises that something is there, and not what.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: List its columns, or leave the table out.
#   profiles: [baseline, strict]
#   since: 0.1.0
package meshgate.rules.contract.empty_table

import data.meshgate.lib.names

findings contains finding if {
	some contract in input.contracts
	some table in contract.schema
	count(table.columns) == 0
	count(table.quality) == 0
	not _registered
	finding := {"pointer": table.pointer, "message": sprintf("table `%s` has no columns", [names.of(table)])}
}

# The columns of a topic may stand in its schema registry, which a server names as its own key or as a custom property.
_registered if regex.match(`(?i)"(property":")?schema_?registry`, json.marshal(object.get(input.raw, "servers", [])))
