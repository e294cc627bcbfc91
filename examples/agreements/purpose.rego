# METADATA
# title: Purpose limitation
# description: Personal data is read for the purposes that were told to the people, and for no other (Article 5 GDPR).
package meshgate.access.purpose

import data.lib.asked

denials contains {"message": sprintf("personal data (`%s`) of %s is not for %s", [column.name, asked.served.product.name, input.purpose])} if {
	told := data.access.purposes[input.resource.product]
	not input.purpose in told
	some column in asked.columns
	asked.is_personal(column)
	not asked.emergency
}
