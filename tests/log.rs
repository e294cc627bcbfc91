//! The decision log: nothing that was answered is lost, whatever dies; nothing that is masked is shown; and what was decided
//! can be found, explained and exported.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

#[path = "support/sidecar.rs"]
#[expect(dead_code, reason = "each test binary uses its own part")]
mod sidecar;

#[path = "support/sink.rs"]
mod sink;

use serde_json::{Value, json};
use sidecar::Sidecar;
use sink::Sink;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::Ordering;
use support::{folder, run, write};

const POLICY: &str =
    "package app\n\nimport rego.v1\n\nallow if input.n > 0\n\nsecret := {\"token\": \"s3cr3t\", \"n\": input.n}\n";

fn config(server: &str) -> String {
    format!("version: 1\nembedded: false\nbundles: [{{ name: org, path: policy }}]\nserver:\n{server}")
}

fn here(server: &str) -> tempfile::TempDir {
    folder(&[("meshgate.yaml", &config(server)), ("policy/app.rego", POLICY)])
}

fn start(here: &Path) -> Sidecar {
    Sidecar::start(here, &["--config", "meshgate.yaml"])
}

/// Asks so often; returns the ids of the decisions that were answered.
fn ask(sidecar: &Sidecar, count: usize) -> Vec<String> {
    (0..count)
        .map(|n| {
            let (status, answer) = sidecar.data("app/allow", &json!({"input": {"n": n}}).to_string());
            assert_eq!(status, 200, "{answer}");
            answer["decision_id"].as_str().expect("an id").to_owned()
        })
        .collect()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the log");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn metric(sidecar: &Sidecar, name: &str) -> u64 {
    let (_, _, text) = sidecar.send(&sidecar.admin, "GET /metrics HTTP/1.1", b"");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a number")
}

#[test]
fn what_was_answered_survives_a_dead_sink_and_the_death_of_the_process() {
    let sink = Sink::start();
    let server = format!(
        "  decision_log:\n    to: [\"http://{}/logs\", log.jsonl]\n    spool: {{ folder: spool }}\n    upload: {{ token_file: token }}\n",
        sink.address
    );
    let here = here(&server);
    write(here.path(), "token", b"t0ken\n");
    sink.kill();
    let mut answered = BTreeSet::new();
    for _ in 0..3 {
        let mut sidecar = start(here.path());
        answered.extend(ask(&sidecar, 30));
        // SIGKILL: nobody has time for anything.
        sidecar.child.kill().expect("a kill");
        sidecar.child.wait().expect("its end");
    }
    let sink = sink.again();
    sink.status.store(500, Ordering::Relaxed);
    let sidecar = start(here.path());
    answered.extend(ask(&sidecar, 30));
    sidecar.eventually("a failure", || metric(&sidecar, "meshgate_decision_log_send_failures_total") > 0);
    sink.status.store(200, Ordering::Relaxed);
    sidecar.eventually("all events", || sink.ids().into_iter().collect::<BTreeSet<_>>() == answered);
    // Each came once: nothing was taken twice while the sink was well.
    assert_eq!(sink.ids().len(), answered.len());
    assert_eq!(sink.tokens.lock().expect("a lock").last().map(String::as_str), Some("Bearer t0ken"));
    assert_eq!(lines(&here.path().join("log.jsonl")).len(), answered.len());
    let files = std::fs::read_dir(here.path().join("spool")).expect("the spool");
    let jsonl =
        files.filter(|file| file.as_ref().is_ok_and(|file| file.path().extension().is_some_and(|e| e == "jsonl")));
    assert_eq!(jsonl.count(), 1, "what was sent is gone");
}

#[test]
fn a_spool_belongs_to_one_process() {
    let here = here("  decision_log: { to: \"http://127.0.0.1:9/logs\", spool: { folder: spool } }\n");
    let _first = start(here.path());
    let second = run(here.path(), &["serve", "--listen", "127.0.0.1:0", "--config", "meshgate.yaml"]);
    assert!(second.code == 2 && second.stderr.contains("another process uses this spool"), "{}", second.stderr);
}

#[test]
fn a_full_spool_denies_or_sheds_as_it_is_told() {
    let big = "x".repeat(200 << 10);
    let ask = |sidecar: &Sidecar| sidecar.data("app/allow", &json!({"input": {"n": 1, "big": big}}).to_string()).0;
    for (mode, full) in [("deny", 500), ("block", 500), ("shed", 200)] {
        let here = here(&format!(
            "  limits: {{ deadline_ms: 300 }}\n  decision_log: {{ to: \"http://127.0.0.1:9/logs\", full: {mode}, spool: {{ folder: spool, max_mib: 1 }} }}\n"
        ));
        let sidecar = start(here.path());
        let answers: Vec<u16> = (0..8).map(|_| ask(&sidecar)).collect();
        assert_eq!(answers.first(), Some(&200), "{mode}");
        assert_eq!(answers.last(), Some(&full), "{mode}");
        let (shed, unwritten) = (
            metric(&sidecar, "meshgate_decision_log_shed_total"),
            metric(&sidecar, "meshgate_decision_log_unwritten_total"),
        );
        assert_eq!((shed > 0, unwritten > 0), (mode == "shed", mode != "shed"), "{mode}");
    }
}

#[test]
fn events_have_rules_gears_traces_and_what_is_masked_is_never_written() {
    let here = here("  decision_log: log.jsonl\n  labels: { team: sales }\n");
    let masks = "package system.log\n\nimport rego.v1\n\nmask contains \"/result/token\"\n\nmask contains {\"op\": \"upsert\", \"path\": \"/input/name\", \"value\": \"**\"} if input.input.name\n\nmask contains input.input.bad\n\ndrop if input.input.quiet\n";
    write(here.path(), "policy/log.rego", masks.as_bytes());
    let sidecar = start(here.path());
    let trace = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let ask = |input: Value| {
        let head = format!("POST /v1/data/app/secret HTTP/1.1\r\ncontent-type: application/json\r\n{trace}");
        let (status, _, body) = sidecar.send(&sidecar.main, &head, json!({"input": input}).to_string().as_bytes());
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("s3cr3t"), "the caller gets all of it");
    };
    ask(json!({"n": 1, "name": "ada"}));
    ask(json!({"n": 2, "quiet": true}));
    // A mask that is none keeps everything back.
    ask(json!({"n": 3, "bad": "no/slash", "name": "grace"}));
    let log = here.path().join("log.jsonl");
    let events = lines(&log);
    let [first, kept] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(first["input"], json!({"n": 1, "name": "**"}));
    assert_eq!(first["result"], json!({"n": 1}));
    assert_eq!((&first["erased"], &first["masked"]), (&json!(["/result/token"]), &json!(["/input/name"])));
    assert_eq!(first["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((&first["span_id"], &first["gear"]), (&json!("00f067aa0ba902b7"), &json!("interpreter")));
    assert_eq!(first["labels"]["team"], "sales");
    assert!(kept.get("input").is_none() && kept.get("result").is_none() && kept["mask_failed"] == true, "{kept}");
    let text = std::fs::read_to_string(&log).expect("the log");
    assert!(!text.contains("s3cr3t") && !text.contains("ada") && !text.contains("grace"), "{text}");
    assert_eq!(metric(&sidecar, "meshgate_decision_log_kept_back_total"), 1);
    assert_eq!(metric(&sidecar, "meshgate_decision_log_dropped_total"), 1);
    // After some, the fast gear answers, and says so.
    for n in 0..150 {
        ask(json!({"n": n}));
    }
    assert_eq!(lines(&log).last().expect("an event")["gear"], "fast");
}

#[test]
fn what_waits_for_one_sink_is_written_to_the_others_once() {
    let here = here("  limits: { deadline_ms: 300 }\n  decision_log: { to: [log.jsonl, /dev/full], full: block }\n");
    let sidecar = start(here.path());
    assert_eq!(sidecar.data("app/allow", r#"{"input":{"n":1}}"#).0, 500);
    assert_eq!(lines(&here.path().join("log.jsonl")).len(), 1);
}

#[test]
fn an_input_that_is_too_deep_for_masks_hides_no_decision() {
    let here = here("  decision_log: log.jsonl\n");
    write(here.path(), "policy/log.rego", b"package system.log\n\nmask contains \"/input/x\"\n");
    let sidecar = start(here.path());
    let deep = format!("{{\"input\":{}{}}}", "[".repeat(126), "]".repeat(126));
    let (status, answer) = sidecar.data("app/value", &deep);
    assert_eq!(status, 200, "{answer}");
    let events = lines(&here.path().join("log.jsonl"));
    assert_eq!((&events[0]["decision_id"], &events[0]["path"]), (&answer["decision_id"], &json!("app/value")));
    assert!(events[0]["requested_by"].is_string() && events[0]["bundles"]["org"].is_object(), "{events:?}");
}

#[test]
fn every_event_can_be_on_the_disk_before_its_answer() {
    let here = here("  decision_log: { to: log.jsonl, fsync: always, rotate: { max_mib: 1, keep: 2 } }\n");
    let sidecar = start(here.path());
    let answered = ask(&sidecar, 20);
    assert_eq!(lines(&here.path().join("log.jsonl")).len(), answered.len());
    let big = json!({"input": {"n": 1, "big": "x".repeat(600 << 10)}}).to_string();
    for _ in 0..4 {
        assert_eq!(sidecar.data("app/allow", &big).0, 200);
    }
    assert!(here.path().join("log.jsonl.1").exists());
}

#[test]
fn decisions_are_listed_explained_and_exported() {
    let here = here("  decision_log: { to: log.jsonl, rotate: { max_mib: 1 } }\n");
    let decided = json!({"labels": {"id": "x"}, "decision_id": "aaaa1111-0000-4000-8000-000000000001", "path": "meshgate/decide",
        "bundles": {"org": {"revision": "r1"}}, "timestamp": "2026-11-25T10:00:00.000000001Z", "gear": "fast",
        "input": {"subject": {"id": "ada\u{1b}[2J"}, "action": "read", "purpose": "billing",
            "resource": {"product": "urn:orders", "port": "orders", "columns": ["id", "iban"]}},
        "result": {"verdict": "allow", "reasons": [{"rule": "access.terms", "message": "ada reads orders"}]},
        "rules": ["access.terms"], "obligations": {"masks": [{"column": "iban", "mask": "hash"}], "row_filters": [], "duties": []},
        "metrics": {"timer_rego_query_eval_ns": 12_000, "timer_server_handler_ns": 40_000}, "requested_by": "127.0.0.1:1"});
    let denied = json!({"decision_id": "bbbb2222-0000-4000-8000-000000000002", "path": "app/allow", "bundles": {},
        "timestamp": "2026-11-25T11:00:00.000000000Z", "input": {"user": "bob"}, "result": false, "metrics": {}});
    write(here.path(), "log.jsonl.1", format!("{decided}\n").as_bytes());
    write(here.path(), "log.jsonl", format!("{{\"half\n{denied}\n").as_bytes());
    let decisions = |args: &[&str]| {
        let all: Vec<&str> = ["decisions"].iter().chain(args).chain(&["--config", "meshgate.yaml"]).copied().collect();
        run(here.path(), &all)
    };
    let shown = decisions(&["show"]);
    let rows: Vec<&str> = shown.stdout.lines().collect();
    assert_eq!(rows.len(), 2, "{}", shown.stdout);
    assert!(rows[0].contains("allow") && rows[0].contains("urn:orders") && !rows[0].contains('\u{1b}'), "{}", rows[0]);
    assert!(rows[1].contains("deny   app/allow") && rows[1].contains("bob"), "{}", rows[1]);
    assert!(shown.stderr.contains("1 line is no event"), "{}", shown.stderr);
    for (args, want) in [
        (&["show", "--verdict", "deny"][..], "bbbb2222"),
        (&["show", "--subject", "bob"], "bbbb2222"),
        (&["show", "--product", "urn:orders"], "aaaa1111"),
        (&["show", "--rule", "access.terms"], "aaaa1111"),
        (&["show", "--path", "meshgate"], "aaaa1111"),
        (&["show", "--until", "2026-11-25T10:30:00Z"], "aaaa1111"),
        (&["show", "--since", "2026-11-25T10:30:00Z"], "bbbb2222"),
        (&["tail", "-n", "1", "--no-follow"], "bbbb2222"),
    ] {
        let shown = decisions(args);
        assert!(shown.stdout.lines().count() == 1 && shown.stdout.contains(want), "{args:?}: {}", shown.stdout);
    }
    let explained = decisions(&["explain", "aaaa"]);
    for want in [
        "allowed: aaaa1111",
        "who          ada",
        "billing",
        "ada reads orders (access.terms)",
        "mask",
        "bundle org at r1",
        "fast gear",
    ] {
        assert!(explained.stdout.contains(want), "{want}: {}", explained.stdout);
    }
    assert!(!explained.stdout.contains('\u{1b}'));
    assert_eq!(decisions(&["explain", "cccc"]).code, 2);
    let lines_of = decisions(&["export", "-o", "all.jsonl"]);
    assert!(
        lines_of.code == 0 && lines(&here.path().join("all.jsonl")) == [decided.clone(), denied],
        "{}",
        lines_of.stderr
    );
    assert_eq!(decisions(&["export", "-o", "log.jsonl"]).code, 2, "a log is not written over");
    assert_eq!(decisions(&["export", "-o", "all.parquet"]).code, 0);
    let file = std::fs::File::open(here.path().join("all.parquet")).expect("the file");
    let reader = parquet::file::reader::SerializedFileReader::new(file).expect("Parquet");
    let rows: Vec<Value> = reader.into_iter().map(|row| values(&row.expect("a row"))).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["verdict"], &rows[0]["product"], &rows[0]["eval_ns"]),
        (&json!("allow"), &json!("urn:orders"), &json!(12_000))
    );
    let input: Value = serde_json::from_str(rows[0]["input"].as_str().expect("a text")).expect("JSON");
    assert_eq!(input, decided["input"]);
    assert_eq!((&rows[1]["verdict"], &rows[1]["rules"]), (&json!("deny"), &Value::Null));
}

/// A row as JSON.
fn values(row: &parquet::record::Row) -> Value {
    use parquet::record::Field;
    let value = |field: &Field| match field {
        Field::Str(text) => json!(text),
        Field::Bytes(bytes) => json!(bytes.as_utf8().expect("UTF-8")),
        Field::Long(number) => json!(number),
        Field::Null => Value::Null,
        other => json!(other.to_string()),
    };
    Value::Object(row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect())
}
