# METADATA
# title: File format of one vendor
# description: >-
#   Data in a format that one program writes is read by that program. Parquet, Avro, ORC, CSV and JSON are
#   read by all of them, also in ten years.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Serve an open format: Parquet, Avro, ORC, CSV, JSON."
#   profiles: [baseline, strict]
#   params:
#     formats:
#       description: Formats that are not open, in lower case.
#       type: array
#       items: {"type": "string"}
#       default:
#         - "xls"
#         - "xlsx"
#         - "xlsb"
#         - "sas7bdat"
#         - "sav"
#         - "dta"
#         - "mdb"
#         - "accdb"
#         - "qvd"
#         - "hyper"
#         - "pbix"
#         - "numbers"
#         - "dbf"
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: examples of a standard use
#     open formats.
#   since: 0.1.0
package meshgate.rules.interoperability.closed_format

import data.meshgate.params.interoperability.closed_format as params

findings contains finding if {
	some [format, pointer] in formats
	is_string(format)
	lower(format) in {word | some word in params.formats}
	finding := {"pointer": pointer, "message": sprintf("`%s` is a format that one vendor's programs read", [format])}
}

formats contains [server.format, sprintf("/servers/%v/format", [at])] if some at, server in _many(input.raw.servers)

formats contains [format, sprintf("/outputPorts/%v", [at])] if {
	some at, port in _many(input.raw.outputPorts)
	some format in [port.format, object.get(port, ["server", "format"], null)]
}

formats contains [format, sprintf("/outputPorts/%v", [at])] if {
	some at, port in _many(input.raw.outputPorts)
	format := port.server.format
}

formats contains [component.specific.format, sprintf("/components/%v/specific/format", [at])] if {
	some at, component in _many(input.raw.components)
}

formats contains [access.format, "/product/dataAccess"] if some access in _many(input.raw.product.dataAccess)

# What is neither a list nor a map holds nothing.
_many(value) := value if {
	is_array(value)
} else := value if {
	is_object(value)
} else := []
