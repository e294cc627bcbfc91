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
	_suspicious
	walk(input.raw, [path, text])
	is_string(text)
	why := _secret(path, text)
	pointer := concat("", [sprintf("/%s", [_escaped(step)]) | some step in path])
	finding := {
		"pointer": pointer,
		"message": sprintf("this looks like %s", [why]),
		"label": "a secret does not belong here",
	}
}

# One look at the whole document: hardly any has something to look for.
_suspicious if regex.match(markers, json.marshal(input.raw))

markers := concat("|", [
	keys,
	`-----BEGIN `,
	`://[^/\s:@"]+:[^/\s:@"]+@`,
	sprintf(`(?i)"(%s)":"`, [concat("|", names)]),
])

_secret(path, text) := "a private key" if {
	contains(text, "-----BEGIN ")
	contains(text, "PRIVATE KEY-----")
} else := "an access key" if {
	count(text) >= 20
	regex.match(keys, text)
	not contains(text, "EXAMPLE")
} else := "an address with a password" if {
	contains(text, "://")
	regex.match(`^[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@${}<>]+@`, text)
} else := sprintf("the value of `%s`", [name]) if {
	count(text) >= 6
	name := path[count(path) - 1]
	is_string(name)
	lower(name) in names
	not regex.match(harmless, text)
}

# AWS, GitHub, Slack, Stripe, Google, GitLab, Databricks.
keys := concat("|", [
	`(AKIA|ASIA)[A-Z2-7]{16}`,
	`gh[pousr]_[A-Za-z0-9]{36}`,
	`xox[abprs]-[A-Za-z0-9-]{10,}`,
	`sk_live_[A-Za-z0-9]{20,}`,
	`AIza[A-Za-z0-9_-]{35}`,
	`glpat-[A-Za-z0-9_-]{20}`,
	`dapi[0-9a-f]{32}`,
])

# References to where a secret is kept, and words that stand for one.
harmless := concat("|", [
	`[${}<>\s]`,
	`^\*+$`,
	`(?i)^(vault|env|secret|arn|projects|kv|ref|op|aws|azure|gcp)[:/]`,
	`(?i)^(x+|changeme|password|secret|string|token)$`,
	`^/`,
])

names := {
	"password", "passwd", "pwd", "secret", "secretkey", "secret_key",
	"clientsecret", "client_secret", "apikey", "api_key", "accesskey", "access_key",
	"secretaccesskey", "privatekey", "private_key", "authtoken", "auth_token", "accesstoken",
	"access_token", "sastoken", "connectionstring", "connection_string",
}

_escaped(step) := replace(replace(step, "~", "~0"), "/", "~1") if {
	is_string(step)
} else := sprintf("%v", [step])
