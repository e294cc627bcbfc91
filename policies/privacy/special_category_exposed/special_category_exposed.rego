# METADATA
# title: Special category of personal data, not restricted
# description: >-
#   Health, religion, ethnicity, politics, union membership, sexual orientation, biometric and genetic data
#   may not be processed at all, but for a few reasons. A column of that kind that is not classified as
#   restricted will be joined like any other.
# related_resources:
#   - https://gdpr-info.eu/art-9-gdpr/
# custom:
#   severity: error
#   applies_to: [data-product, data-contract]
#   remedy: "Classify it as `restricted` and mask it, or say `pii: false` if it is not about persons."
#   profiles: [baseline, strict, gdpr]
#   params:
#     names:
#       description: "Regular expressions of names, as for `privacy.unclassified_personal_column`."
#       type: array
#       items: {"type": "string"}
#       default:
#         - "health(_status)?"
#         - "diagnos(is|es|e)"
#         - "disease"
#         - "medical_condition"
#         - "disability"
#         - "religion"
#         - "religious_belief"
#         - "ethnic(ity|_origin)"
#         - "race"
#         - "political_(opinion|party|affiliation)"
#         - "trade_union(_membership)?"
#         - "sexual_orientation"
#         - "biometric(_data|_template)?"
#         - "fingerprint"
#         - "genetic(_data)?"
#         - "dna"
#         - "criminal_record"
#         - "blood_(type|group)"
#         - "krankheit"
#         - "gesundheitszustand"
#         - "konfession"
#         - "gewerkschaft"
#         - "behinderung"
#         - "malattia"
#         - "salute"
#         - "religione"
#         - "maladie"
#         - "sante"
#         - "syndicat"
#         - "enfermedad"
#         - "salud"
#         - "sindicato"
#         - "discapacidad"
#     classifications:
#       description: Classifications that are strict enough.
#       type: array
#       items: {"type": "string"}
#       default:
#         - "restricted"
#         - "secret"
#         - "highly confidential"
#         - "strictly confidential"
#         - "special"
#         - "special-category"
#   note: >-
#     None of the 266 published descriptors that the rules were tried on shows it: they are about orders,
#     trips and payments.
#   since: 0.1.0
package meshgate.rules.privacy.special_category_exposed

import data.meshgate.lib.columns
import data.meshgate.params.privacy.special_category_exposed as params

findings contains finding if {
	some column in columns.all
	not column.pii == false
	regex.match(_special, columns.words(column.name))
	not _is_told(column)
	finding := {
		"pointer": column.pointer,
		"message": sprintf("column `%s` is named like a special category of personal data, and is %s", [
			column.name,
			object.get(column, "classification", "not classified"),
		]),
		"label": "Article 9 GDPR",
	}
}

_special := sprintf("(^|_)(%s)(_?[0-9]+|_code|_id)?$", [concat("|", params.names)])

_is_told(column) if column.classification in {lower(word) | some word in params.classifications}
