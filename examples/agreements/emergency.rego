# METADATA
# title: Break-glass
# description: >-
#   In an emergency those who may declare one read what the other policies would deny, with a ticket. The owner and the
#   privacy office are told, and the access ends.
package meshgate.access.emergency

import data.lib.asked

grants contains {"reason": sprintf("emergency %s, declared by %s", [input.context.ticket, input.subject.id])} if {
	input.action == "read"
	asked.emergency
}

obligations contains {"kind": "notify", "to": to, "ticket": input.context.ticket} if {
	asked.emergency
	some to in array.concat([asked.owner], object.get(data.access.emergency, "notify", []))
}

obligations contains {"kind": "expire", "minutes": object.get(data.access.emergency, "minutes", 60)} if asked.emergency
