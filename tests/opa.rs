//! OPA's API, request by request. Each answer is written here; with `OPA=/path/to/opa` the same requests are put to OPA's own
//! server over the same bundle, and the answers are compared.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

use serde_json::{Value, json};
use sidecar::Sidecar;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use support::folder;

const POLICY: &str = r#"package app

import rego.v1

default allow := false

allow if input.user == data.app.admin

names contains name if some name in input.names

broken := 1 / input.zero

f(x) := 1 if x

f(x) := 2 if x

clash := f(true)

seen if {
	trace("looked")
	input.never
}
"#;
const SYSTEM: &str = "package system\n\nmain := {\"user\": input.user} if input.user\n";
const HEALTH: &str = "package system.health\n\nlive := true\n\nready := false\n";

fn bundle() -> tempfile::TempDir {
    folder(&[
        ("b/app/a.rego", POLICY),
        ("b/app/data.json", "{\"admin\": \"ana\", \"list\": [{\"x\": 1}], \"a/b\": 5}"),
        ("b/system/s.rego", SYSTEM),
        ("b/system/health/h.rego", HEALTH),
    ])
}

/// Sends one request; returns status, head and the body as it came.
fn send(address: &str, head: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let length = if body.is_empty() { String::new() } else { format!("\r\ncontent-length: {}", body.len()) };
    write!(stream, "{head}\r\nhost: localhost\r\nconnection: close{length}\r\n\r\n").expect("a request");
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let mut body = answer[end + 4..].to_vec();
    if head.contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    (status, head, body)
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&body[..end]).trim(), 16).expect("a size");
        whole.extend(&body[end + 2..end + 2 + size]);
        body = &body[(end + 4 + size).min(body.len())..];
    }
    whole
}

/// OPA's own server, when there is one.
struct Opa {
    child: Child,
    address: String,
}

impl Opa {
    fn start(folder: &Path) -> Option<Self> {
        let Some(program) = std::env::var_os("OPA") else {
            println!("skipped: the comparison with OPA's server; OPA=/path/to/opa names it");
            return None;
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let mut command = Command::new(program);
        command.current_dir(folder.join("b")).args(["run", "--server", "--addr", &address, "--bundle", "."]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("OPA");
        for _ in 0..100 {
            if TcpStream::connect(&address).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Some(Self { child, address })
    }
}

impl Drop for Opa {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What differs between any two runs is left out; of messages only that there is one, since the engines word them otherwise.
fn plain(body: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if let Some(map) = value.as_object_mut() {
        for key in ["decision_id", "metrics", "provenance", "batch_decision_id"] {
            map.remove(key);
        }
        if map.contains_key("code") {
            map.insert("message".to_owned(), json!("…"));
            for error in map.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
                *error = json!({"code": error["code"]});
            }
        }
    }
    value
}

#[test]
fn every_request_is_answered_as_opa_answers_it() {
    let here = bundle();
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    let opa = Opa::start(here.path());
    let error = |code: &str| json!({"code": code, "message": "…"});
    let failed = |code: &str| json!({"code": "internal_error", "message": "…", "errors": [{"code": code}]});
    let warned = json!({"code": "api_usage_warning", "message": "'input' key missing from the request"});
    let cases: Vec<(&str, &str, u16, Value)> = vec![
        ("POST /v1/data/app/allow", r#"{"input": {"user": "ana"}}"#, 200, json!({"result": true})),
        ("POST /v1/data/app/allow", r#"{"input": {"user": "bob"}, "other": 1}"#, 200, json!({"result": false})),
        ("POST /v1/data/app/allow/", r#"{"input": {"user": "ana"}}"#, 200, json!({"result": true})),
        ("POST /v1/data/app/nothing", r#"{"input": {}}"#, 200, json!({})),
        ("POST /v1/data/nothing/at/all", r#"{"input": {}}"#, 200, json!({})),
        ("POST /v1/data/app/allow", "", 200, json!({"result": false, "warning": warned})),
        ("POST /v1/data/app/allow", "{}", 200, json!({"result": false, "warning": warned})),
        ("POST /v1/data/app/allow", r#"{"input": null}"#, 200, json!({"result": false, "warning": warned})),
        ("POST /v1/data/app/names", r#"{"input": {"names": ["b", "a", "b"]}}"#, 200, json!({"result": ["a", "b"]})),
        ("POST /v1/data/app/list/0/x", r#"{"input": {}}"#, 200, json!({"result": 1})),
        ("POST /v1/data/app/a%2Fb", r#"{"input": {}}"#, 200, json!({"result": 5})),
        ("POST /v1/data/app/broken", r#"{"input": {"zero": 0}}"#, 200, json!({})),
        (
            "POST /v1/data/app/broken?strict-builtin-errors",
            r#"{"input": {"zero": 0}}"#,
            500,
            failed("eval_builtin_error"),
        ),
        ("POST /v1/data/app/broken?strict-builtin-errors=false", r#"{"input": {"zero": 0}}"#, 200, json!({})),
        ("POST /v1/data/app/clash", r#"{"input": {}}"#, 500, failed("eval_conflict_error")),
        ("POST /v1/data/app/allow", "{", 400, error("invalid_parameter")),
        ("POST /v1/data/app/allow", "[]", 400, error("invalid_parameter")),
        ("GET /v1/data/app/allow?input=%7B%22user%22%3A%22ana%22%7D", "", 200, json!({"result": true})),
        ("GET /v1/data/app/allow", "", 200, json!({"result": false})),
        ("GET /v1/data/app/allow?input=%7B", "", 400, error("invalid_parameter")),
        ("GET /v1/data/app/admin", "", 200, json!({"result": "ana"})),
        ("POST /v0/data/app/allow", r#"{"user": "ana"}"#, 200, json!(true)),
        ("POST /v0/data/app/nothing", "{}", 404, error("undefined_document")),
        ("POST /v0/data/app/clash", "{}", 500, failed("eval_conflict_error")),
        ("POST /v0/data/app/allow", "{", 400, error("invalid_parameter")),
        ("POST /", r#"{"user": "ana"}"#, 200, json!({"user": "ana"})),
        ("POST /", "{}", 404, error("undefined_document")),
        ("GET /health", "", 200, json!({})),
        ("GET /health?bundles&plugins", "", 200, json!({})),
        ("GET /health/live", "", 200, json!({})),
        (
            "GET /health/ready",
            "",
            500,
            json!({"error": "health check (data.system.health.ready) returned unexpected value"}),
        ),
        ("GET /health/other", "", 500, json!({"error": "health check (data.system.health.other) was undefined"})),
        ("GET /v1/policies/no/such.rego", "", 404, error("resource_not_found")),
        ("DELETE /health", "", 405, Value::Null),
    ];
    for (request, body, status, wanted) in cases {
        let head = format!("{request} HTTP/1.1\r\ncontent-type: application/json");
        let (code, _, answer) = send(&sidecar.main, &head, body.as_bytes());
        let told = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!((code, plain(&answer)), (status, wanted), "{request} {body}: {told}");
        if let Some(opa) = &opa {
            let (theirs, _, said) = send(&opa.address, &head, body.as_bytes());
            let differs = format!("{request} {body}: {told} and OPA {}", String::from_utf8_lossy(&said));
            assert_eq!((theirs, plain(&said)), (code, plain(&answer)), "{differs}");
        }
    }
}

#[test]
fn what_is_asked_for_beside_the_answer_is_there() {
    let here = bundle();
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    let ask = |query: &str| sidecar.json(&format!("/v1/data/app/allow?{query}"), &json!({"input": {"user": "ana"}})).1;
    assert!(ask("").get("decision_id").is_none(), "it is there only where decisions are written down");
    let metrics = &ask("metrics")["metrics"];
    for key in [
        "timer_rego_query_eval_ns",
        "timer_rego_input_parse_ns",
        "timer_server_handler_ns",
        "counter_server_query_cache_hit",
    ] {
        assert!(metrics[key].is_u64(), "{key}: {metrics}");
    }
    let provenance = &ask("provenance")["provenance"];
    assert!(provenance["version"].is_string() && provenance["bundles"]["b"]["revision"].is_string(), "{provenance}");
    let (_, _, pretty) =
        sidecar.post("/v1/data/app/allow?pretty", "application/json", b"{\"input\": {\"user\": \"ana\"}}");
    assert_eq!(pretty, "{\n  \"result\": true\n}\n");
    let (_, notes) = sidecar.json("/v1/data/app/seen?explain=notes", &json!({"input": {}}));
    assert_eq!((notes.get("result"), &notes["explanation"]), (None, &json!(["looked"])));
    let (_, why) = sidecar.json("/v1/data/app/seen?explain=full", &json!({"input": {}}));
    let lines = why["explanation"].as_array().expect("lines");
    assert!(
        lines
            .iter()
            .any(|line| line.as_str().is_some_and(|line| line.contains("a.rego") && line.contains("input.never"))),
        "{why}"
    );
    let (_, error) = sidecar.json("/v1/data/app/clash", &json!({"input": {}}));
    assert!(error["errors"][0]["location"]["row"].is_u64(), "{error}");
    // YAML, as its content type says.
    let (status, _, body) = sidecar.post("/v1/data/app/allow", "application/x-yaml", b"input:\n  user: ana\n");
    assert_eq!((status, body.trim()), (200, "{\"result\":true}"));
    let (status, _, body) = sidecar.post("/v1/data/app/allow", "application/yaml", b"input: [\n");
    assert!(status == 400 && body.contains("malformed input document"), "{body}");
}

#[test]
fn bodies_are_packed_both_ways_and_bounded() {
    let here = bundle();
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    let names: Vec<String> = (0..400).map(|at| format!("name-{at:04}")).collect();
    let body = json!({"input": {"names": names}}).to_string();
    let packed = gzip(body.as_bytes());
    let head = "POST /v1/data/app/names HTTP/1.1\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\naccept-encoding: gzip";
    let (status, head_of, answer) = send(&sidecar.main, head, &packed);
    assert_eq!(status, 200);
    assert!(head_of.contains("content-encoding: gzip"), "{head_of}");
    let answer: Value = serde_json::from_slice(&gunzip(&answer)).expect("JSON");
    assert_eq!(answer["result"].as_array().map(Vec::len), Some(400));
    // What is small is not packed, nor what nobody takes packed.
    let small = "POST /v1/data/app/allow HTTP/1.1\r\ncontent-type: application/json\r\naccept-encoding: gzip";
    assert!(!send(&sidecar.main, small, b"{\"input\": {}}").1.contains("content-encoding"));
    let refused = "POST /v1/data/app/names HTTP/1.1\r\ncontent-type: application/json\r\naccept-encoding: gzip;q=0";
    assert!(!send(&sidecar.main, refused, body.as_bytes()).1.contains("content-encoding"));
    let wrong = "POST /v1/data/app/names HTTP/1.1\r\ncontent-type: application/json\r\ncontent-encoding: gzip";
    for (encoding, bytes) in [("gzip", body.as_bytes()), ("gzip", &packed[..packed.len() / 2]), ("br", body.as_bytes())]
    {
        let (status, _, answer) = send(&sidecar.main, &wrong.replace("gzip", encoding), bytes);
        let answer = plain(&answer);
        assert_eq!((status, &answer["code"]), (400, &json!("invalid_parameter")));
    }
    // A small body that unpacks to a large one, and a large one.
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let (status, _, answer) = send(&sidecar.main, wrong, &bomb);
    assert_eq!((status, String::from_utf8_lossy(&answer).contains("request body too large")), (400, true));
    let (status, _, answer) = send(
        &sidecar.main,
        "POST /v1/data/app/names HTTP/1.1\r\ncontent-type: application/json",
        &vec![b' '; 100 << 20],
    );
    assert_eq!((status, String::from_utf8_lossy(&answer).contains("request body too large")), (400, true));
    let deep = format!("{{\"input\": {}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let (status, _, _) =
        send(&sidecar.main, "POST /v1/data/app/names HTTP/1.1\r\ncontent-type: application/json", deep.as_bytes());
    assert_eq!(status, 400);
    assert_eq!(send(&sidecar.main, "GET /health HTTP/1.1", b"").0, 200);
}

/// Packs and unpacks by the system's own program: another one than the sidecar's.
fn through(program: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program[0]);
    let mut child = command.args(&program[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let out = child.wait_with_output().expect("an end").stdout;
    writer.join().expect("a thread").expect("written");
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    through(&["gzip", "-c"], bytes)
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    through(&["gzip", "-dc"], bytes)
}

#[test]
fn a_batch_tells_how_each_went() {
    let here = bundle();
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded", "--decision-log", "log.jsonl"]);
    let ask = |path: &str, body: &Value| sidecar.json(&format!("/v1/batch/data/{path}"), body);
    let inputs = json!({"inputs": {"a": {"user": "ana"}, "b": {"user": "bob"}}});
    let (status, answer) = ask("app/allow", &inputs);
    assert_eq!(status, 200);
    assert_eq!(
        (&answer["responses"]["a"]["result"], &answer["responses"]["b"]["result"]),
        (&json!(true), &json!(false))
    );
    assert!(answer["batch_decision_id"].is_string() && answer["responses"]["a"]["decision_id"].is_string());
    // What all have in common, and what one has of its own.
    let (_, answer) =
        ask("app/allow", &json!({"inputs": {"a": {}, "b": {"user": "bob"}}, "common_input": {"user": "ana"}}));
    assert_eq!(
        (&answer["responses"]["a"]["result"], &answer["responses"]["b"]["result"]),
        (&json!(true), &json!(false))
    );
    let broken = json!({"inputs": {"a": {"zero": 1}, "b": {"zero": 0}}});
    let (status, answer) = ask("app/broken?strict-builtin-errors", &broken);
    assert_eq!(status, 207, "{answer}");
    assert_eq!(
        (&answer["responses"]["a"]["http_status_code"], &answer["responses"]["b"]["http_status_code"]),
        (&json!("200"), &json!("500"))
    );
    assert_eq!(answer["responses"]["b"]["code"], json!("internal_error"));
    let (status, answer) = ask("app/clash", &inputs);
    assert_eq!((status, &answer["responses"]["a"]["code"]), (500, &json!("internal_error")));
    for wrong in [json!({}), json!({"inputs": []}), json!([]), json!([{"a": {}}])] {
        let (status, answer) = ask("app/allow", &wrong);
        assert_eq!((status, &answer["code"]), (400, &json!("invalid_parameter")), "{wrong}");
    }
    let log = std::fs::read_to_string(here.path().join("log.jsonl")).expect("a log");
    assert_eq!(log.lines().count(), 8);
}

#[test]
fn policies_status_and_config_are_told_and_nothing_is_written() {
    let here = bundle();
    let config = "version: 1\nembedded: false\nbundles: [{ name: app, path: b }]\nhttp: { hosts: ['secret.example'] }\nserver: { default_decision: app/allow, labels: { team: x } }\n";
    support::write(here.path(), "meshgate.yaml", config.as_bytes());
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    let (status, policies) = sidecar.get("/v1/policies");
    assert_eq!(status, 200);
    let ids: Vec<&str> =
        policies["result"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, ["b/app/a.rego", "b/system/health/h.rego", "b/system/s.rego"]);
    let (_, one) = sidecar.get("/v1/policies/b/app/a.rego");
    assert_eq!(one["result"]["raw"], json!(POLICY));
    assert_eq!(one["result"]["ast"]["package"]["path"][1]["value"], json!("app"));
    let (_, status) = sidecar.get("/v1/status");
    assert!(status["result"]["bundles"]["app"]["active_revision"].is_string(), "{status}");
    let (_, config) = sidecar.get("/v1/config");
    assert_eq!(
        (&config["result"]["default_decision"], &config["result"]["labels"]),
        (&json!("/app/allow"), &json!({"team": "x"}))
    );
    assert!(!config.to_string().contains("secret"), "{config}");
    assert_eq!(sidecar.json("/", &json!({"user": "ana"})), (200, json!(true)));
    for request in
        ["PUT /v1/data/x", "PATCH /v1/data/x", "DELETE /v1/data/x", "PUT /v1/policies/x", "DELETE /v1/policies/x"]
    {
        let (status, head, body) = sidecar.send(&sidecar.main, &format!("{request} HTTP/1.1"), b"{}");
        assert!(
            status == 405 && head.contains("allow: ") && body.contains("invalid_operation"),
            "{request}: {head}{body}"
        );
    }
    for request in ["POST /v1/query", "GET /v1/query?q=1", "POST /v1/compile"] {
        let (status, _, body) = sidecar.send(&sidecar.main, &format!("{request} HTTP/1.1"), b"{}");
        assert!(status == 404 && body.contains("resource_not_found"), "{request}: {body}");
    }
}
