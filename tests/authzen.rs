//! OpenID AuthZEN by its certification scenario: evaluation, evaluations, search, discovery, and what is wrong.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

use serde_json::{Value, json};
use sidecar::Sidecar;
use support::folder;

/// The scenario's world: Alice may do everything with her record-1 and read record-2; Bob may read record-1.
const RECORDS: &str = r#"package authzen

import rego.v1

grants := {
	{"subject": "alice", "action": "read", "resource": "record-1"},
	{"subject": "alice", "action": "write", "resource": "record-1"},
	{"subject": "alice", "action": "read", "resource": "record-2"},
	{"subject": "bob", "action": "read", "resource": "record-1"},
}

wanted := {"subject": input.subject.id, "action": input.action.name, "resource": input.resource.id}

default allow := false

allow if {
	input.subject.type == "user"
	input.resource.type == "record"
	wanted in grants
	# Properties count: whoever is suspended may nothing.
	not input.subject.properties.status == "suspended"
}

search.subject contains {"type": "user", "id": grant.subject} if {
	some grant in grants
	grant.action == input.action.name
	grant.resource == input.resource.id
}

search.resource contains {"type": "record", "id": grant.resource} if {
	some grant in grants
	grant.action == input.action.name
	grant.subject == input.subject.id
}

search.action contains {"name": grant.action} if {
	some grant in grants
	grant.subject == input.subject.id
	grant.resource == input.resource.id
}
"#;

fn evaluation(subject: &str, action: &str, resource: &str) -> Value {
    json!({"subject": {"type": "user", "id": subject}, "action": {"name": action}, "resource": {"type": "record", "id": resource}})
}

#[test]
fn authzen_as_its_certification_has_it() {
    let here = folder(&[("b/authzen.rego", RECORDS)]);
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    let one = |body: &Value| sidecar.json("/access/v1/evaluation", body);
    // Eight fixed decisions, and the same again: evaluation is idempotent.
    for _ in 0..2 {
        for (subject, action, resource, wanted) in [
            ("alice", "read", "record-1", true),
            ("alice", "write", "record-1", true),
            ("alice", "read", "record-2", true),
            ("alice", "write", "record-2", false),
            ("bob", "read", "record-1", true),
            ("bob", "write", "record-1", false),
            ("bob", "read", "record-2", false),
            ("mallory", "read", "record-1", false),
        ] {
            assert_eq!(
                one(&evaluation(subject, action, resource)),
                (200, json!({"decision": wanted})),
                "{subject} {action} {resource}"
            );
        }
    }
    // Properties and context are taken, unknown fields are ignored.
    let mut more = evaluation("alice", "read", "record-1");
    more["context"] = json!({"time": "2026-01-01T00:00:00Z"});
    more["something"] = json!({"new": 1});
    more["subject"]["nickname"] = json!("al");
    assert_eq!(one(&more), (200, json!({"decision": true})));
    more["subject"]["properties"] = json!({"status": "suspended"});
    assert_eq!(one(&more), (200, json!({"decision": false})));
    // What is wrong is 400 and a text, whatever is wrong about it.
    let mut wrong = Vec::new();
    for (member, field) in
        [("subject", "type"), ("subject", "id"), ("action", "name"), ("resource", "type"), ("resource", "id")]
    {
        let mut without = evaluation("alice", "read", "record-1");
        without[member].as_object_mut().expect("an object").remove(field);
        wrong.push(without);
        let mut odd = evaluation("alice", "read", "record-1");
        odd[member][field] = json!(1);
        wrong.push(odd);
    }
    for member in ["subject", "action", "resource"] {
        let mut without = evaluation("alice", "read", "record-1");
        without.as_object_mut().expect("an object").remove(member);
        wrong.push(without);
        let mut odd = evaluation("alice", "read", "record-1");
        odd[member] = json!("alice");
        wrong.push(odd);
    }
    for (key, value) in [("context", json!("x")), ("subject", json!({"type": "user", "id": "a", "properties": []}))] {
        let mut odd = evaluation("alice", "read", "record-1");
        odd[key] = value;
        wrong.push(odd);
    }
    for body in wrong {
        let (status, answer) = one(&body);
        assert!(status == 400 && answer.is_string(), "{body}: {status} {answer}");
    }
    let good = evaluation("alice", "read", "record-1").to_string();
    for (mime, body) in
        [("text/plain", good.as_str()), ("application/json", "{"), ("application/json", ""), ("application/json", "[]")]
    {
        let (status, _, answer) = sidecar.post("/access/v1/evaluation", mime, body.as_bytes());
        assert!(
            status == 400 && serde_json::from_str::<Value>(&answer).is_ok_and(|answer| answer.is_string()),
            "{mime} {body}: {answer}"
        );
    }
    // The request's id comes back with answers, denials and errors.
    for body in [good.as_str(), "{"] {
        let head = "POST /access/v1/evaluation HTTP/1.1\r\ncontent-type: application/json; charset=utf-8\r\nx-request-id: abc-1";
        let (_, head, _) = sidecar.send(&sidecar.main, head, body.as_bytes());
        assert!(head.contains("x-request-id: abc-1"), "{head}");
    }
}

#[test]
fn authzen_evaluates_many_by_three_semantics() {
    let here = folder(&[("b/authzen.rego", RECORDS)]);
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    let many = |body: &Value| sidecar.json("/access/v1/evaluations", body);
    let common = |evaluations: Value, semantic: Option<&str>| {
        let mut body = json!({"subject": {"type": "user", "id": "alice"}, "action": {"name": "write"}, "evaluations": evaluations});
        if let Some(semantic) = semantic {
            body["options"] = json!({"evaluations_semantic": semantic});
        }
        body
    };
    let record = |id: &str| json!({"resource": {"type": "record", "id": id}});
    let items = json!([record("record-1"), record("record-2"), record("record-1")]);
    let told = |decisions: &[bool]| json!({"evaluations": decisions.iter().map(|decision| json!({"decision": decision})).collect::<Vec<_>>()});
    assert_eq!(many(&common(items.clone(), None)), (200, told(&[true, false, true])));
    assert_eq!(many(&common(items.clone(), Some("execute_all"))), (200, told(&[true, false, true])));
    assert_eq!(many(&common(items.clone(), Some("deny_on_first_deny"))), (200, told(&[true, false])));
    assert_eq!(many(&common(items.clone(), Some("permit_on_first_permit"))), (200, told(&[true])));
    assert_eq!(many(&common(items, Some("other"))).0, 400);
    // An entity of its own stands for the whole of the common one.
    let own = json!([{"subject": {"type": "user", "id": "bob"}, "action": {"name": "read"}, "resource": {"type": "record", "id": "record-1"}},
        {"subject": {"id": "bob"}, "resource": {"type": "record", "id": "record-1"}}, 7]);
    let (status, answer) = many(&common(own, None));
    let decisions: Vec<&Value> =
        answer["evaluations"].as_array().expect("a list").iter().map(|one| &one["decision"]).collect();
    assert_eq!((status, decisions), (200, vec![&json!(true), &json!(false), &json!(false)]));
    assert_eq!(answer["evaluations"][1]["context"]["error"]["status"], json!(400));
    // Without any it is one evaluation.
    for body in [evaluation("alice", "read", "record-1"), {
        let mut body = evaluation("alice", "read", "record-1");
        body["evaluations"] = json!([]);
        body
    }] {
        assert_eq!(many(&body), (200, json!({"decision": true})));
    }
    assert_eq!(many(&common(json!({}), None)).0, 400);
}

#[test]
fn authzen_searches_what_a_policy_can_tell_and_says_so() {
    let here = folder(&[("b/authzen.rego", RECORDS)]);
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    let search = |kind: &str, body: &Value| sidecar.json(&format!("/access/v1/search/{kind}"), body);
    let record = json!({"type": "record", "id": "record-1"});
    let read = json!({"name": "read"});
    // What is searched for needs no id; one that is there is ignored.
    for subject in [json!({"type": "user"}), json!({"type": "user", "id": "zoe"})] {
        let (status, answer) = search("subject", &json!({"subject": subject, "action": read, "resource": record}));
        assert_eq!(
            (status, &answer["results"]),
            (200, &json!([{"id": "alice", "type": "user"}, {"id": "bob", "type": "user"}]))
        );
        assert_eq!(answer["page"], json!({"next_token": "", "count": 2, "total": 2}));
    }
    let alice = json!({"type": "user", "id": "alice"});
    let (_, answer) = search(
        "resource",
        &json!({"subject": alice, "action": read, "resource": {"type": "record"}, "page": {"limit": 1}}),
    );
    assert_eq!(
        (&answer["results"], &answer["page"]["next_token"]),
        (&json!([{"id": "record-1", "type": "record"}]), &json!("1"))
    );
    let (_, answer) = search(
        "resource",
        &json!({"subject": alice, "action": read, "resource": {"type": "record"}, "page": {"token": "1"}}),
    );
    assert_eq!(
        (&answer["results"], &answer["page"]["next_token"]),
        (&json!([{"id": "record-2", "type": "record"}]), &json!(""))
    );
    let (_, answer) = search("action", &json!({"subject": alice, "resource": record}));
    assert_eq!(answer["results"], json!([{"name": "read"}, {"name": "write"}]));
    let (status, answer) = search("action", &json!({"subject": {"type": "user", "id": "nobody"}, "resource": record}));
    assert_eq!((status, &answer["results"]), (200, &json!([])));
    for (kind, body) in [
        ("subject", json!({"subject": {}, "action": read, "resource": record})),
        ("subject", json!({"subject": {"type": "user"}, "action": read, "resource": {"type": "record"}})),
        ("resource", json!({"subject": {"type": "user"}, "action": read, "resource": {"type": "record"}})),
        ("action", json!({"subject": alice})),
        ("action", json!({"subject": alice, "resource": record, "page": {"limit": 0}})),
        ("action", json!({"subject": alice, "resource": record, "page": {"token": "x"}})),
    ] {
        let (status, answer) = search(kind, &body);
        assert!(status == 400 && answer.is_string(), "{kind} {body}: {answer}");
    }
    let (_, told) = sidecar.get("/.well-known/authzen-configuration");
    assert_eq!(told["access_evaluation_endpoint"], json!("http://localhost/access/v1/evaluation"));
    assert_eq!(told["search_subject_endpoint"], json!("http://localhost/access/v1/search/subject"));
    // Without such rules it is not there, and nobody says that it is.
    let none = folder(&[("b/authzen.rego", "package authzen\n\nallow := true\n")]);
    let sidecar = Sidecar::start(none.path(), &["--bundle", "b", "--no-embedded"]);
    let (status, answer) = sidecar
        .json("/access/v1/search/subject", &json!({"subject": {"type": "user"}, "action": read, "resource": record}));
    assert!(status == 501 && answer.is_string());
    let (_, told) = sidecar.get("/.well-known/authzen-configuration");
    assert!(
        told.get("search_subject_endpoint").is_none() && told["policy_decision_point"] == json!("http://localhost"),
        "{told}"
    );
}
