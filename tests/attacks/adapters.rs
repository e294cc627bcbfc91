//! Who may ask, and by which name; and what adapters must not give away.

use crate::sidecar::Sidecar;
use crate::support::folder;
use crate::{CONTRACT, POLICY, PRODUCT, start, world};
use serde_json::{Value, json};

fn plain() -> (tempfile::TempDir, Sidecar) {
    let here = folder(&[("b/p.rego", "package app\n\nimport rego.v1\n\nallow := true\n")]);
    let sidecar = Sidecar::start(here.path(), &["--bundle", "b", "--no-embedded"]);
    (here, sidecar)
}

/// Sends a head as it is; returns the status.
fn raw(address: &str, head: &str, body: &str) -> u16 {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    let length = body.len();
    write!(stream, "{head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").expect("a request");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[test]
fn a_name_that_is_bound_anew_reaches_nothing() {
    let (_here, sidecar) = plain();
    let asked = |host: &str| {
        raw(
            &sidecar.main,
            &format!("POST /v1/data/app/allow HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json"),
            "{}",
        )
    };
    for host in ["localhost", "127.0.0.1:8181", "LOCALHOST:1", "[::1]:8181", "127.0.0.9"] {
        assert_eq!(asked(host), 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "10.0.0.1",
        "localhost\r\nhost: evil.example",
    ] {
        assert!(matches!(asked(host), 400 | 421), "{host}: {}", asked(host));
    }
    for path in ["/v1/policies", "/v1/data", "/v1/config", "/openapi.json"] {
        assert_eq!(raw(&sidecar.main, &format!("GET {path} HTTP/1.1\r\nhost: evil.example"), ""), 421, "{path}");
    }
    // Whoever looks whether it lives may call it as they like.
    assert_eq!(raw(&sidecar.main, "GET /health HTTP/1.1\r\nhost: evil.example", ""), 200);
    assert_eq!(raw(&sidecar.admin, "GET /ready HTTP/1.1\r\nhost: evil.example", ""), 200);
    assert_eq!(raw(&sidecar.admin, "GET /metrics HTTP/1.1\r\nhost: evil.example", ""), 421);
    assert_eq!(raw(&sidecar.admin, "PUT /loglevel HTTP/1.1\r\nhost: evil.example", "debug"), 421);
}

#[test]
fn a_page_of_another_site_asks_nothing() {
    let (_here, sidecar) = plain();
    let asked = |mime: &str, more: &str| {
        raw(&sidecar.main, &format!("POST /v1/data/app/allow HTTP/1.1\r\nhost: localhost{mime}{more}"), "{}")
    };
    let simple = ["", "\r\ncontent-type: text/plain", "\r\ncontent-type: application/x-www-form-urlencoded"];
    for mime in simple {
        assert_eq!(asked(mime, ""), 200, "as OPA does: {mime}");
        for page in ["\r\norigin: https://evil.example", "\r\norigin: null", "\r\nsec-fetch-site: cross-site"] {
            assert_eq!(asked(mime, page), 415, "{mime} {page}");
        }
    }
    assert_eq!(asked("\r\ncontent-type: application/json", "\r\norigin: https://app.example"), 200);
    let level = |more: &str| raw(&sidecar.admin, &format!("PUT /loglevel HTTP/1.1\r\nhost: localhost{more}"), "info");
    assert_eq!((level(""), level("\r\norigin: http://localhost")), (200, 403));
}

#[test]
fn what_the_log_shows_is_what_was_decided() {
    let here = world(POLICY, "");
    let sidecar = start(&here);
    let resource = "\"action\": \"read\", \"resource\": {\"product\": \"urn:people\", \"port\": \"people\", \"columns\": [\"id\"]}";
    let twice = [
        ("/v1/decide", format!("{{\"subject\": {{\"id\": \"mallory\"}}, \"subject\": {{\"id\": \"ada\"}}, {resource}}}")),
        ("/v1/decide", format!("{{\"subject\": {{\"id\": \"mallory\", \"id\": \"ada\"}}, {resource}}}")),
        ("/v1/decide", format!("{{\"subject\": {{\"id\": \"mallory\", \"\\u0069d\": \"ada\"}}, {resource}}}")),
        ("/v1/batch/decide", format!("{{\"requests\": {{\"a\": {{{resource}}}, \"a\": {{{resource}}}}}}}")),
        ("/access/v1/evaluation", "{\"subject\": {\"type\": \"user\", \"id\": \"a\"}, \"subject\": {\"type\": \"user\", \"id\": \"b\"}, \"action\": {\"name\": \"read\"}, \"resource\": {\"type\": \"t\", \"id\": \"1\"}}".to_owned()),
        ("/access/v1/evaluations", "{\"subject\": {\"type\": \"user\", \"id\": \"a\", \"id\": \"b\"}, \"action\": {\"name\": \"read\"}, \"resource\": {\"type\": \"t\", \"id\": \"1\"}, \"evaluations\": [{}]}".to_owned()),
        ("/v1/data/x", "{\"input\": 1, \"input\": 2}".to_owned()),
    ];
    for (path, body) in twice {
        let (status, _, said) = sidecar.post(path, "application/json", body.as_bytes());
        assert_eq!(status, 400, "{path} {body}: {said}");
    }
}

#[test]
fn those_who_run_trino_see_no_products_data_by_another_name() {
    let adapters = "server: { adapters: { trino: { admins: [root] } } }";
    let policy = POLICY.replace("{\"reason\": \"x\"}", "{\"reason\": \"x\"} if input.subject.id == \"ada\"");
    let here = world(&policy, adapters);
    let sidecar = start(&here);
    let ask = |operation: &str, resource: Value| {
        let input = json!({"context": {"identity": {"user": "root", "groups": []}},
            "action": {"operation": operation, "resource": resource}});
        let (status, answer) = sidecar.json("/v1/data/trino/allow", &json!({"input": input}));
        assert_eq!(status, 200, "{answer}");
        answer["result"] == json!(true)
    };
    let table =
        |name: &str| json!({"table": {"catalogName": "dwh", "schemaName": "hr", "tableName": name, "columns": ["id"]}});
    for name in ["people", "people$partitions", "people$files", "people$history", "PEOPLE$snapshots", "people$"] {
        assert!(!ask("SelectFromColumns", table(name)), "{name}");
    }
    let function =
        |catalog: &str| json!({"function": {"catalogName": catalog, "schemaName": "system", "functionName": "query"}});
    for operation in ["ExecuteFunction", "CreateViewWithExecuteFunction", "ExecuteProcedure"] {
        assert!(!ask(operation, function("dwh")), "{operation}");
        assert!(ask(operation, function("other")), "{operation}");
    }
    let free =
        json!({"table": {"catalogName": "other", "schemaName": "x", "tableName": "t$partitions", "columns": ["id"]}});
    assert!(ask("SelectFromColumns", free));
}

#[test]
fn a_path_that_can_be_read_in_two_ways_is_refused() {
    let policy = "package ext_authz\n\nimport rego.v1\n\ndefault allow := false\n\nallow if input.attributes.request.http.path\n";
    let here = folder(&[
        ("b/p.rego", policy),
        ("meshgate.yaml", "version: 1\nbundles: [{ name: b, path: b }]\nserver: { adapters: { ext_authz: {} } }\n"),
    ]);
    let sidecar = Sidecar::start(here.path(), &["--config", "meshgate.yaml"]);
    let asked = |path: &str| {
        let head = format!(
            "GET /ext-authz/nginx HTTP/1.1\r\nhost: localhost\r\nx-original-method: GET\r\nx-original-uri: {path}"
        );
        raw(&sidecar.main, &head, "")
    };
    assert_eq!((asked("/a/b"), asked("/a.b/c%20d?q=../x")), (200, 200));
    for path in [
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/a/%2e%2e/b",
        "/a/%2e./b",
        "/a/.%2E/b",
        "/a/..%2fb",
        "/a/..;/b",
        "/a/..%5cb",
        "/a\\..\\b",
        "/a/%252e%252e/b",
        "/a/%c0%ae%c0%ae/b",
        "/a/%ef%bc%8e%ef%bc%8e/b",
        "/a//b",
        "/a/.../b",
        "/a/b.",
        "/a/b%20",
        "/a%00/b",
        "/a/%e2%80%8b../b",
    ] {
        assert_ne!(asked(path), 200, "{path}");
    }
}

#[test]
fn a_hash_that_can_be_guessed_says_so_and_a_keyed_one_hides_its_key() {
    let policy = POLICY.replace("\"mask\": \"null\"}", "\"mask\": \"hash\", \"args\": {\"key\": \"people\"}}");
    let here = world(&policy, "server: { mask_keys: { people: { file: key } } }");
    crate::support::write(here.path(), "key", b"a key that nobody guesses, 32 b.\n");
    let sidecar = start(&here);
    let answer = crate::decide(
        &sidecar,
        json!({"product": "urn:people", "port": "people", "columns": ["id", "IBAN"]}),
        json!({}),
    );
    let mask = &answer["obligations"]["masks"][0];
    assert_eq!((&mask["mask"], mask.get("reversible")), (&json!("hash"), None), "{answer}");
    let log = std::fs::read_to_string(here.path().join("log.jsonl")).expect("a log");
    assert!(!log.contains("nobody guesses"), "{log}");
    let unknown =
        world(&policy.replace("\"people\"}", "\"others\"}"), "server: { mask_keys: { people: { file: key } } }");
    crate::support::write(unknown.path(), "key", b"a key that nobody guesses, 32 b.\n");
    let sidecar = start(&unknown);
    let answer = crate::decide(
        &sidecar,
        json!({"product": "urn:people", "port": "people", "columns": ["id", "IBAN"]}),
        json!({}),
    );
    assert_eq!(answer["verdict"], "deny", "{answer}");
    assert!(PRODUCT.contains("people") && CONTRACT.contains("people"));
}
