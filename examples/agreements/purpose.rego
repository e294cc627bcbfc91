# METADATA
# title: Purpose limitation
# description: Personal data is read for the purposes that were told to the people, and for no other (Article 5 GDPR).
package meshgate.access.purpose

import data.lib.asked

denials contains {"message": message} if {
	told := data.access.purposes[input.resource.product]
	not _purpose in told
	some one in asked.columns
	asked.is_personal(one.column)
	not asked.emergency
	message := sprintf("personal data (`%s`) of %s is not for %v", [one.name, input.resource.product, _purpose])
}

_purpose := object.get(input, "purpose", "no purpose")
