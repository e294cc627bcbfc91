//! Other programs' protocols over access decisions: Trino's and Kafka's documented requests, AuthZEN, proxies; and the OpenAPI
//! document.

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
        "server: { adapters: { kafka: { admins: [broker], prefixes: { flow: [flow-] }, topics: { legacy: { product: 'urn:orders', port: orders } } } } }",
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
        ("app", "READ", "GROUP", "app", true),
        ("app", "READ", "GROUP", "app-1", false),
        ("flow", "WRITE", "TRANSACTIONAL_ID", "flow-7", true),
        ("flow", "READ", "GROUP", "flow-7", true),
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
    let routes = "server: { adapters: { ext_authz: { groups_header: x-meshgate-groups, routes: [{ path: /orders, product: 'urn:orders', port: orders, columns: [id, iban] }, { path: /orders/open, product: 'urn:orders', port: open }] } } }";
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
    let validate = "/api/v1/up/validator/evaluate-policy";
    assert!(!paths.contains_key(validate) && !paths.contains_key("/access/v1/search/subject"));
    // What is told of our own types is theirs.
    let request = &document["paths"]["/v1/decide"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(request["required"], json!(["subject", "action", "resource"]), "{request}");
    let odm = mesh("server: { odm: { enabled: true } }");
    assert!(start(&odm).get("/openapi.json").1["paths"].get(validate).is_some());
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
