//! `meshgate serve` as its clients see it: over a socket, with the same bytes as the command line.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

use serde_json::json;
use sidecar::Sidecar;
use support::{CONTRACT, plugin, root, run};

#[test]
fn a_check_over_http_has_the_bytes_of_the_command_line() {
    let mesh = root().join("examples/mesh");
    let sidecar = Sidecar::start(&mesh, &[]);
    for file in ["sales/customers.odcs.yaml", "sales/campaigns.odps.yaml", "logistics/shipments.dpds.json"] {
        let bytes = std::fs::read(mesh.join(file)).expect("a descriptor");
        let mime = if file.ends_with("json") { "application/json" } else { "application/yaml" };
        let (status, head, body) = sidecar.post(&format!("/v1/check?file={file}"), mime, &bytes);
        let ran = run(&mesh, &["check", file, "--format", "json"]);
        assert_eq!((status, body.as_str()), (200, ran.stdout.as_str()), "{file}");
        assert!(head.contains("content-type: application/json"));
        let envelope =
            json!({"file": file, "descriptor": String::from_utf8(bytes).expect("UTF-8"), "context": {"stage": "prod"}});
        let (_, _, wrapped) =
            sidecar.post("/v1/check", "application/vnd.meshgate.check+json", envelope.to_string().as_bytes());
        assert_eq!(wrapped, body);
    }
}

#[test]
fn what_is_governed_is_governed_over_http_too() {
    let config = "version: 1\nenforcement: { versioning.version_not_semver: { mode: audit, stages: { prod: block } } }\n\
        select: [{ rules: quality.sla_missing, where: { stage: prod, labels: { team: a } } }]\n\
        waivers: [{ rule: privacy.unmasked_restricted_column, column: iban, reason: r, approver: a, expires: 2999-01-01 },\n\
        { rule: privacy.unclassified_personal_column, reason: gone, approver: a, expires: 2020-01-01 }]\n";
    let text = CONTRACT.replace("1.0.0", "'1'").replace("slaProperties: [{property: latency, value: 1}]\n", "")
        + "  - name: iban\n    classification: restricted\n  - name: b\n    classification: restricted\n";
    let here = support::folder(&[("meshgate.yaml", config), ("c.yaml", &text)]);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    for (context, args) in [
        (serde_json::json!({}), vec![]),
        (serde_json::json!({"stage": "dev"}), vec!["--stage", "dev"]),
        (serde_json::json!({"stage": "prod", "labels": {"team": "a"}}), vec!["--stage", "prod", "--label", "team=a"]),
    ] {
        let mut all = vec!["check", "c.yaml", "--config", "meshgate.yaml", "--format", "json"];
        all.extend(args);
        let ran = run(here.path(), &all);
        assert!(
            ran.stdout.contains("\"reason\": \"r\"") && ran.stdout.contains("governance.waiver_expired"),
            "{}",
            ran.stdout
        );
        let body = serde_json::json!({"file": "c.yaml", "descriptor": text, "context": context}).to_string();
        let (status, _, answer) = sidecar.post("/v1/check", "application/vnd.meshgate.check+json", body.as_bytes());
        assert_eq!((status, answer), (200, ran.stdout), "{all:?}");
    }
}

#[test]
fn wrong_requests_get_problems_and_the_sidecar_lives() {
    let here = tempfile::tempdir().expect("a folder");
    let sidecar = Sidecar::start(here.path(), &[]);
    let cases = [
        ("/v1/check", "text/plain", &b"a: 1"[..], 415),
        ("/v1/check", "application/vnd.meshgate.check+json", b"{}", 400),
        ("/v1/check", "application/vnd.meshgate.check+json", b"{\"descriptor\": \"\", \"earlier\": \"\"}", 400),
        ("/v1/check", "application/vnd.meshgate.check+json", b"{\"descriptor\": \"\", \"previous\": \"a: [\"}", 422),
        ("/v1/check", "application/yaml", b"kind: Pod", 422),
        ("/v1/check?stage=prod", "application/yaml", b"a: 1", 400),
        ("/v1/nowhere", "application/json", b"{}", 404),
    ];
    for (path, mime, body, expected) in cases {
        let (status, head, body) = sidecar.post(path, mime, body);
        assert_eq!(status, expected, "{path} {mime}: {body}");
        assert!(head.contains("application/problem+json"), "{head}");
    }
    let huge = vec![b' '; 40 << 20];
    assert_eq!(sidecar.post("/v1/check", "application/yaml", &huge).0, 413);
    let (status, _, body) = sidecar.post("/v1/check?file=x.yaml", "application/yaml", b"a: [");
    assert_eq!(status, 200);
    assert!(body.contains("\"verdict\": \"deny\"") && body.contains("read.syntax"), "{body}");
    assert_eq!(sidecar.post("/v1/check", "application/yaml", CONTRACT.as_bytes()).0, 200);
}

#[test]
fn the_data_api_answers_as_opa_does() {
    let here = tempfile::tempdir().expect("a folder");
    let rego = "package app\n\nallow if input.user == data.app.admin\n\nf(x) := 1 if x\n\nf(x) := 2 if x\n\nclash := f(true)\n";
    std::fs::create_dir_all(here.path().join("b/app")).expect("a folder");
    std::fs::write(here.path().join("b/app/a.rego"), rego).expect("a file");
    std::fs::write(here.path().join("b/app/data.json"), "{\"admin\": \"ana\"}").expect("a file");
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    assert_eq!(sidecar.data("app/allow", r#"{"input": {"user": "ana"}}"#), (200, json!({"result": true})));
    assert_eq!(sidecar.data("app/allow", r#"{"input": {"user": "bob"}}"#), (200, json!({})));
    assert_eq!(sidecar.data("app/admin", r#"{"input": {}}"#), (200, json!({"result": "ana"})));
    let (status, body) = sidecar.data("app/allow", "");
    assert_eq!((status, &body["warning"]["code"]), (200, &json!("api_usage_warning")));
    let (status, body) = sidecar.data("app/allow", r#"{"input": null}"#);
    let warned = json!({"warning": {"code": "api_usage_warning", "message": "'input' key missing from the request"}});
    assert_eq!((status, body), (200, warned), "to OPA, which decodes it into a pointer, null is none");
    let (status, body) = sidecar.data("app/allow", r#"[{"user": "ana"}]"#);
    assert_eq!((status, &body["code"]), (400, &json!("invalid_parameter")));
    let (status, body) = sidecar.data("app/allow", "{");
    assert_eq!((status, &body["code"]), (400, &json!("invalid_parameter")));
    let (status, body) = sidecar.data("app/clash", r#"{"input": {}}"#);
    assert_eq!((status, &body["code"]), (500, &json!("internal_error")));
    let (status, _, body) =
        sidecar.send(&sidecar.main, "GET /v1/data/app/allow?input=%7B%22user%22%3A%22ana%22%7D HTTP/1.1", b"");
    assert_eq!((status, body.trim()), (200, r#"{"result":true}"#));
    let (status, _, body) = sidecar.send(&sidecar.main, "GET /health HTTP/1.1", b"");
    assert_eq!((status, body.trim()), (200, "{}"));
    let (status, head, body) = sidecar.send(&sidecar.admin, "GET /metrics HTTP/1.1", b"");
    assert!(status == 200 && head.contains("text/plain; version=0.0.4"), "{status} {head}");
    let answered: u64 = body
        .lines()
        .filter(|line| line.starts_with("meshgate_rego_evaluations_total{"))
        .map(|line| line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok()).expect("a count"))
        .sum();
    assert!(answered >= 5, "{body}");
    assert!(body.contains("\nmeshgate_rego_differences_total 0\n"), "{body}");
    assert!(body.contains("\nmeshgate_rego_slices 0\n"), "{body}");
    let (status, _, body) = sidecar.send(&sidecar.admin, "GET /differences HTTP/1.1", b"");
    assert_eq!((status, body.trim()), (200, r#"{"differences":[]}"#));
    for path in ["/live", "/ready", "/version", "/metrics", "/differences"] {
        assert_eq!(sidecar.send(&sidecar.admin, &format!("GET {path} HTTP/1.1"), b"").0, 200, "{path}");
        assert_eq!(sidecar.send(&sidecar.main, &format!("GET {path} HTTP/1.1"), b"").0, 404, "{path} is for operators");
    }
}

#[test]
fn a_plugin_that_loops_does_not_stop_the_others() {
    let here = tempfile::tempdir().expect("a folder");
    std::fs::write(here.path().join("p.wasm"), plugin("(loop $l (br $l)) (unreachable)")).expect("a file");
    let sidecar = Sidecar::start(here.path(), &["--plugin", "p.wasm"]);
    std::thread::scope(|scope| {
        let looping: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| sidecar.post("/v1/check", "application/yaml", CONTRACT.as_bytes())))
            .collect();
        assert_eq!(sidecar.send(&sidecar.main, "GET /health HTTP/1.1", b"").0, 200);
        for answer in looping {
            let (status, _, body) = answer.join().expect("an answer");
            assert!(status == 200 && body.contains("\"deadline\"") && body.contains("\"verdict\": \"deny\""), "{body}");
        }
    });
}

#[test]
fn what_does_not_load_keeps_it_from_starting() {
    let here = tempfile::tempdir().expect("a folder");
    std::fs::write(here.path().join("a.rego"), "package a\n\np if {").expect("a file");
    let ran = run(here.path(), &["serve", "--listen", "127.0.0.1:0", "--admin", "off", "--bundle", "a.rego"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("a.rego:"), "{}", ran.stderr);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let ran = run(here.path(), &["serve", "--listen", &address, "--admin", "off"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(&address), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_in_order() {
    let here = tempfile::tempdir().expect("a folder");
    let mut sidecar = Sidecar::start(here.path(), &[]);
    let sent = std::process::Command::new("kill").args(["-TERM", &sidecar.child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
    assert!(sidecar.child.wait().expect("an end").success());
}
