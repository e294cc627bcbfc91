# METADATA
# title: Real data in an example
# description: >-
#   An example in a contract is read by everybody who may read the contract. Mail addresses, IBANs and card
#   numbers in it belong to somebody, unless they were made up.
# custom:
#   severity: warning
#   applies_to: [data-product, data-contract]
#   remedy: "Make the example up: `ana@example.com`, the IBAN `XX00 …`."
#   profiles: [baseline, strict, gdpr]
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: their examples were made
#     up, as they should be.
#   since: 0.1.0
package meshgate.rules.privacy.sample_is_real

import data.meshgate.lib.columns
import data.meshgate.lib.raws

findings contains finding if {
	some [text, pointer] in samples
	some kind, pattern in patterns
	regex.match(pattern, text)
	not regex.match(invented, text)
	finding := {"pointer": pointer, "message": sprintf("this example looks like a real %s", [kind])}
}

samples contains [text, pointer] if {
	regex.match(`"(example|examples|x-example|sampleValues)":`, json.marshal(input.raw))
	some column in columns.all
	not _is_no_text(column)
	raw := raws.at(column.pointer)
	some key in ["examples", "example", "x-example", "sampleValues"]
	some text in _texts(raw[key])
	regex.match(`[@0-9]`, text)
	pointer := sprintf("%s/%s", [column.pointer, key])
}

_texts(value) := [trim_space(value)] if {
	is_string(value)
} else := [sprintf("%v", [value])] if {
	is_number(value)
} else := [trim_space(text) | some text in value; is_string(text)] if {
	is_array(value)
} else := [trim_space(text) | some text in value; is_string(text)] if {
	is_object(value)
}

patterns := {
	"mail address": `(^|<)[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(>|$)`,
	"IBAN": `^[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}( ?[A-Z0-9]{4}){2,6}( ?[A-Z0-9]{1,3})?$`,
	"card number": `^[3-6][0-9]{3}([ -]?[0-9]{4}){3}$`,
	"US social security number": `^[0-9]{3}-[0-9]{2}-[0-9]{4}$`,
}

# Domains and numbers that are set aside for examples.
invented := concat("|", [
	`(?i)@(.*\.)?(example|test|invalid|localhost|acme|company|domain|mail\.com|email\.com)(\.[a-z]+)*>?$`,
	`(?i)^(foo|bar|test|user|jane[._]?doe|john[._]?doe|example)[0-9]*@`,
	`(?i)4242[ -]?4242`,
	`(?i)4111[ -]?1111`,
	`(?i)5500[ -]?0000`,
	`(?i)1234[ -]?5678`,
	`(?i)123-45-6789`,
	`(?i)^[a-z]{2}00`,
	`(?i)DE89 ?3704 ?0044`,
])

_is_no_text(column) if lower(column.type) in {"number", "boolean", "date", "timestamp", "object", "array"}
