# METADATA
# title: Residency
# description: Personal data is read from the countries that may have it (Chapter V GDPR). Who does not say where they are is nowhere.
package meshgate.access.residency

import data.lib.asked

denials contains {"message": sprintf("personal data (`%s`) may not be read from %s", [one.name, _country])} if {
	not _country in data.access.countries
	some one in asked.columns
	asked.is_personal(one.column)
	not asked.emergency
}

_country := object.get(asked.attributes, "country", "nowhere")
