//! Other programs' protocols: AuthZEN by its certification scenario, Open Data Mesh with its own fixtures, Trino's and Kafka's
//! documented requests, proxies, and the OpenAPI document.

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
    assert_eq!(told["access_evaluation_endpoint"], json!("http://x/access/v1/evaluation"));
    assert_eq!(told["search_subject_endpoint"], json!("http://x/access/v1/search/subject"));
    // Without such rules it is not there, and nobody says that it is.
    let none = folder(&[("b/authzen.rego", "package authzen\n\nallow := true\n")]);
    let sidecar = Sidecar::start(none.path(), &["--bundle", "b", "--no-embedded"]);
    let (status, answer) = sidecar
        .json("/access/v1/search/subject", &json!({"subject": {"type": "user"}, "action": read, "resource": record}));
    assert!(status == 501 && answer.is_string());
    let (_, told) = sidecar.get("/.well-known/authzen-configuration");
    assert!(
        told.get("search_subject_endpoint").is_none() && told["policy_decision_point"] == json!("http://x"),
        "{told}"
    );
}

const PRODUCT: &str = "apiVersion: v1.0.0\nkind: DataProduct\nid: urn:orders\nname: orders\nversion: 1.0.0\nstatus: active\ndomain: sales\noutputPorts:\n  - name: orders\n    version: 1.0.0\n    contractId: c-orders\n  - name: open\n    version: 1.0.0\n    contractId: c-open\n";
const CONTRACT: &str = "apiVersion: v3.0.2\nkind: DataContract\nid: c-orders\nname: orders\nversion: 1.0.0\nstatus: active\nservers:\n  - server: dwh\n    type: trino\n    host: h\n    port: 1\n    catalog: DWH\n    schema: sales\nschema:\n  - name: orders\n    physicalName: t_orders\n    properties:\n      - name: id\n        logicalType: string\n      - name: iban\n        logicalType: string\n        classification: restricted\n      - name: secret\n        logicalType: string\n        classification: secret\n";
const OPEN: &str = "apiVersion: v3.0.2\nkind: DataContract\nid: c-open\nname: open\nversion: 1.0.0\nstatus: active\nservers:\n  - server: bus\n    type: kafka\n    host: h\nschema:\n  - name: orders.open\n    properties:\n      - name: id\n        logicalType: string\n";
const ACCESS: &str = r#"package meshgate.access.orders

product := data.meshgate.products[input.resource.product]

is_orders if input.resource.port == "orders"

grants contains {"reason": "analysts read"} if {
	input.action == "read"
	some group in ["analysts", "owners"]
	group in input.subject.groups
}

grants contains {"reason": "the open port is open"} if {
	input.resource.port == "open"
	input.action in {"read", "write"}
	input.subject.id in {"ada", "app"}
}

denials contains {"message": "secret"} if "secret" in input.resource.columns

masks contains {"column": "iban", "mask": "null"} if {
	is_orders
	not "owners" in input.subject.groups
}

row_filters contains {"column": "id", "op": "like", "value": "a%"} if {
	is_orders
	not "owners" in input.subject.groups
}

obligations contains {"kind": "notify"} if input.purpose == "audit"
"#;

fn mesh(config: &str) -> tempfile::TempDir {
    let config = format!("version: 1\nembedded: true\nbundles: [{{ name: org, path: policy }}]\n{config}\n");
    folder(&[
        ("meshgate.yaml", config.as_str()),
        ("policy/access.rego", ACCESS),
        ("products/orders.odps.yaml", PRODUCT),
        ("products/orders.odcs.yaml", CONTRACT),
        ("products/open.odcs.yaml", OPEN),
    ])
}

fn start(here: &tempfile::TempDir) -> Sidecar {
    Sidecar::start(here.path(), &["products", "--config", "meshgate.yaml"])
}

#[test]
fn authzen_speaks_of_products_when_nobody_else_has_its_package() {
    let here = mesh("");
    let sidecar = start(&here);
    let asked = |port: &str, groups: Value| {
        json!({"subject": {"type": "user", "id": "ada", "properties": {"groups": groups}}, "action": {"name": "read"},
            "resource": {"type": "product", "id": "urn:orders", "properties": {"port": port}}})
    };
    let one = |body: &Value| sidecar.json("/access/v1/evaluation", body);
    assert_eq!(one(&asked("open", json!([]))), (200, json!({"decision": true})));
    assert_eq!(one(&asked("orders", json!(["owners"]))), (200, json!({"decision": true})));
    // Whoever may see masked columns only is denied by a client that is not known to mask.
    assert_eq!(one(&asked("orders", json!(["analysts"]))).1["decision"], json!(false));
    assert_eq!(one(&asked("nothing", json!(["owners"]))), (200, json!({"decision": false})));
    let mut other = asked("open", json!([]));
    other["resource"]["type"] = json!("document");
    assert_eq!(one(&other), (200, json!({"decision": false})));
    let here = mesh("server: { adapters: { authzen: { tells_obligations: true } } }");
    let sidecar = start(&here);
    let (_, answer) = sidecar.json("/access/v1/evaluation", &asked("orders", json!(["analysts"])));
    assert_eq!(
        (&answer["decision"], &answer["context"]["obligations"]["masks"][0]["column"]),
        (&json!(true), &json!("iban"))
    );
}

#[test]
fn trino_is_answered_at_its_five_endpoints() {
    let here = mesh(
        "server: { adapters: { trino: { admins: [root], tables: { 'hive.old.orders': { product: 'urn:orders', port: orders } } } } }",
    );
    let sidecar = start(&here);
    let ask = |path: &str, user: &str, groups: &[&str], action: Value| {
        let context = json!({"identity": {"user": user, "groups": groups}, "queryId": "20250101_1", "softwareStack": {"trinoVersion": "434"}, "properties": {}});
        let (status, answer) = sidecar
            .data(&format!("trino/{path}"), &json!({"input": {"context": context, "action": action}}).to_string());
        assert_eq!(status, 200, "{answer}");
        answer["result"].clone()
    };
    let table = |name: &str, columns: &[&str]| json!({"table": {"catalogName": "dwh", "schemaName": "sales", "tableName": name, "columns": columns}});
    let operation = |operation: &str, resource: Value| json!({"operation": operation, "resource": resource});
    let may = |user: &str, groups: &[&str], action: Value| ask("allow", user, groups, action);
    for (user, groups, action, wanted) in [
        ("ada", &["analysts"][..], operation("SelectFromColumns", table("t_orders", &["id", "iban"])), true),
        ("ada", &["analysts"], operation("SelectFromColumns", table("t_orders", &["id", "secret"])), false),
        ("ada", &["analysts"], operation("SelectFromColumns", table("t_orders", &["id", "nothing"])), false),
        ("ada", &["analysts"], operation("SelectFromColumns", table("elsewhere", &["id"])), false),
        ("eve", &[], operation("SelectFromColumns", table("t_orders", &["id"])), false),
        ("eve", &[], json!({"operation": "ExecuteQuery"}), true),
        ("eve", &[], operation("AccessCatalog", json!({"catalog": {"name": "dwh"}})), true),
        ("eve", &[], operation("AccessCatalog", json!({"catalog": {"name": "other"}})), false),
        ("ada", &["analysts"], operation("ShowSchemas", json!({"catalog": {"name": "dwh"}})), true),
        (
            "ada",
            &["analysts"],
            operation("ShowTables", json!({"schema": {"catalogName": "dwh", "schemaName": "sales"}})),
            true,
        ),
        ("ada", &["analysts"], operation("InsertIntoTable", table("t_orders", &[])), false),
        ("ada", &["analysts"], operation("DropTable", table("t_orders", &[])), false),
        ("root", &[], operation("DropTable", table("t_orders", &[])), false),
        ("root", &[], operation("DropTable", table("scratch", &[])), true),
        (
            "root",
            &[],
            json!({"operation": "RenameTable", "resource": table("scratch", &[]), "targetResource": table("t_orders", &[])}),
            false,
        ),
        (
            "ada",
            &["analysts"],
            operation(
                "SelectFromColumns",
                json!({"table": {"catalogName": "hive", "schemaName": "OLD", "tableName": "Orders", "columns": ["id"]}}),
            ),
            true,
        ),
        ("ada", &["analysts"], json!({"operation": "SomethingNew"}), false),
    ] {
        assert_eq!(may(user, groups, action.clone()), json!(wanted), "{user} {action}");
    }
    let filters = |user: &str, groups: &[&str]| {
        ask("row_filters", user, groups, operation("GetRowFilters", table("t_orders", &[])))
    };
    assert_eq!(filters("ada", &["analysts"]), json!([{"expression": "\"id\" LIKE 'a%' ESCAPE '!'"}]));
    assert_eq!(filters("ada", &["owners"]), json!([]));
    assert_eq!(filters("eve", &[]), json!([{"expression": "1 = 0"}]));
    let column = |name: &str| json!({"column": {"catalogName": "dwh", "schemaName": "sales", "tableName": "t_orders", "columnName": name, "columnType": "varchar"}});
    let mask =
        |groups: &[&str], name: &str| ask("column_mask", "ada", groups, operation("GetColumnMask", column(name)));
    assert_eq!(mask(&["analysts"], "iban"), json!({"expression": "NULL"}));
    assert_eq!(mask(&["analysts"], "id"), Value::Null);
    assert_eq!(mask(&["owners"], "iban"), Value::Null);
    assert_eq!(mask(&[], "id"), json!({"expression": "NULL"}), "whoever may not read is shown nothing");
    let batch =
        json!({"operation": "GetColumnMask", "filterResources": [column("id"), column("iban"), column("secret")]});
    let masked = json!({"expression": "NULL"});
    assert_eq!(
        ask("batch_column_masks", "ada", &["analysts"], batch),
        json!([{"index": 1, "viewExpression": masked}, {"index": 2, "viewExpression": masked}])
    );
    let list = json!({"operation": "FilterTables", "filterResources": [table("x", &[]), table("t_orders", &[])]});
    assert_eq!(ask("batch", "ada", &["analysts"], list.clone()), json!([1]));
    assert_eq!(ask("batch", "eve", &[], list), json!([]));
    let columns =
        json!({"operation": "FilterColumns", "filterResources": [table("t_orders", &["id", "secret", "iban"])]});
    assert_eq!(ask("batch", "ada", &["analysts"], columns), json!([0, 2]));
    let catalogs = json!({"operation": "FilterCatalogs", "filterResources": [{"catalog": {"name": "x"}}, {"catalog": {"name": "dwh"}}]});
    assert_eq!(ask("batch", "ada", &[], catalogs), json!([1]));
}

#[test]
fn kafka_is_answered_for_its_topics() {
    let here = mesh(
        "server: { adapters: { kafka: { admins: [broker], topics: { legacy: { product: 'urn:orders', port: orders } } } } }",
    );
    let sidecar = start(&here);
    let ask = |principal: &str, operation: &str, kind: &str, name: &str| {
        let input = json!({
            "action": {"logIfAllowed": true, "logIfDenied": true, "operation": operation,
                "resourcePattern": {"name": name, "patternType": "LITERAL", "resourceType": kind, "unknown": false}, "resourceReferenceCount": 1},
            "requestContext": {"clientAddress": "192.168.64.4", "clientInformation": {"softwareName": "unknown", "softwareVersion": "unknown"},
                "connectionId": "192.168.64.4:9092-192.168.64.1:58864-0", "listenerName": "SASL_PLAINTEXT",
                "header": {"headerVersion": 2, "name": {"clientId": "rdkafka", "correlationId": 5, "requestApiKey": 1, "requestApiVersion": 11}},
                "principal": {"name": principal, "principalType": "User"}, "securityProtocol": "SASL_PLAINTEXT"}});
        let (status, answer) = sidecar.data("kafka/authz/allow", &json!({"input": input}).to_string());
        assert_eq!(status, 200, "{answer}");
        answer["result"].as_bool().expect("a boolean")
    };
    for (principal, operation, kind, name, wanted) in [
        ("app", "READ", "TOPIC", "orders.open", true),
        ("app", "WRITE", "TOPIC", "orders.open", true),
        ("app", "DESCRIBE", "TOPIC", "orders.open", true),
        ("app", "DELETE", "TOPIC", "orders.open", false),
        ("eve", "READ", "TOPIC", "orders.open", false),
        ("app", "READ", "TOPIC", "unknown", false),
        // Its port has masks and filters, which a broker cannot carry out.
        ("app", "READ", "TOPIC", "legacy", false),
        ("app", "READ", "GROUP", "app-1", true),
        ("app", "READ", "GROUP", "application", false),
        ("app", "READ", "GROUP", "other", false),
        ("app", "IDEMPOTENT_WRITE", "CLUSTER", "kafka-cluster", true),
        ("app", "CLUSTER_ACTION", "CLUSTER", "kafka-cluster", false),
        ("broker", "CLUSTER_ACTION", "CLUSTER", "kafka-cluster", true),
        ("broker", "READ", "TOPIC", "orders.open", false),
        ("broker", "CREATE", "TOPIC", "__consumer_offsets", true),
    ] {
        assert_eq!(ask(principal, operation, kind, name), wanted, "{principal} {operation} {kind} {name}");
    }
}

#[test]
fn a_package_of_ones_own_stands_for_the_adapter() {
    let here = mesh("");
    support::write(here.path(), "policy/trino.rego", b"package trino\n\nallow := \"mine\"\n");
    let sidecar = start(&here);
    assert_eq!(sidecar.data("trino/allow", "{\"input\": {}}").1["result"], json!("mine"));
    assert_eq!(sidecar.data("trino", "{\"input\": {}}").1["result"], json!({"allow": "mine"}));
    assert_eq!(sidecar.data("kafka/authz/allow", "{\"input\": {}}").1["result"], json!(false));
}

#[test]
fn a_proxy_is_told_yes_or_no_and_under_which_obligations() {
    let routes = "server: { adapters: { ext_authz: { routes: [{ path: /orders, product: 'urn:orders', port: orders, columns: [id, iban] }, { path: /orders/open, product: 'urn:orders', port: open }] } } }";
    let here = mesh(routes);
    let sidecar =
        Sidecar::start(here.path(), &["products", "--config", "meshgate.yaml", "--decision-log", "log.jsonl"]);
    let ask = |path: &str, headers: &str| {
        sidecar.send(&sidecar.main, &format!("GET {path} HTTP/1.1\r\nauthorization: Bearer xyzzy{headers}"), b"")
    };
    let analyst = "\r\nx-meshgate-subject: ada\r\nx-meshgate-groups: staff, analysts";
    let (status, head, body) =
        ask("/ext-authz/nginx", &format!("\r\nx-original-uri: /orders/7?x=1\r\nx-original-method: GET{analyst}"));
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(
        head.contains(r#"x-meshgate-masks: [{"column":"iban","mask":"null"}]"#)
            && head.contains("x-meshgate-duties: []"),
        "{head}"
    );
    assert!(head.contains(r#"x-meshgate-row-filters: [{"column":"id","op":"like","value":"a%"}]"#), "{head}");
    for (path, headers, wanted) in [
        ("/ext-authz/caddy", format!("\r\nx-forwarded-uri: /orders\r\nx-forwarded-method: GET{analyst}"), 200),
        ("/ext-authz/traefik", format!("\r\nx-forwarded-uri: /orders/open\r\nx-forwarded-method: POST{analyst}"), 200),
        ("/ext-authz/caddy", format!("\r\nx-forwarded-uri: /orders\r\nx-forwarded-method: POST{analyst}"), 403),
        ("/ext-authz/envoy/orders/1", analyst.to_owned(), 200),
        ("/ext-authz/orders/1", analyst.to_owned(), 200),
        ("/ext-authz/envoy/elsewhere", analyst.to_owned(), 403),
        ("/ext-authz/envoy/ordersx", analyst.to_owned(), 403),
        ("/ext-authz/envoy/open/..%2forders", analyst.to_owned(), 403),
        ("/ext-authz/envoy/orders", String::new(), 403),
        ("/ext-authz/nginx", analyst.to_owned(), 403),
        ("/ext-authz", format!("\r\nx-original-uri: /orders\r\nx-forwarded-uri: /orders/open{analyst}"), 403),
    ] {
        let (status, _, body) = ask(path, &headers);
        assert_eq!(status, wanted, "{path} {headers}: {body}");
        assert!(status == 200 || body.starts_with("denied: "), "{body}");
    }
    let log = std::fs::read_to_string(here.path().join("log.jsonl")).expect("a log");
    assert!(log.lines().count() >= 7 && !log.contains("xyzzy"), "{log}");
}

#[test]
fn a_policy_for_opas_envoy_plugin_runs_as_it_is() {
    let policy = "package envoy.authz\n\nimport rego.v1\n\ndefault allow := false\n\nallow := {\"allowed\": true, \"headers\": {\"x-ext-auth\": \"yes\"}} if {\n\tinput.attributes.request.http.method == \"GET\"\n\tinput.parsed_path == [\"people\", \"1\"]\n\tinput.parsed_query.lang == [\"en\"]\n\tinput.attributes.request.http.headers[\"x-role\"] == \"admin\"\n}\n\nallow := {\"allowed\": false, \"http_status\": 429, \"body\": \"slow down\"} if input.parsed_path == [\"busy\"]\n";
    let here = folder(&[("b/p.rego", policy)]);
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    let ask = |path: &str, headers: &str| sidecar.send(&sidecar.main, &format!("GET {path} HTTP/1.1{headers}"), b"");
    let (status, head, _) = ask("/ext-authz/envoy/people/1?lang=en", "\r\nx-role: admin");
    assert!(status == 200 && head.contains("x-ext-auth: yes"), "{head}");
    assert_eq!(ask("/ext-authz/envoy/people/1?lang=en", "").0, 403);
    let (status, _, body) = ask("/ext-authz/envoy/busy", "");
    assert_eq!((status, body.as_str()), (429, "slow down"));
}

fn odm() -> Sidecar {
    let here = folder(&[("meshgate.yaml", "version: 1\nserver: { odm: { enabled: true } }\n")]);
    Sidecar::start(here.path(), &["--config", "meshgate.yaml"])
}

const VALIDATE: &str = "/api/v1/up/validator/evaluate-policy";

#[test]
fn open_data_mesh_is_answered_for_its_own_fixtures() {
    let Some(shared) = support::shared() else { return };
    let sidecar = odm();
    let read = |name: &str| std::fs::read_to_string(shared.join("odm/adapter").join(name)).expect("a fixture");
    let policy = |name: &str| -> Value {
        let mut policy: Value = serde_json::from_str(&read(&format!("policies/{name}"))).expect("JSON");
        // What they were called before.
        if let Some(raw) = policy.get("rawPolicy").cloned() {
            policy["rawContent"] = raw;
        }
        policy
    };
    let document = |name: &str| -> Value { serde_json::from_str(&read(&format!("documents/{name}"))).expect("JSON") };
    let ask = |policy: Value, object: Value| {
        sidecar.json(
            VALIDATE,
            &json!({"policyEvaluationId": 1, "policy": policy, "objectToEvaluate": object, "verbose": true}),
        )
    };
    for (name, object, wanted) in [
        ("policy1.json", "document1.json", true),
        ("policy1-updated.json", "document1.json", true),
        ("policy2.json", "document1.json", false),
        ("policy3.json", "document1.json", true),
        ("policy-versions.json", "dpd.json", true),
        ("policy-for-dp1-platform.json", "dpd.json", true),
        ("policy-with-no-allow-attribute.json", "document1.json", false),
    ] {
        let (status, answer) = ask(policy(name), document(object));
        assert_eq!((status, &answer["policyEvaluationId"]), (200, &json!(1)), "{name}: {answer}");
        assert_eq!(answer["evaluationResult"], json!(wanted), "{name}: {answer}");
        assert!(
            answer["outputObject"]["result"].is_object() && answer["outputObject"]["explanation"].is_array(),
            "{name}: {answer}"
        );
    }
    let (status, answer) = ask(policy("policy-with-missing-rego-package.json"), document("document1.json"));
    assert_eq!((status, &answer["status"]), (400, &json!(400)), "{answer}");
    let (status, answer) = ask(policy("policy-servicestype.json"), document("document-servicestype.json"));
    assert!(
        status == 200 && answer["evaluationResult"].is_boolean() && answer["outputObject"].get("error").is_none(),
        "{answer}"
    );
    for rego in ["rego1.txt", "rego2.txt", "rego-versions.txt", "rego-servicestype.txt"] {
        let (status, answer) = ask(json!({"rawContent": read(&format!("rego/{rego}"))}), document("dpd.json"));
        assert!(status == 200 && answer["outputObject"]["result"].is_object(), "{rego}: {answer}");
    }
}

#[test]
fn open_data_mesh_policies_of_every_kind_have_an_answer() {
    let sidecar = odm();
    let ask = |raw: &str, object: Value| {
        sidecar.json(VALIDATE, &json!({"policyEvaluationId": null, "policy": {"name": "p", "rawContent": raw, "createdAt": null}, "objectToEvaluate": object}))
    };
    let states =
        json!({"currentState": null, "afterState": {"dataProductVersion": {"info": {"name": "trip", "domain": "x"}}}});
    let v1 = "package a.b\n\nimport rego.v1\n\n";
    for (raw, wanted) in [
        (
            format!(
                "{v1}default allow := false\n\nallow if input.afterState.dataProductVersion.info.name == \"trip\"\n"
            ),
            true,
        ),
        (format!("{v1}allow if input.currentState == null\n"), true),
        (format!("{v1}allow if input.currentState.x\n"), false),
        (format!("{v1}allow := \"yes\"\n"), false),
        ("package a\n\ndefault allow = false\n\nallow = true { input.afterState }\n".to_owned(), true),
        (format!("{v1}deny contains \"no owner\" if not input.afterState.dataProductVersion.info.owner\n"), false),
        (format!("{v1}deny contains \"no name\" if not input.afterState.dataProductVersion.info.name\n"), true),
        (format!("{v1}violation_x contains {{\"msg\": \"x\"}}\n"), false),
        (format!("{v1}allow := true\n\ndeny contains \"x\"\n"), false),
        (format!("{v1}other := 1\n"), false),
        // What cannot be evaluated does not pass, and says why.
        (format!("{v1}allow if nothing.at.all(1)\n"), false),
        (format!("{v1}allow if f(1)\n\nf(x) := f(x)\n"), false),
        ("package dataproduct-name-checker\n\nallow := true\n".to_owned(), false),
        // An argument more takes the value, as Open Data Mesh's own examples have it.
        (format!("{v1}allow if trace(\"x\", true)\n"), true),
        (format!("{v1}allow if trace(\"x\", true, 1)\n"), false),
        (format!("{v1}allow if http.send({{\"method\": \"get\", \"url\": \"http://localhost\"}})\n"), false),
        (
            format!(
                "{v1}allow if count([1 | some i in numbers.range(1, 4000); some j in numbers.range(1, 4000); i == j]) > 0\n"
            ),
            false,
        ),
    ] {
        let (status, answer) = ask(&raw, states.clone());
        assert_eq!(
            (status, &answer["evaluationResult"], &answer["policyEvaluationId"]),
            (200, &json!(wanted), &Value::Null),
            "{raw}: {answer}"
        );
        assert!(answer["outputObject"].is_object(), "{raw}: {answer}");
    }
    let (_, answer) = ask(&format!("{v1}allow if trace(\"x\", true, 1)\n"), states.clone());
    assert!(
        answer["outputObject"]["error"].as_str().is_some_and(|why| why.contains("`trace` takes 1 argument")),
        "{answer}"
    );
    // Its data is nobody's but the caller's.
    let (_, answer) = ask(&format!("{v1}allow if data.meshgate\n"), states.clone());
    assert_eq!(answer["evaluationResult"], json!(false));
    // The doubled path, and both shapes of an error.
    let body = json!({"policy": {"rawContent": "package a\n\nallow := true\n"}, "objectToEvaluate": {"x": 1}});
    assert_eq!(sidecar.json("/api/v1/up/validator/api/v1/up/validator/evaluate-policy", &body).0, 200);
    assert_eq!(sidecar.get("/api/v1/up/validator/actuator/health"), (200, json!({"status": "UP"})));
    for (body, code) in [
        (json!({}), "40002"),
        (json!({"policy": {}}), "40003"),
        (json!({"policy": {"rawContent": "allow := true"}, "objectToEvaluate": {"x": 1}}), "40003"),
        (json!({"policy": {"rawContent": "package a"}}), "40004"),
        (json!({"policy": {"rawContent": "package a"}, "objectToEvaluate": {}}), "40004"),
        (json!([]), "50001"),
    ] {
        let (status, error) = sidecar.json(VALIDATE, &body);
        assert_eq!((status, &error["code"], &error["path"]), (400, &json!(code), &json!(VALIDATE)), "{body}: {error}");
        for key in ["status", "error", "message", "description", "timestamp"] {
            assert!(error.get(key).is_some(), "{key}: {error}");
        }
    }
}

#[test]
fn open_data_mesh_requests_side_by_side_do_not_meet() {
    let sidecar = odm();
    // The reference validator keeps a policy under the last step of its package: these would be one.
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let sidecar = &sidecar;
            scope.spawn(move || {
                for round in 0..10 {
                    let allow = (thread + round) % 2 == 0;
                    let raw = format!("package team{thread}.check\n\nallow := {allow}\n");
                    let body = json!({"policyEvaluationId": thread, "policy": {"rawContent": raw}, "objectToEvaluate": {"x": 1}});
                    let (status, answer) = sidecar.json(VALIDATE, &body);
                    assert_eq!((status, &answer["evaluationResult"], &answer["policyEvaluationId"]), (200, &json!(allow), &json!(thread)));
                }
            });
        }
    });
}

#[test]
fn open_data_mesh_is_off_unless_it_is_switched_on() {
    let here = folder(&[("meshgate.yaml", "version: 1\n")]);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    assert_eq!(sidecar.post(VALIDATE, "application/json", b"{}").0, 404);
    let here = folder(&[("meshgate.yaml", "version: 1\nserver: { odm: { enabled: true, output: string } }\n")]);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    let (_, answer) = sidecar.json(
        VALIDATE,
        &json!({"policy": {"rawContent": "package a\n\nallow := true\n"}, "objectToEvaluate": {"x": 1}}),
    );
    let text = answer["outputObject"].as_str().expect("a text");
    assert_eq!(serde_json::from_str::<Value>(text).expect("JSON")["result"], json!({"allow": true}));
}

#[test]
fn the_openapi_document_tells_of_what_is_there() {
    let here = mesh("");
    let sidecar = start(&here);
    let (status, document) = sidecar.get("/openapi.json");
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    let paths = document["paths"].as_object().expect("paths");
    for path in [
        "/v1/decide",
        "/v1/check",
        "/v1/data/{path}",
        "/v0/data/{path}",
        "/",
        "/v1/batch/data/{path}",
        "/access/v1/evaluation",
        "/ext-authz/nginx",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    assert!(!paths.contains_key(VALIDATE) && !paths.contains_key("/access/v1/search/subject"));
    // What is told of our own types is theirs.
    let request = &document["paths"]["/v1/decide"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(request["required"], json!(["subject", "action", "resource"]), "{request}");
    assert!(odm().get("/openapi.json").1["paths"].get(VALIDATE).is_some());
    // Every path that is told of is there.
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys() {
            let path = path.replace("{path}", "x").replace("{id}", "x");
            let (status, _, body) =
                sidecar.send(&sidecar.main, &format!("{} {path} HTTP/1.1", method.to_uppercase()), b"");
            assert!(
                status != 405 && !(status == 404 && body.contains("there is no")),
                "{method} {path}: {status} {body}"
            );
        }
    }
}
