# METADATA
# title: Personal data without a legal basis
# description: >-
#   Each processing of personal data needs one of six reasons: consent, a contract, a legal duty, vital
#   interests, a public task, legitimate interests. An auditor asks for it first.
# related_resources:
#   - https://gdpr-info.eu/art-6-gdpr/
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Name it as a custom property of the contract (`legalBasis`), or in its terms."
#   profiles: [gdpr, strict]
#   since: 0.1.0
package meshgate.rules.privacy.legal_basis_missing

import data.meshgate.lib.names
import data.meshgate.lib.personal

findings contains finding if {
	some [contract, column] in personal.contracts
	not contains(contract.pointer, "#") # one in a file of its own is judged there
	said := [object.get(contract, "terms", ""), object.get(contract, "description", ""), _custom, contract.tags]
	text := lower(json.marshal(said))
	not regex.match(_basis, text)
	finding := {
		"pointer": contract.pointer,
		"message": sprintf("contract `%s` has personal data (`%s`) and names no legal basis", [
			names.of(contract),
			names.of(column),
		]),
	}
}

_custom := [object.get(input.raw, "customProperties", []), object.get(input.raw, "custom", [])]

_basis := concat("", [
	`legal_?-? ?basis|(^|[^a-z])lawful|consent|legitimate interest|art(\.|icle) ?6|rechtsgrundlage|einwilligung|`,
	`base giuridica|consenso|base l.gale|consentement|base legal|consentimiento`,
])
