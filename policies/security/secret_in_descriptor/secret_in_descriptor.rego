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
	walk(input.raw, [path, text])
	is_string(text)
	why := _secret(path, text)
	pointer := concat("", [sprintf("/%s", [_escaped(step)]) | some step in path])
	finding := {"pointer": pointer, "message": sprintf("this looks like %s", [why]), "label": "a secret does not belong here"}
}

_secret(_, text) := "a private key" if {
	contains(text, "-----BEGIN ")
	contains(text, "PRIVATE KEY-----")
}

_secret(_, text) := "an access key" if {
	count(text) >= 20
	regex.match(`\b(AKIA|ASIA)[A-Z2-7]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk_live_[A-Za-z0-9]{20,}|\bAIza[A-Za-z0-9_-]{35}\b|\bglpat-[A-Za-z0-9_-]{20}\b|\bdapi[0-9a-f]{32}\b`, text)
	not contains(text, "EXAMPLE")
}

_secret(_, text) := "an address with a password" if {
	contains(text, "://")
	regex.match(`^[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@${}<>]+@`, text)
}

_secret(path, text) := sprintf("the value of `%s`", [name]) if {
	name := path[count(path) - 1]
	is_string(name)
	lower(name) in names
	count(text) >= 6
	not regex.match(`[${}<>\s]|^\*+$|(?i)^(vault|env|secret|arn|projects|kv|ref|op|aws|azure|gcp)[:/]|^(x+|changeme|password|secret|string|token)$|^/`, text)
}

names := {"password", "passwd", "pwd", "secret", "secretkey", "secret_key", "clientsecret", "client_secret", "apikey", "api_key", "accesskey", "access_key", "secretaccesskey", "privatekey", "private_key", "authtoken", "auth_token", "accesstoken", "access_token", "sastoken", "connectionstring", "connection_string"}

_escaped(step) := replace(replace(step, "~", "~0"), "/", "~1") if is_string(step)

_escaped(step) := sprintf("%d", [step]) if is_number(step)
