# METADATA
# title: Secret in a descriptor
# description: >-
#   A descriptor is read by the whole company and lies in git for ever. A password, a key or a token in it
#   must be taken as known, and changed.
# related_resources:
#   - https://owasp.org/www-project-top-10-ci-cd-security-risks/CICD-SEC-06-Insufficient-Credential-Hygiene
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: "Take it out, change it where it is valid, and refer to it by name: `${DB_PASSWORD}`, a vault path."
#   profiles: [baseline, strict]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: published files are looked
#     through for secrets before; those of a company are not.
#   since: 0.1.0
package meshgate.rules.security.secret_in_descriptor

findings contains finding if {
	regex.match(_markers, _text)
	walk(input.raw, [path, value])
	is_string(value)
	why := _secret(value)
	finding := _found(path, why)
}

# What a key says is one.
findings contains finding if {
	regex.match(sprintf(`(?i)"[a-z_-]*(%s)":`, [_words]), _text)
	walk(input.raw, [path, value])
	name := path[count(path) - 1]
	_is_secret(name, value)
	finding := _found(path, sprintf("the value of `%s`", [name]))
}

# `{property: password, value: …}`: custom properties have their names beside them.
findings contains finding if {
	regex.match(sprintf(`(?i)"(key|name|property)":"[a-z_-]*(%s)","value":`, [_words]), _text)
	walk(input.raw, [path, value])
	some key in ["property", "name", "key"]
	name := value[key]
	_is_secret(name, value.value)
	finding := _found(array.concat(path, ["value"]), sprintf("the value of `%s`", [name]))
}

# One look at the whole document: hardly any has something to look for.
_text := json.marshal(input.raw)

_found(path, why) := {
	"pointer": concat("", [sprintf("/%s", [_escaped(step)]) | some step in path]),
	"message": sprintf("this looks like %s", [why]),
	"label": "a secret does not belong here",
}

_markers := concat("|", [
	_keys,
	`-----BEGIN `,
	`(?i)://[^/\s@"]*:[^/\s@"]+@`,
	`(?i)[?&;](password|pwd|token|secret)=`,
])

_secret(value) := "a private key" if {
	contains(value, "-----BEGIN ")
	contains(value, "PRIVATE KEY-----")
} else := "an access key" if {
	count(value) >= 20
	regex.match(_keys, value)
	not contains(value, "EXAMPLE")
} else := "an address with a password" if {
	contains(value, "://")
	regex.match(`(?i)[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@`, value)
	not regex.match(`://[^/\s:@]*:(\$\{[^}]*\}|\{\{[^}]*\}\}|<[^>]*>|\*+|\$[A-Z_]+)@`, value)
} else := "an address with a password" if {
	contains(value, "://")
	regex.match(`(?i)[?&;](password|pwd|token|secret)=[^&;${<*]{4,}`, value)
}

_is_secret(name, value) if {
	is_string(name)
	regex.match(sprintf(`(?i)(%s)$`, [_words]), name)
	not is_object(value)
	not is_array(value)
	text := sprintf("%v", [value])
	count(text) >= 6
	not regex.match(_harmless, text)
}

_words := concat("|", [
	`password|passwd|pwd|passphrase|secret|secret_?key|client_?secret`,
	`api_?key|access_?key|secret_access_key|private_?key`,
	`auth_?token|access_?token|sas_?token|bearer_?token|refresh_?token|connection_?string`,
])

# AWS, GitHub, Slack, Stripe, Google, GitLab, Databricks.
_keys := concat("|", [
	`(AKIA|ASIA)[A-Z2-7]{16}`,
	`gh[pousr]_[A-Za-z0-9]{36}`,
	`xox[abprs]-[A-Za-z0-9-]{10,}`,
	`sk_live_[A-Za-z0-9]{20,}`,
	`AIza[A-Za-z0-9_-]{35}`,
	`glpat-[A-Za-z0-9_-]{20}`,
	`dapi[0-9a-f]{32}`,
])

# References to where a secret is kept, and words that stand for one.
_harmless := concat("|", [
	`^(\$\{.*\}|\{\{.*\}\}|<.*>|\$[A-Z_]+|\*+)$`,
	`(?i)^(vault|env|secret|secrets|arn|projects|kv|ref|op|aws|azure|gcp|file)[:/]`,
	`(?i)^(x+|changeme|password|secret|string|token|true|false)$`,
])

_escaped(step) := replace(replace(step, "~", "~0"), "/", "~1") if {
	is_string(step)
} else := sprintf("%v", [step])
