# METADATA
# title: Address without encryption
# description: >-
#   What is read over `http://`, `ftp://` or `ldap://` can be read and changed by everybody on the way,
#   credentials included.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Use the encrypted protocol: `https://`, `sftp://`."
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their servers are
#     databases, buckets and brokers.
#   since: 0.1.0
package meshgate.rules.security.plain_address

findings contains finding if {
	some key in ["servers", "outputPorts", "interfaceComponents", "components", "dataAccess", "product"]
	walk(input.raw[key], [path, text])
	is_string(text)
	regex.match(`(?i)^(http|ftp|ldap|telnet)://`, text)
	not regex.match(_within, text)
	_is_address(path)
	pointer := concat("", [sprintf("/%s", [_escaped(step)]) | some step in array.concat([key], path)])
	finding := {"pointer": pointer, "message": sprintf("`%s` is not encrypted on the way", [text])}
}

# Where data is read; links to pages and schemas are no data.
_is_address(path) if {
	name := [lower(step) | some step in path; is_string(step)]
	count({"license", "contact", "externaldocs", "info"} & {step | some step in name}) == 0
	regex.match(_names, name[count(name) - 1])
}

_escaped(step) := replace(replace(step, "~", "~0"), "/", "~1") if {
	is_string(step)
} else := sprintf("%v", [step])

# Addresses of this machine, of this network, of this cluster.
_within := concat("|", [
	`(?i)^[a-z]+://([^/@]*@)?(localhost|127\.[0-9.]+|0\.0\.0\.0|\[::1\])(:|/|$)`,
	`(?i)^[a-z]+://([^/@]*@)?(10|192\.168|172\.(1[6-9]|2[0-9]|3[01]))\.[0-9.]+(:|/|$)`,
	`(?i)^[a-z]+://([^/@]*@)?[a-z0-9-]+(:[0-9]+)?(/|$)`,
	`(?i)^[a-z]+://([^/@]*@)?[^/@]*\.(local|internal|svc)(:|/|$)`,
])

_names := `^(location|host|hosts|endpoint|address|server|accesspoint)$|ur[il]$`
