package meshgate.access.agreements_test

import data.meshgate.access.agreements
import data.meshgate.access.clearance
import data.meshgate.access.consent
import data.meshgate.access.emergency
import data.meshgate.access.purpose
import data.meshgate.access.residency
import data.meshgate.access.rows

products := {"urn:x": {"product": {"name": "x", "owner": {"email": "owner@x.example"}, "ports": [{"name": "out", "contract": {"schema": [{"columns": [
	{"name": "id", "classification": "internal"},
	{"name": "email", "classification": "confidential", "pii": true},
	{"name": "religion", "classification": "special"},
	{"name": "note"},
]}]}}]}}}

terms := {
	"agreements": [
		{"id": "A", "product": "urn:x", "consumers": ["analysts", "ada"], "purposes": ["reporting"], "columns": ["id", "email"], "from": "2026-01-01", "until": "2026-12-31", "rows": [{"column": "id", "attribute": "ids"}]},
		{"id": "B", "product": "urn:x", "ports": ["other"], "consumers": ["analysts"], "purposes": ["service"], "from": "2026-01-01", "until": "2026-12-31"},
	],
	"classifications": ["public", "internal", "confidential"],
	"unclassified": "internal",
	"masks": {"confidential": "hash"},
	"personal": ["special"],
	"purposes": {"urn:x": ["reporting"]},
	"countries": ["DE"],
	"consent": {"purposes": ["marketing"], "columns": {"urn:x": "agreed"}},
	"emergency": {"groups": ["on-call"], "notify": ["privacy@x.example"], "minutes": 30},
}

# 2026-06-01
now := 1780272000000000000

request(fields) := object.union({
	"subject": {"id": "ada", "groups": ["analysts"], "attributes": {"clearance": "internal", "country": "DE", "ids": ["1"]}},
	"action": "read",
	"resource": {"product": "urn:x", "port": "out", "columns": ["id", "email"]},
	"purpose": "reporting",
	"context": {},
}, fields)

asked(fields) := answer if {
	answer := {
		"grants": agreements.grants,
		"denials": ((agreements.denials | purpose.denials) | clearance.denials) | (residency.denials | consent.denials),
		"masks": clearance.masks,
		"rows": rows.row_filters | consent.row_filters,
		"emergency": emergency.grants,
		"obligations": emergency.obligations,
	} with input as request(fields)
		with data.access as terms
		with data.meshgate.products as products
		with time.now_ns as now
}

test_an_agreement_grants if {
	answer := asked({})
	answer.grants == {{"reason": "agreement A"}}
	answer.denials == set()
	answer.masks == {{"column": "email", "mask": "hash"}}
	answer.rows == {{"column": "id", "op": "in", "value": ["1"]}}
}

test_a_person_may_be_a_party if {
	answer := asked({"subject": {"id": "ada", "groups": [], "attributes": {"country": "DE", "ids": "1"}}})
	count(answer.grants) == 1
	answer.rows == {{"column": "id", "op": "in", "value": ["1"]}}
}

test_without_the_attribute_there_are_no_rows if {
	bare := json.remove(request({}), ["subject/attributes/ids"])
	found := rows.row_filters with input as bare with data.access as terms with data.meshgate.products as products with time.now_ns as now
	found == {{"column": "id", "op": "in", "value": []}}
}

test_others_and_other_actions_are_not_granted if {
	every fields in [{"subject": {"id": "eve", "groups": []}}, {"action": "write"}, {"purpose": "service"}, {"resource": {"product": "urn:y"}}] {
		answer := asked(fields)
		answer.grants == set()
	}
}

test_other_columns_are_denied if {
	answer := asked({"resource": {"product": "urn:x", "port": "out", "columns": ["id", "note"]}})
	{"message": "column `note` is in no agreement for reporting"} in answer.denials
}

test_who_names_no_columns_asks_for_all if {
	answer := asked({"resource": {"product": "urn:x", "port": "out", "columns": []}})
	{"message": "column `religion` is special, above the clearance of ada"} in answer.denials
}

test_an_agreement_ends if {
	denied := agreements.denials with input as request({}) with data.access as terms with data.meshgate.products as products with time.now_ns as now + 100000000000000000
	denied == {{"message": sprintf("the agreement %s ended on 2026-12-31", [id])} | some id in ["A", "B"]}
}

test_a_purpose_must_be_named if {
	denied := agreements.denials with input as object.remove(request({}), ["purpose"]) with data.access as terms with data.meshgate.products as products
	{"message": "no purpose is named"} in denied
}

test_personal_data_has_purposes if {
	answer := asked({"purpose": "ads"})
	{"message": "personal data (`email`) of urn:x is not for ads"} in answer.denials
}

test_the_cleared_see_what_is if {
	answer := asked({"subject": {"id": "ada", "groups": ["analysts"], "attributes": {"clearance": "confidential", "country": "DE", "ids": []}}})
	answer.masks == set()
	answer.denials == set()
}

test_an_unknown_clearance_is_none if {
	answer := asked({"subject": {"id": "ada", "groups": ["analysts"], "attributes": {"clearance": "top", "country": "DE"}}})
	{"message": "column `id` is internal, above the clearance of ada"} in answer.denials
}

test_the_directory_goes_before_what_is_said if {
	known := object.union(terms, {"subjects": {"ada": {"clearance": "public", "country": "US"}}})
	masked := clearance.masks with input as request({}) with data.access as known with data.meshgate.products as products
	masked == {{"column": "email", "mask": "hash"}}
	denied := residency.denials with input as request({}) with data.access as known with data.meshgate.products as products
	count(denied) == 1
}

test_countries if {
	every country in ["US", "nowhere"] {
		answer := asked({"subject": {"id": "ada", "groups": ["analysts"], "attributes": {"clearance": "internal", "country": country}}})
		{"message": sprintf("personal data (`email`) may not be read from %s", [country])} in answer.denials
	}
}

test_consent_is_a_filter if {
	answer := asked({"purpose": "marketing"})
	{"column": "agreed", "op": "eq", "value": true} in answer.rows
}

test_without_a_column_for_consent_it_is_denied if {
	without := object.union(json.remove(terms, ["consent"]), {"consent": {"purposes": ["marketing"], "columns": {}}})
	denied := consent.denials with input as request({"purpose": "marketing"}) with data.access as without with data.meshgate.products as products
	count(denied) == 1
}

test_a_contract_that_is_asked_for_by_its_id_has_its_columns if {
	contracts := {"c": {"contracts": [{"schema": [{"columns": [{"name": "religion", "classification": "special"}]}]}]}}
	asked_for := request({"resource": {"product": "c", "port": "out", "columns": []}})
	found := clearance.denials with input as asked_for with data.access as terms with data.meshgate.products as contracts
	{"message": "column `religion` is special, above the clearance of ada"} in found
}

nested := {"urn:x": {"product": {"ports": [{"direction": "output", "name": "out", "contract": {"schema": [{"columns": [
	{"name": "person", "columns": [{"name": "email", "classification": "confidential", "pii": true, "columns": []}]},
]}]}}]}}}

test_what_lies_within_a_column_counts_for_it if {
	every columns in [[], ["person"], ["person.email"]] {
		asked_for := request({"resource": {"product": "urn:x", "port": "out", "columns": columns}})
		masked := clearance.masks with input as asked_for with data.access as terms with data.meshgate.products as nested
		masked == {{"column": "person", "mask": "hash"}}
	}
}

test_a_port_without_a_contract_is_denied if {
	bare := {"urn:x": {"product": {"ports": [{"direction": "output", "name": "out"}]}}}
	found := agreements.denials with input as request({"resource": {"product": "urn:x", "port": "out", "columns": []}})
		with data.access as terms
		with data.meshgate.products as bare
		with time.now_ns as now
	{"message": "nothing is known of its columns: its contract is not in sight"} in found
}

test_terms_that_say_nothing_are_the_strictest if {
	silent := json.remove(terms, ["unclassified"])
	asked_for := request({"resource": {"product": "urn:x", "port": "out", "columns": ["note"]}})
	found := clearance.denials with input as asked_for with data.access as silent with data.meshgate.products as products
	found == {{"message": "column `note` is not classified, above the clearance of ada"}}
	open := object.union(terms, {"agreements": [{"id": "A", "product": "urn:x", "consumers": ["ada"], "purposes": ["reporting"], "from": "2026-01-01", "until": "2026-12-31", "rows": [{"column": "id"}]}]})
	filters := rows.row_filters with input as request({}) with data.access as open with data.meshgate.products as products with time.now_ns as now
	filters == {{"column": "id", "op": "in", "value": []}}
}

test_the_owner_is_told_whatever_the_terms_say if {
	quiet := object.union(json.remove(terms, ["emergency"]), {"emergency": {"groups": ["on-call"]}})
	asked_for := request({"purpose": "emergency", "subject": {"id": "joe", "groups": ["on-call"]}, "context": {"ticket": "INC-1"}})
	told := emergency.obligations with input as asked_for with data.access as quiet with data.meshgate.products as products
	told == {{"kind": "notify", "to": "owner@x.example", "ticket": "INC-1"}, {"kind": "expire", "minutes": 60}}
}

test_what_nobody_looked_at_is_personal if {
	asked_for := request({"resource": {"product": "urn:x", "port": "out", "columns": ["note"]}, "purpose": "ads"})
	found := purpose.denials with input as asked_for with data.access as terms with data.meshgate.products as products
	count(found) == 1
}

test_break_glass_is_granted_and_told if {
	answer := asked({"purpose": "emergency", "subject": {"id": "joe", "groups": ["on-call"]}, "context": {"ticket": "INC-1"}})
	count(answer.emergency) == 1
	answer.denials == set()
	answer.obligations == {
		{"kind": "notify", "to": "owner@x.example", "ticket": "INC-1"},
		{"kind": "notify", "to": "privacy@x.example", "ticket": "INC-1"},
		{"kind": "expire", "minutes": 30},
	}
}

test_break_glass_needs_a_ticket_and_a_group if {
	every fields in [
		{"subject": {"id": "joe", "groups": ["on-call"]}, "context": {"ticket": " "}},
		{"subject": {"id": "joe", "groups": ["on-call"]}, "context": {}},
		{"subject": {"id": "eve", "groups": ["analysts"]}, "context": {"ticket": "INC-1"}},
	] {
		answer := asked(object.union({"purpose": "emergency"}, fields))
		count(answer.emergency) + count(answer.obligations) == 0
	}
}
