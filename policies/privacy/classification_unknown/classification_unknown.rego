# METADATA
# title: Classification that nobody knows
# description: >-
#   Masks and access rules go by the classification's word. One that is not in the vocabulary is treated as
#   whatever the next tool thinks.
# custom:
#   severity: info
#   applies_to: [data-product, data-contract]
#   remedy: "Use a word of the vocabulary, or add yours: `params: { privacy.classification_unknown: { words: […] } }`."
#   profiles: [strict]
#   params:
#     words:
#       description: The vocabulary, from the least to the most confidential.
#       type: array
#       items: {"type": "string"}
#       default:
#         - "public"
#         - "internal"
#         - "confidential"
#         - "restricted"
#         - "secret"
#         - "sensitive"
#         - "open"
#         - "pii"
#         - "personal"
#         - "highly confidential"
#         - "strictly confidential"
#         - "unclassified"
#         - "none"
#   since: 0.1.0
package meshgate.rules.privacy.classification_unknown

import data.meshgate.lib.columns
import data.meshgate.lib.names
import data.meshgate.params.privacy.classification_unknown as params

findings contains finding if {
	some column in columns.all
	not column.classification in known
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is classified as `%s`; known are %s", [
			names.of(column),
			column.classification,
			concat(", ", params.words),
		]),
	}
}

known := {lower(word) | some word in params.words}
