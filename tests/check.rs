//! `meshgate check` as its users run it: the example mesh, wrong input of every kind, exit codes.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::Value;
use std::io::Write;
use std::process::Stdio;
use support::{CONTRACT, folder, golden, meshgate, plugin, root, rules, run, write};

#[test]
fn the_example_mesh_is_judged() {
    let ran = run(&root(), &["check", "examples/mesh"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    golden("mesh.txt", &ran.stdout);
    let ran = run(&root(), &["check", "examples/mesh", "--format", "json"]);
    assert_eq!(ran.code, 1);
    golden("mesh.json", &ran.stdout);
}

#[test]
fn the_report_is_the_same_whatever_the_threads() {
    let one = run(&root(), &["check", "examples/mesh", "--jobs", "1", "--format", "json"]);
    let many = run(&root(), &["check", "examples/mesh", "--jobs", "8", "--format", "json"]);
    assert_eq!(one.stdout, many.stdout);
}

#[test]
fn a_clean_descriptor_is_allowed() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    let ran = run(here.path(), &["check", "c.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "allowed: no findings · 1 descriptor, 6 rules, 0 faults\n"));
    assert_eq!(ran.stderr, "no meshgate.yaml found: using the embedded rules\n");
}

#[test]
fn no_key_of_a_descriptor_hides_the_rest() {
    let plain = CONTRACT.replace("name: a\n    classification: public", "name: email");
    let text = plain.clone() + "customProperties:\n- {property: p, value: {\"$serde_json::private::Number\": x}}\n";
    let here = folder(&[("plain.yaml", &plain), ("c.yaml", &text)]);
    let plain = run(here.path(), &["check", "plain.yaml"]);
    let ran = run(here.path(), &["check", "c.yaml"]);
    assert_ne!(plain.stdout, "allowed: no findings · 1 descriptor, 6 rules, 0 faults\n");
    assert_eq!(ran.stdout.replace("c.yaml", "plain.yaml"), plain.stdout);
}

/// Runs `meshgate check - --format json` on a text.
fn piped(text: &str) -> (Option<i32>, Value) {
    let here = folder(&[]);
    let mut child = meshgate(here.path())
        .args(["check", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    child.stdin.take().expect("stdin").write_all(text.as_bytes()).expect("a pipe");
    let output = child.wait_with_output().expect("an end");
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[test]
fn standard_input_is_a_descriptor() {
    let (code, report) = piped(CONTRACT);
    assert_eq!(code, Some(0));
    assert_eq!(report["descriptors"][0]["file"], "stdin");
}

#[test]
fn a_mesh_too_dense_is_a_fault_of_a_file_and_of_standard_input() {
    let many: String = (0..800)
        .map(|n| {
            format!(
                "---\nkind: DataProduct\napiVersion: v1.0.0\nid: p{n}\nstatus: active\ninputPorts:\n- {{name: i, version: 1.0.0, contractId: x}}\noutputPorts:\n- {{name: o, version: 1.0.0, contractId: x}}\n"
            )
        })
        .collect();
    let here = folder(&[("p.yaml", &many)]);
    let ran = run(here.path(), &["check", "p.yaml", "--format", "json"]);
    let of_file: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let (code, of_text) = piped(&many);
    // Descriptors are denied beside the fault.
    assert_eq!((ran.code, code), (1, Some(1)));
    for report in [of_file, of_text] {
        let faults = report["faults"].as_array().expect("faults");
        let told = faults
            .iter()
            .any(|fault| fault["message"].as_str().is_some_and(|m| m.contains("offered and read too often")));
        assert!(told, "{faults:?}");
    }
}

#[test]
fn an_allowed_host_is_a_bare_host() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    for host in ["https://example.com", "example.com/", "*.example.com", "a b", "me@example.com", ""] {
        let ran = run(here.path(), &["check", "c.yaml", "--allow-host", host]);
        assert_eq!(ran.code, 2, "{host}");
        assert!(ran.stderr.contains("write the bare host"), "{}", ran.stderr);
    }
    for host in ["example.com", "127.0.0.1:8080", "[::1]:8080"] {
        assert_eq!(run(here.path(), &["check", "c.yaml", "--allow-host", host]).code, 0, "{host}");
    }
}

#[test]
fn nothing_to_judge_is_a_failure() {
    let here = folder(&[("k8s.yaml", "kind: Deployment\napiVersion: v1\n"), ("notes.txt", "x")]);
    for args in [&["check", "."][..], &["check"], &["check", "notes.txt"], &["check", "k8s.yaml"]] {
        let ran = run(here.path(), args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
    }
    let ran = run(here.path(), &["check", "."]);
    assert!(ran.stderr.contains("no descriptor found; 1 file is of no known format"), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("denied:"), "a gate that could not do its job is not open: {}", ran.stdout);
    let ran = run(here.path(), &["check", "k8s.yaml"]);
    assert!(ran.stderr.contains("no rule applies"), "{}", ran.stderr);
}

#[test]
fn a_missing_file_does_not_hide_the_others() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    let ran = run(here.path(), &["check", "nowhere.yaml", "c.yaml", "--format", "json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nowhere.yaml: cannot be opened"), "{}", ran.stderr);
    assert_eq!(ran.json()["descriptors"][0]["file"], "c.yaml");
    assert_eq!(ran.json()["verdict"], "deny");
}

#[test]
fn unreadable_text_denies_at_its_place() {
    let here = folder(&[
        ("bad.yaml", "kind: DataContract\nname: [a, b\n"),
        ("c.yaml", CONTRACT),
        ("b.json", "{\"a\": }"),
        ("n.yaml", ""),
    ]);
    let ran = run(here.path(), &["check", ".", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(rules(&report), ["read.syntax", "read.syntax"]);
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["file"], &finding["source"], &finding["severity"]),
        (&"b.json".into(), &"read".into(), &"error".into())
    );
    assert_eq!((&finding["span"]["start"]["line"], &finding["span"]["start"]["column"]), (&1.into(), &7.into()));
    assert_eq!(report["summary"]["descriptors"], 3);
    assert_eq!(report["summary"]["skipped"], 1, "an empty file is no descriptor");
    let duplicate = folder(&[("c.yaml", &format!("{CONTRACT}id: again\n"))]);
    let ran = run(duplicate.path(), &["check", "c.yaml", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran.json())), (1, vec!["read.duplicate_key"]));
    assert_eq!(ran.json()["descriptors"][0]["verdict"], "deny");
}

#[cfg(unix)]
#[test]
fn links_and_hidden_files_are_judged_and_dead_links_deny() {
    let here = folder(&[("real/c.txt", CONTRACT), (".hidden/d.yaml", CONTRACT)]);
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, here.path().join(name)).expect("a link");
    link("real/c.txt", "c.yaml");
    let ran = run(here.path(), &["check", ".", "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["summary"]["descriptors"]), (0, &2.into()), "{}", ran.stdout);
    link("nowhere", "dead.yaml");
    link(".", "circle.yaml");
    let ran = run(here.path(), &["check", ".", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran.json())), (1, vec!["read.unreadable"]), "{}", ran.stdout);
    assert_eq!(ran.json()["findings"][0]["file"], "dead.yaml");
}

#[test]
fn an_unreadable_part_is_not_skipped_with_the_rest_of_its_file() {
    let deep = "[".repeat(100);
    let here = folder(&[
        ("c.yaml", CONTRACT),
        ("two.json", &format!("{{\"a\": {deep}")),
        ("k.yaml", "kind: Pod\nkind: Pod\n"),
    ]);
    let ran = run(here.path(), &["check", ".", "--format", "json"]);
    assert_eq!(
        (ran.code, rules(&ran.json())),
        (1, vec!["read.syntax"]),
        "a duplicate key in a foreign file is not ours"
    );
    assert_eq!(ran.json()["summary"]["skipped"], 1);
}

#[test]
fn no_document_hides_behind_a_good_one() {
    let typo = CONTRACT.replace("DataContract", "Agreement");
    let here = folder(&[("c.yaml", CONTRACT), ("typo.yaml", &typo), ("two/d.yaml", &format!("{CONTRACT}---\n{typo}"))]);
    let ran = run(here.path(), &["check", "c.yaml", "typo.yaml"]);
    assert!(ran.code == 2 && ran.stderr.contains("typo.yaml: no rule applies"), "{}", ran.stderr);
    let ran = run(here.path(), &["check", "two", "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["summary"]["skipped"]), (0, &1.into()));
    assert_eq!(run(here.path(), &["check", "two/d.yaml"]).code, 2);
    // Almost a kind of Bitol's is no foreign document: skipped, it would pass unseen.
    let near = folder(&[("c.yaml", CONTRACT), ("near.yaml", &CONTRACT.replace("DataContract", "DataContrct"))]);
    let ran = run(near.path(), &["check", ".", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran.json())), (1, vec!["read.unknown_format"]));
    let same = folder(&[("two.yaml", &format!("{0}---\n{0}", CONTRACT.replace("version: 1.0.0", "version: '1'")))]);
    let ran = run(same.path(), &["check", "two.yaml", "--format", "json"]);
    assert_eq!(
        ran.json()["findings"].as_array().map(Vec::len),
        Some(2),
        "the same remark on two documents is two findings"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_are_files_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let here = folder(&[]);
    for name in [&b"a\xfd.yaml"[..], b"a\xfe.yaml"] {
        std::fs::write(here.path().join(std::ffi::OsStr::from_bytes(name)), CONTRACT).expect("a file");
    }
    assert_eq!(run(here.path(), &["check", ".", "--format", "json"]).json()["summary"]["descriptors"], 2);
}

#[test]
fn the_configuration_is_that_of_the_checked_path() {
    let weak = "version: 1\ndeny_at: error\n";
    let strict = "version: 1\ndeny_at: warning\n";
    let text = CONTRACT.replace("version: 1.0.0", "version: '1'");
    let here =
        folder(&[("a/meshgate.yaml", weak), ("b/meshgate.yaml", strict), ("a/c.yaml", &text), ("b/c.yaml", &text)]);
    assert_eq!(
        run(&here.path().join("a"), &["check", "../b"]).code,
        1,
        "the neighbour's configuration does not decide"
    );
    let ran = run(here.path(), &["check", "a", "b"]);
    assert!(ran.code == 2 && ran.stderr.contains("different meshgate.yaml files"), "{}", ran.stderr);
    assert_eq!(run(here.path(), &["check", "a", "b", "--config", "b/meshgate.yaml"]).code, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let status =
        meshgate(here.path()).args(["check", "c.yaml"]).stdout(full).stderr(Stdio::null()).status().expect("an end");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn git_ignored_files_are_left_out() {
    let here = folder(&[("c.yaml", CONTRACT), ("build/old.yaml", "kind: [\n"), (".gitignore", "build/\n")]);
    assert_eq!(run(here.path(), &["check", "."]).code, 0);
}

#[test]
fn warnings_deny_when_asked() {
    let text = CONTRACT.replace("version: 1.0.0", "version: '1'");
    let here = folder(&[("c.yaml", &text)]);
    assert_eq!(run(here.path(), &["check", "c.yaml"]).code, 0);
    assert_eq!(run(here.path(), &["check", "c.yaml", "--deny-at", "warning"]).code, 1);
    let strict = folder(&[("c.yaml", &text), ("meshgate.yaml", "version: 1\ndeny_at: warning\n")]);
    assert_eq!(run(strict.path(), &["check", "c.yaml"]).code, 1);
}

#[test]
fn several_reports_are_written_at_once() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    let ran = run(here.path(), &["check", "c.yaml", "--format", "text", "--format", "json=r.json"]);
    assert!(ran.code == 0 && ran.stdout.starts_with("allowed"));
    let report = std::fs::read_to_string(here.path().join("r.json")).expect("a report");
    assert_eq!(report, run(here.path(), &["check", "c.yaml", "--format", "json"]).stdout);
    assert_eq!(run(here.path(), &["check", "c.yaml", "--format", "text", "--format", "json"]).code, 2);
    assert_eq!(run(here.path(), &["check", "c.yaml", "--format", "pdf"]).code, 2);
}

#[test]
fn broken_rego_is_a_load_fault_and_the_rest_is_judged() {
    let here = folder(&[("c.yaml", CONTRACT), ("rules/a.rego", "package a\n\np if {\n"), ("empty/readme.md", "x")]);
    let ran = run(here.path(), &["check", "c.yaml", "--bundle", "rules", "--format", "json"]);
    assert_eq!(ran.code, 2);
    let report = ran.json();
    assert_eq!((&report["faults"][0]["kind"], &report["verdict"]), (&"load".into(), &"deny".into()));
    assert!(report["faults"][0]["message"].as_str().expect("text").starts_with("rules/a.rego:"), "{report}");
    assert_eq!(report["descriptors"][0]["file"], "c.yaml");
    for bundle in ["nowhere", "empty"] {
        assert_eq!(run(here.path(), &["check", "c.yaml", "--bundle", bundle]).code, 2, "{bundle}");
    }
}

#[test]
fn plugins_that_fail_deny_and_the_rest_is_judged() {
    let here = folder(&[("c.yaml", CONTRACT), ("d.yaml", CONTRACT), ("not.wasm", "hello")]);
    let cases = [
        ("(loop $l (br $l)) (unreachable)", "deadline"),
        ("(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)", "memory"),
        ("(unreachable)", "trap"),
    ];
    for (body, kind) in cases {
        write(here.path(), "p.wasm", &plugin(body));
        let ran = run(here.path(), &["check", "c.yaml", "d.yaml", "--plugin", "p.wasm", "--format", "json"]);
        let report = ran.json();
        assert_eq!((ran.code, &report["verdict"]), (1, &"deny".into()), "{kind}");
        let faults = report["faults"].as_array().expect("faults");
        assert!(faults.len() == 2 && faults.iter().all(|fault| fault["kind"] == kind), "{faults:?}");
        assert_eq!(report["summary"]["descriptors"], 2);
        let shown = run(here.path(), &["check", "c.yaml", "--plugin", "p.wasm"]).stdout;
        assert!(shown.contains("fault[hostile]") && shown.contains("nobody has judged it"), "{shown}");
    }
    let ran = run(here.path(), &["check", "c.yaml", "--plugin", "not.wasm"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("is not WebAssembly"), "{}", ran.stdout);
    assert_eq!(run(here.path(), &["check", "c.yaml", "--plugin", "nowhere.wasm"]).code, 2);
}

#[test]
fn the_configuration_is_checked() {
    let cases = [
        ("version: 1\nbundels: []\n", "meshgate.yaml:2:1: unknown field `bundels`", "did you mean `bundles`?"),
        ("version: 2\n", "meshgate.yaml:1:10: `version` is 2", ""),
        ("version: 1\nplugins:\n  - id: x\n", "meshgate.yaml:3:", "missing field `path`"),
        ("version: 1\nserver: {listen: 3}\n", "meshgate.yaml:2:18:", "expected a string"),
        ("version: [\n", "meshgate.yaml:", ""),
        ("", "is empty", "meshgate init"),
    ];
    for (text, place, hint) in cases {
        let here = folder(&[("c.yaml", CONTRACT), ("meshgate.yaml", text)]);
        let ran = run(here.path(), &["check", "c.yaml"]);
        assert_eq!(ran.code, 2, "{text}");
        assert!(ran.stderr.contains(place) && ran.stderr.contains(hint), "{text}: {}", ran.stderr);
    }
}

#[test]
fn a_plugin_of_the_configuration_has_settings_and_a_digest() {
    let wasm = root().join("plugins/vocabulary/vocabulary.wasm");
    let config = |extra: &str, settings: &str| {
        format!(
            "version: 1\nembedded: false\nplugins:\n- id: v\n  path: {}\n{extra}  settings: {settings}\n",
            wasm.display()
        )
    };
    let text = CONTRACT.replace("name: a\n", "name: custmer_id\n");
    let with = |config: &str| {
        run(folder(&[("c.yaml", &text), ("meshgate.yaml", config)]).path(), &["check", "c.yaml", "--format", "json"])
    };
    let ran = with(&config("", "{terms: [customer]}"));
    assert_eq!((ran.code, rules(&ran.json())), (0, vec!["naming.misspelt_term"]));
    assert_eq!(ran.json()["findings"][0]["source"], "plugin");
    assert_eq!(ran.json()["findings"][0]["span"]["start"]["line"], 10);
    let ran = with(&config("", "{term: [customer]}"));
    assert!(ran.code == 2 && ran.stdout.contains("refuses its settings"), "{}", ran.stdout);
    let ran = with(&config(&format!("  sha256: \"{}\"\n", "0f".repeat(32)), "{terms: [customer]}"));
    assert!(ran.code == 2 && ran.stdout.contains("and should have 0f0f"), "{}", ran.stdout);
}

#[test]
fn a_plugin_of_the_command_line_works_without_settings() {
    let here = folder(&[("c.yaml", &CONTRACT.replace("name: a\n", "name: cust_adress\n"))]);
    let wasm = root().join("plugins/vocabulary/vocabulary.wasm").display().to_string();
    let ran = run(here.path(), &["check", "c.yaml", "--plugin", &wasm, "--format", "json"]);
    assert_eq!((ran.code, rules(&ran.json())), (0, vec!["naming.abbreviated_term", "naming.misspelt_term"]));
    assert_eq!(ran.json()["faults"], serde_json::json!([]));
}

#[test]
fn init_writes_a_file_that_works_and_never_overwrites() {
    let here = folder(&[("c.yaml", CONTRACT)]);
    assert_eq!(run(here.path(), &["init"]).code, 0);
    let ran = run(here.path(), &["check", "c.yaml"]);
    assert!(ran.code == 0 && ran.stderr.contains("meshgate.yaml"), "{}", ran.stderr);
    assert_eq!(run(here.path(), &["init"]).code, 2);
}

#[test]
fn rules_are_listed_and_explained() {
    let here = folder(&[]);
    let list = run(here.path(), &["rules", "list", "--format", "json"]).json();
    let first = &list.as_array().expect("a list")[0];
    assert_eq!((&first["id"], &first["source"]), (&"contract.output_port_without_contract".into(), &"rego".into()));
    let said = run(here.path(), &["explain", "privacy.unmasked_restricted_column"]);
    assert!(said.code == 0 && said.stdout.contains("What to do"), "{}", said.stdout);
    assert_eq!(run(here.path(), &["explain", "no.such_rule"]).code, 2);
}

#[test]
fn real_descriptors_are_judged_without_a_fault() {
    let data = root().join("../shared/data/descriptors");
    if !data.exists() {
        eprintln!("skipped: ../shared/data/descriptors is absent");
        return;
    }
    // Which rules are slow is a benchmark's question: an unoptimised build on a busy machine must not answer it here.
    let here = folder(&[("patient.yaml", "version: 1\nlimits: {rule_deadline_ms: 60000}\n")]);
    let config = here.path().join("patient.yaml").display().to_string();
    for (format, at_least) in [("dpds", 20), ("odcs", 150), ("odps", 3)] {
        let ran = run(&data, &["check", format, "--format", "json", "--config", &config]);
        let report = ran.json();
        assert_eq!(ran.code, 1, "{format}: {}", ran.stderr);
        assert_eq!(report["faults"].as_array().map(Vec::len), Some(0), "{}", report["faults"]);
        assert!(report["summary"]["descriptors"].as_u64() >= Some(at_least), "{}", report["summary"]);
    }
}

const CONFTEST: &str = "package main\n\nimport rego.v1\n\ndeny contains msg if {\n\tinput.kind == \"Deployment\"\n\tmsg := \"no root\"\n}\n\n\
    warn_label contains {\"msg\": \"no owner\", \"severity\": \"low\"} if not input.metadata.labels.owner\n";

#[test]
fn conftest_policies_are_evaluated_on_the_document_as_it_is() {
    let here = folder(&[("policy/a.rego", CONFTEST), ("d.yaml", "kind: Deployment\nmetadata: {name: a}\n")]);
    let ran = run(here.path(), &["check", "d.yaml", "--no-embedded", "--policy", "policy"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("error[main.deny]: no root") && ran.stdout.contains("warning[main.warn_label]: no owner"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("{\"severity\":\"low\"}"), "what else a result says is told: {}", ran.stdout);
}

#[test]
fn a_namespace_that_holds_no_rule_is_an_error() {
    let here = folder(&[("policy/a.rego", CONFTEST), ("d.yaml", "kind: Service\n")]);
    let check = |namespaces: &[&str]| {
        let named = namespaces.iter().flat_map(|name| ["--conftest-namespace", name]);
        let all: Vec<&str> =
            ["check", "d.yaml", "--no-embedded", "--policy", "policy"].into_iter().chain(named).collect();
        run(here.path(), &all)
    };
    for (named, help) in [(&["mian"][..], "did you mean `main`?"), (&["main", "kubernetes"], "these do: main")] {
        let ran = check(named);
        assert_eq!(ran.code, 2, "{}", ran.stdout);
        assert!(
            ran.stdout.contains("holds no rule `deny`, `violation` or `warn`") && ran.stdout.contains(help),
            "{}",
            ran.stdout
        );
    }
    assert_eq!(check(&["main", "main"]).code, 0);
}

/// conftest drops what is neither; here nothing that a policy says is lost.
#[test]
fn results_of_conftest_policies_have_a_shape() {
    for (head, says) in [
        ("deny contains 1", "neither a text nor an object"),
        ("deny contains {\"message\": \"m\"}", "without a `msg` that is a text"),
        ("deny contains \"\"", "empty message"),
        ("deny := true", "is not a set of messages: write `deny contains msg if"),
        ("deny[\"x\"] contains \"m\"", "is not a set of messages: write `deny contains msg if"),
    ] {
        let policy = format!("package main\n\nimport rego.v1\n\n{head} if input.kind\n");
        let here = folder(&[("policy/a.rego", policy.as_str()), ("d.yaml", "kind: Service\n")]);
        let ran = run(here.path(), &["check", "d.yaml", "--no-embedded", "--policy", "policy"]);
        assert!(ran.code != 0 && ran.stdout.contains(says), "{head}: {}", ran.stdout);
    }
}
