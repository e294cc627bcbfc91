//! What attacks on the sidecar found: ways to an answer that is weaker than it must be, or to no answer for others.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

#[path = "attacks/adapters.rs"]
mod adapters;

#[path = "attacks/exploding.rs"]
mod exploding;

#[path = "attacks/known.rs"]
mod known;

#[path = "attacks/requests.rs"]
mod requests;

#[path = "attacks/tree.rs"]
mod tree;

use serde_json::{Value, json};
use sidecar::Sidecar;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::{folder, write};

const PRODUCT: &str = "apiVersion: v1.0.0\nkind: DataProduct\nid: urn:people\nname: people\nversion: 1.0.0\nstatus: active\ndomain: hr\noutputPorts:\n  - name: people\n    version: 1.0.0\n    contractId: c-people\n";
const CONTRACT: &str = "apiVersion: v3.0.2\nkind: DataContract\nid: c-people\nname: people\nversion: 1.0.0\nstatus: active\nservers:\n  - server: dwh\n    type: trino\n    host: h\n    port: 1\n    catalog: dwh\n    schema: hr\nschema:\n  - name: people\n    physicalName: people\n    properties:\n      - name: id\n        logicalType: number\n      - name: Salary\n        logicalType: number\n      - name: IBAN\n        logicalType: string\n      - name: address\n        logicalType: object\n        properties:\n          - name: street\n            logicalType: string\n  - name: archive\n    physicalName: old.archive\n    properties:\n      - name: id\n        logicalType: number\n";
const POLICY: &str = r#"package meshgate.access.people

import rego.v1

grants contains {"reason": "x"}

denials contains {"message": "secret"} if "Salary" in input.resource.columns

masks contains {"column": "IBAN", "mask": "null"} if input.resource.port == "people"

row_filters contains {"column": "id", "op": "gt", "value": 10} if input.resource.port == "people"
"#;

fn world(policy: &str, config: &str) -> tempfile::TempDir {
    let config = format!("version: 1\nbundles: [{{ name: org, path: policy }}]\n{config}\n");
    folder(&[
        ("meshgate.yaml", config.as_str()),
        ("policy/access.rego", policy),
        ("products/people.odps.yaml", PRODUCT),
        ("products/people.odcs.yaml", CONTRACT),
    ])
}

fn start(here: &tempfile::TempDir) -> Sidecar {
    Sidecar::start(here.path(), &["products", "--config", "meshgate.yaml", "--decision-log", "log.jsonl"])
}

fn decide(sidecar: &Sidecar, resource: Value, context: Value) -> Value {
    let request = json!({"subject": {"id": "ada"}, "action": "read", "resource": resource, "context": context});
    let (status, answer) = sidecar.json("/v1/decide?sql=postgres", &request);
    assert_eq!(status, 200, "{answer}");
    answer
}

#[test]
fn another_spelling_of_a_port_or_a_column_weakens_nothing() {
    let here = world(POLICY, "");
    let sidecar = start(&here);
    for port in ["people", "People", "PEOPLE"] {
        let answer =
            decide(&sidecar, json!({"product": "urn:people", "port": port, "columns": ["iban", "ID"]}), json!({}));
        assert_eq!(answer["obligations"]["masks"][0]["column"], json!("IBAN"), "{port}: {answer}");
        assert_eq!(answer["obligations"]["row_filters"].as_array().map(Vec::len), Some(1), "{port}: {answer}");
        for column in ["Salary", "salary", "SALARY"] {
            let answer =
                decide(&sidecar, json!({"product": "urn:people", "port": port, "columns": [column]}), json!({}));
            assert_eq!(answer["verdict"], json!("deny"), "{port} {column}: {answer}");
        }
    }
    // What two columns of a contract are told apart by cannot be guessed.
    let twice = CONTRACT
        .replace("      - name: Salary", "      - name: iban\n        logicalType: string\n      - name: Salary");
    write(here.path(), "products/people.odcs.yaml", twice.as_bytes());
    let sidecar = start(&here);
    let of = |column: &str| {
        decide(&sidecar, json!({"product": "urn:people", "port": "people", "columns": [column]}), json!({}))
    };
    assert_eq!((&of("iban")["verdict"], &of("Iban")["verdict"]), (&json!("allow"), &json!("deny")));
}

#[test]
fn what_a_builtin_makes_no_sense_of_leaves_no_denial_out() {
    let policy = "package meshgate.access.a\n\nimport rego.v1\n\ngrants contains {\"reason\": \"x\"}\n\ndenials contains {\"message\": \"old\"} if to_number(input.context.age) > 5\n\nmasks contains {\"column\": \"IBAN\", \"mask\": \"partial\", \"args\": {\"last\": to_number(input.context.keep)}} if input.context.keep\n\nrow_filters contains {\"column\": \"id\", \"op\": \"ne\", \"value\": input.context.n} if input.context.n\n";
    let here = world(policy, "");
    let sidecar = start(&here);
    let resource = || json!({"product": "urn:people", "port": "people"});
    // Both gears answer at last.
    (0..150).for_each(|_| assert_eq!(decide(&sidecar, resource(), json!({"age": "1"}))["verdict"], json!("allow")));
    for (context, verdict) in [
        (json!({"age": "7"}), "deny"),
        (json!({"age": "abc"}), "deny"),
        (json!({"keep": "4"}), "allow"),
        (json!({"keep": "x4"}), "deny"),
        (json!({"n": 5}), "allow"),
    ] {
        assert_eq!(decide(&sidecar, resource(), context.clone())["verdict"], json!(verdict), "{context}");
    }
    // A number that nothing here can hold would be another one in the filter.
    for number in ["18446744073709551617", "123456789012345678901234567890"] {
        let request = format!(
            "{{\"subject\": {{\"id\": \"a\"}}, \"action\": \"read\", \"resource\": {{\"product\": \"urn:people\"}}, \"context\": {{\"n\": {number}}}}}"
        );
        let (_, _, answer) = sidecar.post("/v1/decide?sql=postgres", "application/json", request.as_bytes());
        assert!(answer.contains("\"deny\"") && answer.contains("too large to be said exactly"), "{answer}");
    }
}

#[test]
fn a_mask_that_nobody_would_apply_denies() {
    let typo = POLICY.replace("\"column\": \"IBAN\"", "\"column\": \"IBNA\"");
    let here = world(&typo, "");
    let answer = decide(&start(&here), json!({"product": "urn:people", "port": "people"}), json!({}));
    assert_eq!(
        (&answer["verdict"], &answer["reasons"][0]["rule"]),
        (&json!("deny"), &json!("access.fault")),
        "{answer}"
    );
    assert!(answer["reasons"][0]["message"].as_str().is_some_and(|why| why.contains("`IBNA`")), "{answer}");
}

#[test]
fn trino_loses_no_filter_and_no_mask() {
    let policy = POLICY.replace("denials contains {\"message\": \"secret\"} if \"Salary\" in input.resource.columns\n", "masks contains {\"column\": \"address.street\", \"mask\": \"null\"}\n\nmasks contains {\"column\": \"Salary\", \"mask\": \"redact\"}\n\nrow_filters contains {\"column\": \"id\", \"op\": \"gt\", \"value\": 99} if \"Salary\" in input.resource.columns\n");
    let here = world(&policy, "server: { adapters: { trino: { admins: [root] } } }");
    let sidecar = start(&here);
    let ask = |path: &str, user: &str, action: Value| {
        let input = json!({"context": {"identity": {"user": user, "groups": []}}, "action": action});
        sidecar.data(&format!("trino/{path}"), &json!({"input": input}).to_string()).1["result"].clone()
    };
    let table = |schema: &str, name: &str, columns: &[&str]| json!({"table": {"catalogName": "dwh", "schemaName": schema, "tableName": name, "columns": columns}});
    let column = |name: &str| json!({"column": {"catalogName": "dwh", "schemaName": "hr", "tableName": "people", "columnName": name, "columnType": "varchar"}});
    let operation = |operation: &str, resource: Value| json!({"operation": operation, "resource": resource});
    // What is within a column is masked with it.
    assert_eq!(ask("column_mask", "ada", operation("GetColumnMask", column("address"))), json!({"expression": "NULL"}));
    assert_eq!(
        ask("allow", "ada", operation("SelectFromColumns", table("hr", "people", &["id", "address"]))),
        json!(true)
    );
    // Trino asks for filters without the columns: what depends on them would be lost, and is denied.
    assert_eq!(ask("allow", "ada", operation("SelectFromColumns", table("hr", "people", &["salary"]))), json!(false));
    // A table in another schema is another one.
    assert_eq!(ask("allow", "ada", operation("SelectFromColumns", table("hr", "archive", &["id"]))), json!(false));
    assert_eq!(ask("allow", "root", operation("DropTable", table("old", "archive", &[]))), json!(false));
    // Administrators change nothing that products are in, and speak for nobody.
    let schema = json!({"schema": {"catalogName": "dwh", "schemaName": "hr"}});
    for (action, wanted) in [
        (operation("DropSchema", schema.clone()), false),
        (
            json!({"operation": "RenameSchema", "resource": schema, "targetResource": {"schema": {"catalogName": "dwh", "schemaName": "x"}}}),
            false,
        ),
        (operation("DropCatalog", json!({"catalog": {"name": "dwh"}})), false),
        (operation("ImpersonateUser", json!({"user": {"user": "ada"}})), false),
        (operation("DropSchema", json!({"schema": {"catalogName": "other", "schemaName": "x"}})), true),
    ] {
        assert_eq!(ask("allow", "root", action.clone()), json!(wanted), "{action}");
    }
    // What the engine tells of itself is shown.
    let own = table("information_schema", "tables", &["table_name"]);
    assert_eq!(ask("allow", "ada", operation("SelectFromColumns", own.clone())), json!(true));
    assert_eq!(ask("row_filters", "ada", operation("GetRowFilters", own)), json!([]));
}

#[test]
fn a_contract_that_breaks_or_goes_takes_its_product_with_it() {
    let here = world(POLICY, "");
    let sidecar = start(&here);
    let ask = || decide(&sidecar, json!({"product": "urn:people", "port": "people"}), json!({}));
    assert_eq!(ask()["verdict"], json!("allow"));
    write(here.path(), "products/people.odcs.yaml", b"kind: DataContract\n  bad: [\n");
    write(here.path(), "products/people.odps.yaml", PRODUCT.as_bytes());
    sidecar.eventually("a denial", || ask()["verdict"] == json!("deny"));
    write(here.path(), "products/people.odcs.yaml", CONTRACT.as_bytes());
    sidecar.eventually("an allowance", || ask()["verdict"] == json!("allow"));
    std::fs::remove_file(here.path().join("products/people.odcs.yaml")).expect("removed");
    sidecar.eventually("a denial", || ask()["verdict"] == json!("deny"));
    let answer = ask();
    assert!(answer["reasons"][0]["message"].as_str().is_some_and(|why| why.contains("not there any more")), "{answer}");
    // And stays so when something else is read anew.
    let other = "apiVersion: v3.0.2\nkind: DataContract\nid: other\nname: other\nversion: 1.0.0\nstatus: active\n";
    write(here.path(), "products/other.odcs.yaml", other.as_bytes());
    sidecar.eventually("the other one", || {
        decide(&sidecar, json!({"product": "other"}), json!({}))["reasons"][0]["rule"]
            != json!("access.unknown_product")
    });
    assert_eq!(ask()["verdict"], json!("deny"));
    // Without its ports, a product has none.
    let (_, ports) = PRODUCT.split_once("outputPorts").expect("ports");
    let without = PRODUCT.replace(&format!("outputPorts{ports}"), "");
    write(here.path(), "products/people.odps.yaml", without.as_bytes());
    sidecar.eventually("no port", || ask()["reasons"][0]["rule"] == json!("access.unknown_port"));
}

#[test]
fn a_products_own_policies_are_read_anew_and_troubles_are_told() {
    let here = world(POLICY, "");
    let sidecar = start(&here);
    let ask = || decide(&sidecar, json!({"product": "urn:people", "port": "people"}), json!({}))["verdict"].clone();
    assert_eq!(ask(), json!("allow"));
    let own = "products/policies/own.rego";
    write(here.path(), own, b"package meshgate.access.own\n\ndenials contains {\"message\": \"closed\"}\n");
    sidecar.eventually("the denial", || ask() == json!("deny"));
    std::fs::remove_file(here.path().join(own)).expect("removed");
    sidecar.eventually("that it is gone", || ask() == json!("allow"));
    write(here.path(), own, b"package meshgate.access.own\n\ndeny contains {\"message\": \"closed\"}\n");
    sidecar.eventually("the trouble", || ask() == json!("deny"));
    sidecar.eventually("that it is said", || {
        let said = sidecar.said.lock().expect("a lock");
        said.iter().any(|line| {
            line.contains("did you mean `denials`") && line.contains("every access to `urn:people` is denied")
        })
    });
}

#[test]
fn values_that_would_answer_nobody_keep_the_sidecar_from_starting() {
    for (config, wanted) in [
        ("server: { limits: { queue: 0 } }", "`limits.queue` is 0"),
        ("server: { public_url: decisions.example.org }", "neither http:// nor https://"),
        ("server: { adapters: { ext_authz: { routes: [{ path: x, product: y }] } } }", "begins with no `/`"),
        ("server: { adapters: { trino: { tables: { orders: { product: x } } } } }", "`catalog.schema.table`"),
        ("server: { adapters: { ext_authz: { subject_header: 'x y' } } }", "no name of a header"),
    ] {
        let here = world(POLICY, config);
        let ran =
            support::run(here.path(), &["serve", "products", "--config", "meshgate.yaml", "--listen", "127.0.0.1:0"]);
        assert!(ran.code == 2 && ran.stderr.contains(wanted), "{config}: {}", ran.stderr);
    }
}

#[test]
fn a_small_batch_does_not_become_a_large_one() {
    let here = folder(&[("b/p.rego", "package p\n\nx := 1\n")]);
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    let inputs: serde_json::Map<String, Value> = (0..9_999).map(|at| (at.to_string(), json!({}))).collect();
    let body = json!({"inputs": inputs, "common_input": {"x": "y".repeat(600_000)}});
    let (status, answer) = sidecar.json("/v1/batch/data/p/x", &body);
    assert_eq!((status, &answer["code"]), (400, &json!("invalid_parameter")), "{answer}");
    assert_eq!(sidecar.send(&sidecar.main, "GET /health HTTP/1.1", b"").0, 200);
}

#[test]
fn policies_that_callers_send_take_nobody_elses_threads() {
    let here = world(POLICY, "server: { odm: { enabled: true }, limits: { deadline_ms: 1500 } }");
    let sidecar = start(&here);
    let lines: String = (0..1_900).map(|at| format!("p contains {at} if input.x == {at}\n")).collect();
    let chain: String = (1..1_500).map(|at| format!("\tx{at} := x{} + 1\n", at - 1)).collect();
    let policies = [
        format!("package a\n\nimport rego.v1\n\n{lines}"),
        format!("package a\n\nimport rego.v1\n\nallow if {{\n\tx0 := 1\n{chain}}}\n"),
        format!("package a\n\nimport rego.v1\n\n{}", "p contains 1 if input.x\n".repeat(25_000)),
    ];
    std::thread::scope(|scope| {
        for policy in policies.iter().cycle().take(9) {
            let body = json!({"policy": {"rawContent": policy}, "objectToEvaluate": {"x": 1}});
            let sidecar = &sidecar;
            scope.spawn(move || {
                let (status, _) = sidecar.json("/api/v1/up/validator/evaluate-policy", &body);
                assert!(matches!(status, 200 | 503), "{status}");
            });
        }
        std::thread::sleep(Duration::from_millis(100));
        let began = Instant::now();
        let batch = json!({"requests": {"a": {"subject": {"id": "ada"}, "action": "read", "resource": {"product": "urn:people"}}}});
        for _ in 0..5 {
            assert_eq!(sidecar.json("/v1/batch/decide", &batch).0, 200);
        }
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    });
}

#[test]
fn a_proxys_client_speaks_for_nobody_and_leaves_no_secret() {
    let policy = "package ext_authz\n\nimport rego.v1\n\ndefault allow := false\n\nallow := {\"allowed\": true, \"headers\": {\"authorization\": \"Bearer UPSTREAM\"}} if input.attributes.request.http.headers[\"x-user\"] == \"ada\"\n\nallow := true if contains(input.certificate.xfcc, \"CN=ada\")\n\nallow := true if input.attributes.request.http.host == \"open.example\"\n";
    let here = folder(&[
        ("b/p.rego", policy),
        (
            "meshgate.yaml",
            "version: 1\nbundles: [{ name: b, path: b }]\nserver: { adapters: { ext_authz: { subject_header: X-User } } }\n",
        ),
    ]);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml", "--decision-log", "log.jsonl"]);
    let nginx = "/ext-authz/nginx HTTP/1.1\r\nx-original-method: GET\r\nx-original-uri: /x?access_token=TOK1";
    let ask = |more: &str| sidecar.send(&sidecar.main, &format!("GET {nginx}{more}"), b"").0;
    assert_eq!(ask(""), 403);
    assert_eq!(ask("\r\nx-user: ada\r\nx-api-key: KEY1\r\ncookie: TOK2"), 200);
    // Another proxy's headers, a host of the client's, and a second value are not nginx's word.
    assert_eq!(ask("\r\nx-forwarded-client-cert: Subject=\"CN=ada\""), 403);
    assert_eq!(ask("\r\nx-forwarded-host: open.example"), 403);
    assert_eq!(ask("\r\nx-user: ada\r\nx-user: eve"), 403);
    assert_eq!(
        sidecar.send(&sidecar.main, "GET /ext-authz/nginx HTTP/1.1\r\nx-original-uri: /x\r\nx-user: ada", b"").0,
        403
    );
    let log = std::fs::read_to_string(here.path().join("log.jsonl")).expect("a log");
    assert_eq!(log.lines().count(), 6, "each answer is an event: {log}");
    for secret in ["TOK1", "TOK2", "KEY1", "UPSTREAM"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn a_log_that_nobody_reads_stops_decisions_and_nothing_else() {
    let here = world(POLICY, "");
    let pipe = here.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    // A reader that does not read.
    let held = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).expect("a pipe");
    let sidecar = Sidecar::start(here.path(), &["products", "--config", "meshgate.yaml", "--decision-log", "pipe"]);
    let request = json!({"subject": {"id": "ada"}, "action": "read", "resource": {"product": "urn:people"}});
    let mut refused = 0;
    for _ in 0..300 {
        let (status, _) = sidecar.json("/v1/decide", &request);
        assert!(matches!(status, 200 | 500));
        refused += usize::from(status == 500);
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(sidecar.send(&sidecar.main, "GET /health HTTP/1.1", b"").0, 200);
    drop(held);
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_process() {
    let here = world(POLICY, "");
    let mut sidecar = start(&here);
    let mut stream = TcpStream::connect(&sidecar.main).expect("a connection");
    stream
        .write_all(
            b"POST /v1/decide HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
        )
        .expect("a part");
    std::thread::sleep(Duration::from_millis(200));
    let kill = std::process::Command::new("kill").arg(sidecar.child.id().to_string()).status().expect("kill");
    assert!(kill.success());
    let began = Instant::now();
    let status = loop {
        if let Some(status) = sidecar.child.try_wait().expect("a process") {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(25), "it is still there");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(status.success(), "{status}");
}
