# METADATA
# title: Data-sharing agreements
# description: Who has an agreement that is in force, for the purpose, on the port and the columns, may read; nobody else.
package meshgate.access.agreements

import data.lib.asked

grants contains {"reason": sprintf("agreement %s", [agreement.id])} if {
	input.action == "read"
	some agreement in asked.covering
}

denials contains {"message": "no purpose is named"} if {
	not input.purpose
}

denials contains {"message": sprintf("the agreement %s ended on %s", [agreement.id, agreement.until])} if {
	count(asked.in_force) == 0
	some agreement in asked.signed
	agreement.until < asked.today
	not asked.emergency
}

denials contains {"message": "nothing is known of its columns: its contract is not in sight"} if asked.unknown

denials contains {"message": sprintf("column `%s` is in no agreement for %s", [one.name, input.purpose])} if {
	count(asked.covering) > 0
	some one in asked.columns
	every agreement in asked.covering {
		not _covers(agreement, one)
	}
	not asked.emergency
}

_covers(agreement, _) if not agreement.columns

_covers(agreement, one) if one.name in agreement.columns
