//! Running a sidecar: bundles that change, who may ask, certificates, clients that behave badly, and what operators see.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
mod sidecar;

use flate2::Compression;
use flate2::write::GzEncoder;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use sidecar::Sidecar;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{folder, run, write};

fn config(server: &str) -> String {
    format!(
        "version: 1\nembedded: false\nbundles: [{{ name: org, path: policy }}]\nserver:\n  odm: {{ enabled: false }}\n{server}"
    )
}

fn policy(value: u32) -> String {
    format!("package app\n\nimport rego.v1\n\nvalue := {value}\n\nallow if input.n > 0\n")
}

fn here(server: &str) -> tempfile::TempDir {
    folder(&[("meshgate.yaml", &config(server)), ("policy/app.rego", &policy(1))])
}

fn start(here: &Path) -> Sidecar {
    Sidecar::start(here, &["--config", "meshgate.yaml"])
}

fn admin(sidecar: &Sidecar, head: &str, body: &str) -> (u16, String) {
    let (status, _, text) = sidecar.send(&sidecar.admin, &format!("{head} HTTP/1.1"), body.as_bytes());
    (status, text)
}

fn value(sidecar: &Sidecar) -> Value {
    sidecar.data("app/value", "{}").1["result"].clone()
}

#[test]
fn bundles_are_read_anew_and_a_bad_one_keeps_what_was_there() {
    let here = here("  staleness_max_s: 1\n");
    let sidecar = start(here.path());
    assert_eq!(value(&sidecar), 1);
    let status = |sidecar: &Sidecar| sidecar.get("/v1/status").1["result"]["bundles"]["org"].clone();
    let first = status(&sidecar)["active_revision"].clone();
    let told = |sidecar: &Sidecar| {
        let (_, head, _) = sidecar.post("/v1/data/app/value", "application/json", b"{}");
        head.lines().find_map(|line| line.strip_prefix("meshgate-revision: ").map(str::to_owned)).expect("a revision")
    };
    let told_first = told(&sidecar);
    write(here.path(), "policy/app.rego", policy(2).as_bytes());
    sidecar.eventually("the new value", || value(&sidecar) == 2);
    assert_ne!(status(&sidecar)["active_revision"], first);
    assert_ne!(told(&sidecar), told_first);
    // A file that does not parse, then rules that conflict with checks: what was there goes on.
    write(here.path(), "policy/app.rego", b"package app\n\nvalue := {\n");
    sidecar.eventually("an error in the status", || status(&sidecar)["code"] == "bundle_error");
    assert_eq!(value(&sidecar), 2);
    assert!(admin(&sidecar, "GET /metrics", "").1.contains("bundle_failed_load_counter 1"));
    assert!(status(&sidecar)["message"].as_str().is_some_and(|why| why.contains("app.rego")));
    sidecar.eventually("not ready", || admin(&sidecar, "GET /ready", "").0 == 503);
    assert_eq!(admin(&sidecar, "GET /live", "").0, 200);
    // The configuration is read again, too: another bundle, and the first one mended.
    write(here.path(), "policy/app.rego", policy(3).as_bytes());
    write(here.path(), "more/more.rego", b"package more\n\nimport rego.v1\n\nvalue := 7\n");
    let more = config("  staleness_max_s: 1\n").replace("path: policy }", "path: policy }, { name: more, path: more }");
    write(here.path(), "meshgate.yaml", more.as_bytes());
    sidecar.eventually("the third value", || value(&sidecar) == 3);
    assert_eq!(sidecar.data("more/value", "{}").1["result"], 7);
    assert_eq!(admin(&sidecar, "GET /ready", "").0, 200);
    assert!(status(&sidecar).get("code").is_none());
}

#[test]
fn no_request_sees_half_of_two_bundles() {
    let two = |n: u32| format!("package app\n\nimport rego.v1\n\na := {n}\n\nb := data.other.b\n\nboth := [a, b]\n");
    let other = |n: u32| format!("package other\n\nb := {n}\n");
    let here = here("");
    write(here.path(), "policy/app.rego", two(0).as_bytes());
    write(here.path(), "policy/other.rego", other(0).as_bytes());
    let sidecar = start(here.path());
    let began = Instant::now();
    let mut seen = std::collections::BTreeSet::new();
    let mut n = 0;
    while began.elapsed() < Duration::from_secs(6) {
        if began.elapsed() > Duration::from_millis(1_500 * u64::from(n)) {
            n += 1;
            // Written one after the other, within the time that they need to come to rest.
            write(here.path(), "policy/app.rego", two(n).as_bytes());
            write(here.path(), "policy/other.rego", other(n).as_bytes());
        }
        let (status, answer) = sidecar.data("app/both", "{}");
        assert_eq!(status, 200, "{answer}");
        let [a, b] = [&answer["result"][0], &answer["result"][1]];
        assert_eq!(a, b);
        seen.insert(a.to_string());
    }
    assert!(seen.len() > 2, "{seen:?}");
}

/// An archive as `opa build` writes one.
fn archive(path: &Path, files: &[(&str, &str)]) {
    let file = std::fs::File::create(path).expect("a file");
    let mut builder = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        let field = &mut header.as_old_mut().name;
        field.iter_mut().zip(name.bytes()).for_each(|(slot, byte)| *slot = byte);
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).expect("an entry");
    }
    builder.into_inner().expect("an archive").finish().expect("gzip");
}

#[test]
fn opas_bundles_load_as_they_are() {
    let here = here("");
    let manifest = r#"{"revision":"r1","roots":["app","levels"],"wasm":[],"metadata":{"x":1}}"#;
    let rego = "package app\n\nimport rego.v1\n\nvalue := data.levels.high\n";
    let data = r#"{"levels":{"high":9}}"#;
    let path = here.path().join("bundle.tar.gz");
    archive(
        &path,
        &[("/data.json", data), ("/app/policy.rego", rego), ("/.manifest", manifest), ("/policy.wasm", "x")],
    );
    let config = config("").replace("path: policy }", "path: bundle.tar.gz }");
    write(here.path(), "meshgate.yaml", config.as_bytes());
    let sidecar = start(here.path());
    assert_eq!(value(&sidecar), 9);
    assert_eq!(sidecar.get("/v1/status").1["result"]["bundles"]["org"]["active_revision"], "r1");
    // The next one takes its place as a whole.
    let next = manifest.replace("r1", "r2");
    archive(
        &here.path().join("next"),
        &[("/data.json", &data.replace('9', "10")), ("/app/policy.rego", rego), ("/.manifest", &next)],
    );
    std::fs::rename(here.path().join("next"), &path).expect("a rename");
    sidecar.eventually("the next bundle", || value(&sidecar) == 10);
    // What strays from the roots is refused: rules, and data.
    for (rego, data, why) in [
        ("package elsewhere\n\nvalue := 1\n", data, "package `elsewhere`"),
        (rego, r#"{"levels":{},"other":{"x":1}}"#, "data at `other`"),
    ] {
        archive(&path, &[("/data.json", data), ("/app/policy.rego", rego), ("/.manifest", manifest)]);
        let ran = run(here.path(), &["serve", "--listen", "127.0.0.1:0", "--config", "meshgate.yaml"]);
        assert!(ran.code == 2 && ran.stderr.contains(why) && ran.stderr.contains("roots"), "{}", ran.stderr);
    }
}

#[test]
fn nobody_is_answered_who_is_not_known_or_may_not_ask() {
    let here = here(
        "  authentication: { tokens: [{ id: trino, file: trino.token }, { id: ops, file: ops.token }] }\n  authorization: policy\n",
    );
    write(here.path(), "trino.token", b"t0p-s3cret\n");
    write(here.path(), "ops.token", b"0ps-s3cret\n");
    let authz = "package system.authz\n\nimport rego.v1\n\ndefault allow := {\"allowed\": false, \"reason\": \"not for you\"}\n\nallow if input.identity == \"ops\"\n\nallow if {\n\tinput.identity == \"trino\"\n\tinput.method == \"POST\"\n\tinput.path == [\"v1\", \"data\", \"app\", \"allow\"]\n\tnot input.headers.Authorization\n}\n";
    write(here.path(), "policy/authz.rego", authz.as_bytes());
    let sidecar = start(here.path());
    let ask = |token: Option<&str>, head: &str| {
        let authorization = token.map_or_else(String::new, |token| format!("\r\nauthorization: Bearer {token}"));
        let head = format!("{head} HTTP/1.1\r\ncontent-type: application/json{authorization}");
        sidecar.send(&sidecar.main, &head, br#"{"input":{"n":1}}"#)
    };
    for _ in 0..100 {
        assert_eq!(ask(Some("t0p-s3cret"), "POST /v1/data/app/allow").0, 200);
    }
    for token in [None, Some("wrong"), Some("t0p-s3cre"), Some("")] {
        let (status, head, body) = ask(token, "POST /v1/data/app/allow");
        assert_eq!(status, 401, "{body}");
        assert!(head.contains("www-authenticate: bearer") && body.contains("\"unauthorized\""), "{head} {body}");
    }
    let (status, _, body) = ask(Some("t0p-s3cret"), "POST /v1/data/app/value");
    assert!(status == 401 && body.contains("not for you"), "{body}");
    let (status, _, body) = ask(Some("t0p-s3cret"), "POST /v1/decide");
    assert!(status == 403 && body.contains("not for you") && body.contains("about:blank"), "{body}");
    // Another spelling of a path is another path, or the same one: never a way around.
    for path in ["/v1/data//app/allow", "/v1/data/app/allow/", "/v1/data/app%2Fallow", "/v1/data/app/./allow"] {
        let (status, _, body) = ask(Some("t0p-s3cret"), &format!("POST {path}"));
        assert!(
            status == 401 || (status == 200 && body.contains("\"result\":true")) || status == 404,
            "{path}: {status} {body}"
        );
    }
    assert_eq!(ask(Some("0ps-s3cret"), "GET /v1/policies").0, 200);
    let shown = ask(Some("0ps-s3cret"), "GET /v1/config").2 + &admin(&sidecar, "GET /metrics", "").1;
    assert!(!shown.contains("s3cret"));
    // A token that is renewed is known, and the one before is not.
    write(here.path(), "trino.token", b"renewed\n");
    sidecar.eventually("the new token", || ask(Some("renewed"), "POST /v1/data/app/allow").0 == 200);
    assert_eq!(ask(Some("t0p-s3cret"), "POST /v1/data/app/allow").0, 401);
    // A policy that fails lets nobody in.
    write(
        here.path(),
        "policy/authz.rego",
        b"package system.authz\n\nimport rego.v1\n\nallow := 1 if input.identity\n",
    );
    sidecar.eventually("the new policy", || ask(Some("0ps-s3cret"), "GET /v1/policies").0 == 401);
}

/// A root, and certificates that it signs.
struct Signing(CertifiedIssuer<'static, KeyPair>);

impl Signing {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root"))
    }

    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        (params.signed_by(&key, &self.0).expect("a certificate").pem(), key.serialize_pem())
    }
}

fn https(root: &str, client: Option<&(String, String)>) -> ureq::Agent {
    use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
    let of = |pem: &str| Certificate::from_pem(pem.as_bytes()).expect("a certificate");
    let client = client.map(|(cert, key)| {
        ClientCert::new_with_certs(&[of(cert)], PrivateKey::from_pem(key.as_bytes()).expect("a key"))
    });
    let tls =
        TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(vec![of(root)]))).client_cert(client).build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .into()
}

#[test]
fn certificates_are_asked_for_shown_to_the_policy_and_read_anew() {
    let (servers, clients, others) = (Signing::new(), Signing::new(), Signing::new());
    let here = here(
        "  tls: { cert_file: cert.pem, key_file: key.pem, client_ca_file: clients.pem }\n  authorization: policy\n",
    );
    let authz = "package system.authz\n\nimport rego.v1\n\nallow if \"trino.example\" in input.client_certificates[0].DNSNames\n";
    write(here.path(), "policy/authz.rego", authz.as_bytes());
    let place = |(cert, key): (String, String)| {
        write(here.path(), "cert.pem", cert.as_bytes());
        write(here.path(), "key.pem", key.as_bytes());
    };
    place(servers.sign("localhost"));
    write(here.path(), "clients.pem", clients.0.pem().as_bytes());
    let sidecar = Sidecar::start_with(here.path(), &["--config", "meshgate.yaml"], "https://");
    let port = sidecar.main.rsplit_once(':').expect("a port").1.to_owned();
    let ask = |agent: &ureq::Agent| {
        let asked = agent
            .post(format!("https://localhost:{port}/v1/data/app/allow"))
            .content_type("application/json")
            .send(r#"{"input":{"n":1}}"#);
        asked.map(|mut response| (response.status().as_u16(), response.body_mut().read_to_string().unwrap_or_default()))
    };
    let trino = clients.sign("trino.example");
    let known = https(&servers.0.pem(), Some(&trino));
    assert_eq!(ask(&known).expect("an answer").0, 200);
    assert_eq!(ask(&https(&servers.0.pem(), Some(&clients.sign("kafka.example")))).expect("an answer").0, 401);
    assert!(ask(&https(&servers.0.pem(), None)).is_err());
    assert!(ask(&https(&servers.0.pem(), Some(&others.sign("trino.example")))).is_err());
    // Garbage in the place of a handshake, and plain HTTP, disturb nobody.
    for garbage in [&b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"[..], &[0x16, 3, 1, 255, 255, 0, 0], &[0; 4096]] {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("a connection");
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(ask(&known).expect("an answer").0, 200);
    // Another root signs from now on. A key without its certificate changes nothing.
    let renewed = Signing::new();
    let (cert, key) = renewed.sign("localhost");
    write(here.path(), "key.pem", key.as_bytes());
    sidecar.eventually("an error", || {
        sidecar.said.lock().expect("a lock").iter().any(|line| line.contains("does not fit"))
    });
    assert_eq!(ask(&https(&servers.0.pem(), Some(&trino))).expect("an answer").0, 200);
    write(here.path(), "cert.pem", cert.as_bytes());
    let new = || https(&renewed.0.pem(), Some(&trino));
    sidecar.eventually("the new certificate", || ask(&new()).is_ok_and(|(status, _)| status == 200));
}

#[test]
fn clients_that_behave_badly_disturb_no_others() {
    let here = here(
        "  limits: { header_ms: 600, body_ms: 600, header_kib: 8, connections: 60, connections_per_client: 50 }\n",
    );
    let sidecar = start(here.path());
    let connect = || TcpStream::connect(&sidecar.main).expect("a connection");
    // Slow heads, slow bodies, half-closed and idle ones.
    let mut slow: Vec<TcpStream> = (0..30)
        .map(|n| {
            let mut stream = connect();
            let begun: &[u8] = match n % 3 {
                0 => b"POST /v1/data/app/allow HTT",
                1 => b"POST /v1/data/app/allow HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"input\"",
                _ => b"",
            };
            stream.write_all(begun).expect("a beginning");
            if n % 3 == 2 {
                stream.shutdown(std::net::Shutdown::Write).expect("half a close");
            }
            stream
        })
        .collect();
    let began = Instant::now();
    for _ in 0..50 {
        assert_eq!(sidecar.data("app/allow", r#"{"input":{"n":1}}"#).1["result"], true);
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    // They are ended: a body that does not come is an error, a head that does not come is nothing.
    for (n, stream) in slow.iter_mut().enumerate() {
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{n}");
        }
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    drop(slow);
    // Headers that are too many or too long.
    let many: String = (0..500).map(|n| format!("\r\nx-{n}: 1")).collect();
    let long = format!("\r\nx: {}", "y".repeat(100 << 10));
    for headers in [many, long] {
        let mut stream = connect();
        let _ = stream.write_all(format!("GET /health HTTP/1.1\r\nhost: localhost{headers}\r\n\r\n").as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    // One address may have so many connections; more are told so at once, and places are given back.
    sidecar.eventually("places", || admin(&sidecar, "GET /metrics", "").1.contains("meshgate_connections 0"));
    let held: Vec<TcpStream> = (0..50).map(|_| connect()).collect();
    sidecar.eventually("a refusal", || {
        let mut stream = connect();
        let mut answer = String::new();
        stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
        let _ = stream.read_to_string(&mut answer);
        answer.starts_with("HTTP/1.1 503")
    });
    drop(held);
    sidecar.eventually("a place", || {
        TcpStream::connect(&sidecar.main).is_ok_and(|mut stream| {
            let mut answer = [0; 12];
            stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").is_ok()
                && stream.read_exact(&mut answer).is_ok()
                && answer.ends_with(b"200")
        })
    });
}

#[test]
fn operators_see_levels_requests_and_counts() {
    let here = here("  log: { format: json }\n");
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    assert_eq!(admin(&sidecar, "GET /loglevel", "").1, "{\"level\":\"info\"}");
    assert_eq!(admin(&sidecar, "PUT /loglevel", "loud").0, 400);
    assert_eq!(admin(&sidecar, "PUT /loglevel", "{\"level\": \"debug\"}").0, 200);
    let trace = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let head = format!("POST /v1/data/app/allow?secret=1 HTTP/1.1\r\ncontent-type: application/json\r\n{trace}");
    sidecar.send(&sidecar.main, &head, br#"{"input":{"n":"s3cret"}}"#);
    let line = || sidecar.said.lock().expect("a lock").iter().find(|line| line.contains("Sent response.")).cloned();
    sidecar.eventually("a line", || line().is_some());
    let said: Value = serde_json::from_str(&line().expect("a line")).expect("JSON");
    assert_eq!(
        (&said["level"], &said["req_path"], &said["resp_status"]),
        (&json!("debug"), &json!("/v1/data/app/allow"), &json!(200))
    );
    assert_eq!(said["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(said["req_id"].is_u64() && !said.to_string().contains("secret"));
    let metrics = admin(&sidecar, "GET /metrics", "").1;
    for want in [
        "http_request_duration_seconds_count{code=\"200\",handler=\"v1/data\",method=\"post\"} 1",
        "http_request_duration_seconds_bucket{code=\"200\",handler=\"v1/data\",method=\"post\",le=\"+Inf\"} 1",
        "bundle_loaded_counter 1",
        "meshgate_bundle_info{name=\"org\",active_revision=",
    ] {
        assert!(metrics.contains(want), "{want}: {metrics}");
    }
}

/// The texts of a ConfigMap: `  name: |`, and lines that are indented further.
fn texts(manifest: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut within = false;
    for line in manifest.lines().take_while(|line| *line != "---") {
        if let Some(name) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(": |")) {
            found.push((name.to_owned(), String::new()));
            within = true;
        } else if let (true, Some(text), Some((_, last))) =
            (within, line.strip_prefix("    ").or(line.is_empty().then_some("")), found.last_mut())
        {
            last.push_str(text);
            last.push('\n');
        } else {
            within = false;
        }
    }
    found
}

#[test]
fn what_the_manifests_deploy_decides() {
    let manifest =
        std::fs::read_to_string(support::root().join("deploy/kubernetes/product.yaml")).expect("the manifest");
    let here = folder(&[]);
    for (name, text) in texts(&manifest) {
        let place = match name.as_str() {
            "terms.rego" => "policies/terms.rego",
            "customer-360.odps.yaml" => "products/customer-360.odps.yaml",
            other => other,
        };
        let text = text.replace("/var/lib/meshgate/spool", "spool").replace("decisions.governance:8080", "127.0.0.1:9");
        write(here.path(), place, text.as_bytes());
    }
    let sidecar = Sidecar::start(here.path(), &["products", "--config", "meshgate.yaml"]);
    let request = |groups: &[&str]| json!({"subject": {"id": "ada", "groups": groups}, "action": "read", "resource": {"product": "urn:acme:sales:customer-360"}});
    assert_eq!(sidecar.json("/v1/decide", &request(&["analysts"])).1["verdict"], "allow");
    assert_eq!(sidecar.json("/v1/decide", &request(&[])).1["verdict"], "deny");
}
