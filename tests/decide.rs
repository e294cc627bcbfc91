//! Access decisions over HTTP: descriptors that are served, policies of every layer, obligations as SQL, what is wrong, what
//! changes and what fails while it is served, and the log.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

use serde_json::{Value, json};
use sidecar::Sidecar;
use std::time::{Duration, Instant};
use support::{folder, write};

const PRODUCT: &str = "apiVersion: v1.0.0\nkind: DataProduct\nid: urn:orders\nname: orders\nversion: 1.0.0\nstatus: active\ndomain: sales\noutputPorts:\n  - name: orders\n    version: 1.0.0\n    contractId: c-orders\n  - name: raw\n    version: 1.0.0\n    contractId: elsewhere\n";
const CONTRACT: &str = "apiVersion: v3.0.2\nkind: DataContract\nid: c-orders\nname: orders\nversion: 1.0.0\nstatus: active\ndomain: sales\nservers:\n  - server: dwh\n    type: trino\n    host: h\n    port: 1\n    catalog: dwh\n    schema: sales\n  - server: bus\n    type: kafka\n    host: h\nschema:\n  - name: orders\n    physicalName: t_orders\n    properties:\n      - name: id\n        logicalType: string\n      - name: IBAN\n        logicalType: string\n        classification: restricted\n      - name: region\n        logicalType: string\n";
const POLICY: &str = r#"package meshgate.access.terms

product := data.meshgate.products[input.resource.product]

grants contains {"reason": sprintf("%s reads %s", [input.subject.id, product.product.name])} if {
	input.action == "read"
	"analysts" in input.subject.groups
}

denials contains {"message": "marketing is not in the terms"} if input.purpose == "marketing"

masks contains {"column": column.name, "mask": "hash", "args": {"salt": "it's"}} if {
	some contract in product.contracts
	some table in contract.schema
	some column in table.columns
	column.classification == "restricted"
	not "privacy" in input.subject.groups
}

row_filters contains {"column": "region", "op": "in", "value": input.subject.attributes.regions}

obligations contains {"kind": "notify", "to": "owner"} if input.purpose == "emergency"
"#;

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("meshgate.yaml", "version: 1\nembedded: false\nbundles: [{ name: org, path: policy }]\nmesh: complete\n"),
        ("policy/terms.rego", POLICY),
        ("products/orders/orders.odps.yaml", PRODUCT),
        ("products/orders/orders.odcs.yaml", CONTRACT),
    ]
}

fn start(here: &tempfile::TempDir, args: &[&str]) -> Sidecar {
    let all: Vec<&str> = ["products", "--config", "meshgate.yaml"].iter().chain(args).copied().collect();
    Sidecar::start(here.path(), &all)
}

fn request() -> Value {
    json!({"subject": {"id": "ada", "groups": ["analysts"], "attributes": {"regions": ["eu", "o'x"]}}, "action": "read",
        "resource": {"product": "urn:orders", "port": "orders", "columns": ["id", "iban"]}})
}

fn with(key: &str, value: Value) -> Value {
    let mut request = request();
    request[key] = value;
    request
}

fn reasons(answer: &Value) -> Vec<&str> {
    answer["reasons"]
        .as_array()
        .expect("reasons")
        .iter()
        .map(|reason| reason["rule"].as_str().expect("a rule"))
        .collect()
}

#[test]
fn a_decision_has_reasons_obligations_and_a_revision() {
    let here = folder(&files());
    let sidecar = start(&here, &[]);
    // Often enough that both gears have answered, on the connection's thread and on others.
    for _ in 0..200 {
        let (status, answer) = sidecar.json("/v1/decide", &request());
        assert_eq!((status, &answer["verdict"]), (200, &json!("allow")), "{answer}");
        assert_eq!(answer["reasons"], json!([{"rule": "access.terms", "message": "ada reads orders"}]));
        let masks = json!([{"column": "IBAN", "mask": "hash", "args": {"salt": "it's"}, "reversible": true}]);
        let filters = json!([{"column": "region", "op": "in", "value": ["eu", "o'x"]}]);
        assert_eq!(answer["obligations"], json!({"masks": masks, "row_filters": filters, "duties": []}));
        assert!(answer["decision_id"].as_str().is_some_and(|id| id.len() == 36));
        assert_eq!(answer["revision"].as_str().map(str::len), Some(16));
    }
    let (_, metrics) = (0, sidecar.send(&sidecar.admin, "GET /metrics HTTP/1.1", b"").2);
    assert!(metrics.contains("meshgate_rego_differences_total 0"), "{metrics}");
    let (_, answer) = sidecar.json("/v1/decide?sql=trino", &with("purpose", json!("emergency")));
    let sql = &answer["obligations"]["sql"];
    assert_eq!(sql["where"], json!(r#""region" IN ('eu', 'o''x')"#), "{answer}");
    assert!(
        sql["columns"]["IBAN"].as_str().is_some_and(|text| text.contains("CONCAT('it''s', CAST(\"IBAN\" AS VARCHAR))"))
    );
    assert_eq!(answer["obligations"]["duties"], json!([{"kind": "notify", "to": "owner"}]));
    for (dialect, wanted) in
        [("bigquery", r"`region` IN ('eu', 'o\'x')"), ("postgres", r#""region" IN ('eu', 'o''x')"#)]
    {
        let (_, answer) = sidecar.json(&format!("/v1/decide?sql={dialect}"), &request());
        assert_eq!(answer["obligations"]["sql"]["where"], json!(wanted));
    }
}

#[test]
fn what_is_not_granted_or_not_there_is_denied_and_nothing_is_obliged() {
    let here = folder(&files());
    let sidecar = start(&here, &[]);
    let resource = |resource: Value| with("resource", resource);
    for (request, rule) in [
        (with("purpose", json!("marketing")), "access.terms"),
        (with("subject", json!({"id": "eve"})), "access.no_grant"),
        (with("action", json!("write")), "access.no_grant"),
        (resource(json!({"product": "urn:other"})), "access.unknown_product"),
        (resource(json!({"product": "urn:orders", "port": "nothing"})), "access.unknown_port"),
        (
            resource(json!({"product": "urn:orders", "port": "orders", "columns": ["id", "nothing"]})),
            "access.unknown_column",
        ),
    ] {
        let (status, answer) = sidecar.json("/v1/decide", &request);
        assert_eq!((status, &answer["verdict"]), (200, &json!("deny")), "{request}");
        assert_eq!(reasons(&answer), [rule], "{answer}");
        assert_eq!(answer["obligations"], json!({"masks": [], "row_filters": [], "duties": []}));
    }
    // Of a contract that is not in sight, nobody knows the columns.
    let (_, answer) =
        sidecar.json("/v1/decide", &resource(json!({"product": "urn:orders", "port": "raw", "columns": ["x"]})));
    assert_eq!(answer["verdict"], json!("allow"));
}

#[test]
fn requests_that_are_wrong_are_told_in_our_shape() {
    let here = folder(&files());
    let sidecar = start(&here, &[]);
    let long = "x".repeat(33 << 20);
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let asked = request().to_string();
    for (path, mime, body, status, words) in [
        ("/v1/decide", "text/plain", asked.as_str(), 415, "application/json"),
        ("/v1/decide", "application/json", "{", 400, "the request is wrong"),
        ("/v1/decide", "application/json", "", 400, "the request is wrong"),
        ("/v1/decide", "application/json", "[]", 400, "the request is no object"),
        ("/v1/decide", "application/json", "{\"acton\": 1}", 400, "unknown key `acton`"),
        ("/v1/decide", "application/json", "{\"subject\": {\"id\": 1}}", 400, "`subject.id` is no text"),
        ("/v1/decide?sql=mysql", "application/json", asked.as_str(), 400, "there is no SQL of `mysql`"),
        ("/v1/decide?sqll=trino", "application/json", asked.as_str(), 400, "unknown parameter `sqll`"),
        ("/v1/decide", "application/json", &deep, 400, "recursion limit"),
        ("/v1/decide", "application/json", &long, 413, "request body too large"),
        ("/v1/nothing", "application/json", "{}", 404, "openapi.json"),
    ] {
        let (code, head, body) = sidecar.post(path, mime, body.as_bytes());
        assert_eq!(code, status, "{path} {body}");
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        let problem: Value = serde_json::from_str(&body).expect("JSON");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{body}");
    }
    assert_eq!(sidecar.json("/v1/decide", &request()).1["verdict"], json!("allow"));
}

#[test]
fn a_batch_answers_each_and_denies_what_is_wrong() {
    let here = folder(&files());
    let sidecar = start(&here, &["--decision-log", "log.jsonl"]);
    let batch = json!({"requests": {"a": request(), "b": with("purpose", json!("marketing")), "c": {"subject": 1}}});
    let (status, answer) = sidecar.json("/v1/batch/decide?sql=duckdb", &batch);
    assert_eq!(status, 200);
    let of = |name: &str| &answer["answers"][name];
    assert_eq!([&of("a")["verdict"], &of("b")["verdict"], &of("c")["verdict"]], ["allow", "deny", "deny"]);
    assert_eq!(reasons(of("c")), ["access.bad_request"]);
    assert!(of("a")["obligations"]["sql"]["where"].is_string());
    for wrong in [json!({"requests": {}}), json!([{"a": request()}]), json!({"requests": []})] {
        assert_eq!(sidecar.json("/v1/batch/decide", &wrong).0, 400, "{wrong}");
    }
    let log = std::fs::read_to_string(here.path().join("log.jsonl")).expect("a log");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event["batch_decision_id"] == answer["batch_decision_id"]));
}

#[test]
fn a_domain_and_a_product_have_policies_of_their_own_for_their_own() {
    let mut files = files();
    let other = PRODUCT.replace("urn:orders", "urn:returns").replace("name: orders\nversion", "name: returns\nversion");
    let other: &str = Box::leak(other.into_boxed_str());
    files.extend([
        ("products/returns/returns.odps.yaml", other),
        // A product's own policy travels beside its descriptor.
        ("products/returns/policies/own.rego", "package meshgate.access.returns_own\n\ndenials contains {\"message\": \"closed\"}\n\ngrants contains {\"reason\": \"x\"}\n"),
    ]);
    let here = folder(&files);
    let sidecar = start(&here, &[]);
    assert_eq!(sidecar.json("/v1/decide", &request()).1["verdict"], json!("allow"));
    let (_, answer) = sidecar.json("/v1/decide", &with("resource", json!({"product": "urn:returns"})));
    assert_eq!((&answer["verdict"], reasons(&answer)), (&json!("deny"), vec!["access.returns_own"]));
    // What does not load in one product's layer is that product's trouble.
    write(here.path(), "products/returns/policies/own.rego", b"package meshgate.access.returns_own\n\ndenials :=\n");
    let sidecar = start(&here, &[]);
    assert_eq!(sidecar.json("/v1/decide", &request()).1["verdict"], json!("allow"));
    let (_, answer) = sidecar.json("/v1/decide", &with("resource", json!({"product": "urn:returns"})));
    assert_eq!((&answer["verdict"], reasons(&answer)), (&json!("deny"), vec!["access.fault"]), "{answer}");
}

#[test]
fn a_descriptor_that_changes_is_read_anew_and_denied_while_it_cannot_be() {
    let here = folder(&files());
    let sidecar = start(&here, &[]);
    let (_, first) = sidecar.json("/v1/decide", &request());
    assert_eq!(first["verdict"], json!("allow"));
    write(here.path(), "products/orders/orders.odps.yaml", b"kind: DataProduct\n  bad: [\n");
    sidecar.eventually("a denial", || sidecar.json("/v1/decide", &request()).1["verdict"] == json!("deny"));
    let (status, answer) = sidecar.json("/v1/decide", &request());
    assert_eq!((status, reasons(&answer)), (200, vec!["access.fault"]));
    assert!(answer["reasons"][0]["message"].as_str().is_some_and(|why| why.contains("orders.odps.yaml:2")), "{answer}");
    // Others are asked for as before, and the process lives.
    assert_eq!(sidecar.send(&sidecar.main, "GET /health HTTP/1.1", b"").0, 200);
    let mended = CONTRACT.replace("IBAN", "account");
    write(here.path(), "products/orders/orders.odcs.yaml", mended.as_bytes());
    write(here.path(), "products/orders/orders.odps.yaml", PRODUCT.as_bytes());
    let asked = with("resource", json!({"product": "urn:orders", "port": "orders", "columns": ["account"]}));
    sidecar.eventually("the new columns", || sidecar.json("/v1/decide", &asked).1["verdict"] == json!("allow"));
    let (_, last) = sidecar.json("/v1/decide", &asked);
    assert_eq!(last["obligations"]["masks"][0]["column"], json!("account"));
    assert_ne!(last["revision"], first["revision"]);
}

#[test]
fn a_policy_that_faults_denies_and_harms_nobody_else() {
    let mut files = files();
    let slow = "package meshgate.access.slow\n\ngrants contains {\"reason\": \"x\"} if {\n\tinput.context.slow\n\tcount([1 | some i in numbers.range(1, 4000); some j in numbers.range(1, 4000); i * j == 7]) > 0\n}\n";
    files.push(("policy/slow.rego", slow));
    files.push((
        "policy/odd.rego",
        "package meshgate.access.odd\n\nmasks contains {\"column\": \"id\", \"mask\": \"blur\"} if input.context.odd\n",
    ));
    let here = folder(&files);
    let sidecar = start(&here, &[]);
    (0..150).for_each(|_| assert_eq!(sidecar.json("/v1/decide", &request()).1["verdict"], json!("allow")));
    let (status, answer) = sidecar.json("/v1/decide", &with("context", json!({"odd": true})));
    assert_eq!((status, reasons(&answer)), (200, vec!["access.fault"]));
    assert!(
        answer["reasons"][0]["message"].as_str().is_some_and(|why| why.contains("unknown mask `blur`")),
        "{answer}"
    );
    // Evaluations that loop, many at once: those beside them are answered in time.
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| sidecar.json("/v1/decide", &with("context", json!({"slow": true}))).1))
            .collect();
        let began = Instant::now();
        for _ in 0..20 {
            assert_eq!(sidecar.json("/v1/decide", &request()).1["verdict"], json!("allow"));
            assert_eq!(sidecar.send(&sidecar.main, "GET /health HTTP/1.1", b"").0, 200);
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        for answer in slow {
            let answer = answer.join().expect("an answer");
            assert_eq!((&answer["verdict"], reasons(&answer)), (&json!("deny"), vec!["access.fault"]), "{answer}");
        }
    });
}

#[test]
fn a_full_queue_and_a_deadline_are_told_and_deny() {
    let slow = "package slow\n\np if count([1 | some i in numbers.range(1, 4000); some j in numbers.range(1, 4000); i * j == 7]) > 0\n";
    let config = "version: 1\nembedded: false\nbundles: [{ name: org, path: policy }]\nlimits: { rule_deadline_ms: 60000 }\nserver: { limits: { deadline_ms: 400, queue: 2, threads: 1 } }\n";
    let here = folder(&[("meshgate.yaml", config), ("policy/slow.rego", slow)]);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    let answers: Vec<(u16, String, String)> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| sidecar.post("/v1/data/slow/p", "application/json", b"{\"input\": {}}")))
            .collect();
        asked.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let busy: Vec<_> = answers.iter().filter(|(status, ..)| *status == 503).collect();
    assert!(busy.len() >= 4, "{answers:?}");
    assert!(
        busy.iter().all(|(_, head, body)| head.contains("retry-after: 1") && body.contains("internal_error")),
        "{busy:?}"
    );
    // Nothing that was not evaluated to its end has a result.
    assert!(answers.iter().all(|(status, _, body)| *status >= 500 && !body.contains("result")), "{answers:?}");
    assert_eq!(sidecar.send(&sidecar.main, "GET /health HTTP/1.1", b"").0, 200);
}

#[test]
fn every_answer_is_one_event_in_the_log_before_it_leaves() {
    let here = folder(&files());
    let sidecar = start(&here, &["--decision-log", "log.jsonl"]);
    let (_, decided) = sidecar.json("/v1/decide", &request());
    let (_, asked) = sidecar.data("meshgate/products/urn:orders/product/name", "{\"input\":\n{\"a\":\n1}}");
    assert_eq!(asked["result"], json!("orders"));
    let (_, _, checked) = sidecar.post("/v1/check?file=c.yaml", "application/yaml", CONTRACT.as_bytes());
    assert!(checked.contains("nothing was judged") || checked.contains("verdict"), "{checked}");
    let log = std::fs::read_to_string(here.path().join("log.jsonl")).expect("a log");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON on one line")).collect();
    let event = &events[0];
    assert_eq!(event["decision_id"], decided["decision_id"]);
    assert_eq!((&event["path"], &event["input"], &event["result"]), (&json!("meshgate/decide"), &request(), &decided));
    assert!(event["bundles"]["org"]["revision"].is_string() && event["labels"]["id"].is_string());
    assert!(event["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')) && event["requested_by"].is_string());
    assert_eq!(events[1]["decision_id"], asked["decision_id"]);
    assert_eq!((&events[1]["input"], &events[1]["result"]), (&json!({"a": 1}), &json!("orders")));
    let missing =
        support::run(here.path(), &["serve", "--decision-log", "no/such/folder/log", "--config", "meshgate.yaml"]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
    let address = support::run(here.path(), &["serve", "--decision-log", "ftp://logs", "--config", "meshgate.yaml"]);
    assert!(address.code == 2 && address.stderr.contains("begins with http:// or https://"), "{}", address.stderr);
}

#[test]
fn a_log_that_cannot_be_written_lets_no_answer_leave() {
    let here = folder(&files());
    let sidecar = start(&here, &["--decision-log", "/dev/full"]);
    let (status, answer) = sidecar.json("/v1/decide", &request());
    assert_eq!(status, 500);
    assert!(answer["detail"].as_str().is_some_and(|why| why.contains("treat it as a denial")), "{answer}");
    let (status, answer) = sidecar.data("meshgate/products", "{}");
    assert_eq!((status, &answer["code"]), (500, &json!("internal_error")));
    assert!(answer.get("result").is_none());
}

#[test]
fn what_cannot_be_served_keeps_the_sidecar_from_starting() {
    let mut all = files();
    all.push(("products/again.odps.yaml", PRODUCT));
    let here = folder(&all);
    for (path, wanted) in [
        ("products", "is the id of"),
        ("nothing", "cannot be opened"),
        ("policy", "no descriptor found"),
        ("policy/terms.rego", "policy/terms.rego"),
    ] {
        let ran = support::run(here.path(), &["serve", path, "--config", "meshgate.yaml", "--listen", "127.0.0.1:0"]);
        assert_eq!(ran.code, 2, "{path}: {}", ran.stderr);
        assert!(ran.stderr.contains(wanted), "{path}: {}", ran.stderr);
    }
}
