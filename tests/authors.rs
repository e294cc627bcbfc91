//! The commands for authors of policies as they run them: `lint`, `eval`, `bench` and `test`, their answers and their exits.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use support::{Ran, folder, meshgate, run};

const ACCESS: &str = "package access\n\ndefault allow := false\n\nallow if admin\n\nallow if {\n\tcount(reasons) == 0\n\tinput.user != \"\"\n}\n\n\
    admin if {\n\tsome role in input.roles\n\trole == \"admin\"\n}\n\nreasons contains \"region\" if not input.region in {\"eu\", \"us\"}\n";

fn here() -> tempfile::TempDir {
    folder(&[
        ("access.rego", ACCESS),
        ("yes.json", r#"{"user": "ana", "region": "eu", "roles": []}"#),
        ("no.yaml", "user: ana\nregion: cn\nroles: [dev]\n"),
        ("data.json", r#"{"limits": {"a": 1}}"#),
    ])
}

fn eval(folder: &tempfile::TempDir, args: &[&str]) -> Ran {
    run(folder.path(), &[&["eval"], args].concat())
}

#[test]
fn eval_answers_in_the_shapes_of_opa() {
    let here = here();
    let ran = eval(&here, &["x := data.access.allow", "-d", "access.rego", "-i", "yes.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let expected = json!({"result": [{"expressions": [{"value": true, "text": "x := data.access.allow", "location": {"row": 1, "col": 1}}], "bindings": {"x": true}}]});
    assert_eq!(ran.json(), expected);
    for (format, query, expected) in [
        ("raw", "data.limits", "{\"a\":1}"),
        ("raw", "\"text\"", "text"),
        ("pretty", "1 + 1", "2"),
        ("values", "x := 2; x > 1", "[\n  true,\n  true\n]"),
        ("bindings", "x := [1, 2][_]", "[\n  {\n    \"x\": 1\n  },\n  {\n    \"x\": 2\n  }\n]"),
        ("json", "data.nothing", "{}"),
    ] {
        let ran = eval(&here, &[query, "-d", "data.json", "--format", format]);
        assert_eq!((ran.code, ran.stdout.trim()), (0, expected), "{query}: {}", ran.stderr);
    }
}

#[test]
fn eval_reads_its_input_from_a_pipe() {
    let here = here();
    let mut child = meshgate(here.path())
        .args(["eval", "data.access.allow", "-d", "access.rego", "-i", "-", "-f", "raw"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    child.stdin.take().expect("a pipe").write_all(br#"{"user": "ana", "region": "us"}"#).expect("written");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "true");
}

#[test]
fn eval_fails_when_it_is_told_to() {
    let here = here();
    for (query, flag, code) in [
        ("data.access.allow", "--fail", 0),
        ("data.access.admin", "--fail", 1),
        ("data.access.admin", "--fail-defined", 0),
        ("data.access.reasons", "--fail-defined", 1),
    ] {
        let ran = eval(&here, &[query, "-d", "access.rego", "-i", "no.yaml", flag]);
        assert_eq!(ran.code, code, "{query} {flag}: {}", ran.stdout);
    }
    // What a builtin makes no sense of is undefined, or an error.
    assert_eq!(eval(&here, &["to_number(\"x\")"]).json(), json!({}));
    let ran = eval(&here, &["to_number(\"x\")", "--strict"]);
    assert_eq!((ran.code, &ran.json()["errors"][0]["code"]), (2, &json!("eval_builtin_error")));
}

#[test]
fn eval_explains_what_is_not_true() {
    let here = here();
    let ran = eval(&here, &["data.access.allow", "-d", "access.rego", "-i", "no.yaml", "-f", "raw", "--explain"]);
    assert_eq!(ran.stdout.trim(), "false");
    for wanted in [
        "data.access.allow at access.rego:5: not true: admin\n    admin = undefined\n",
        "data.access.allow at access.rego:8: not true: count(reasons) == 0\n    count(reasons) = 1\n    reasons = {\"region\"}\n",
        "data.access.admin at access.rego:14: not true: role == \"admin\"\n    role = \"dev\"\n",
    ] {
        assert!(ran.stderr.contains(wanted), "{wanted}\nnot in\n{}", ran.stderr);
    }
    let ran = eval(&here, &["x := 1; x > 5", "--explain"]);
    assert!(ran.stderr.contains("not true: x > 5"), "{}", ran.stderr);
}

#[test]
fn eval_says_which_lines_and_which_gear() {
    let here = here();
    let ran = eval(&here, &["data.access.allow", "-d", "access.rego", "-i", "yes.json", "--coverage", "--profile"]);
    assert!(ran.stderr.contains("gear: fast, once it is cleared"), "{}", ran.stderr);
    let files = &ran.json()["coverage"]["files"]["access.rego"];
    assert!(files["covered"].is_array() && files["not_covered"].is_array(), "{}", ran.stdout);
}

#[test]
fn wrong_input_of_eval_is_told() {
    let here = here();
    for (args, code, says) in [
        (&["data.a."][..], 2, "the text ends where an expression goes on"),
        (&["f(1)"], 2, "rego_type_error"),
        (&["x > 1"], 2, "rego_unsafe_var_error"),
        (&["true", "-d", "nowhere"], 2, "there is no such"),
        (&["true", "-i", "nowhere.json"], 2, "nowhere.json cannot be read"),
        (&["true", "--format", "xml"], 2, "possible values"),
        (&["http.send({\"method\": \"get\", \"url\": \"http://example.com\"})"], 2, "http.send"),
    ] {
        let ran = eval(&here, args);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(ran.code == code && all.contains(says), "{args:?}: {} {all}", ran.code);
    }
}

#[test]
fn lint_tells_what_is_odd_by_its_place() {
    let text = "package a\n\nimport data.unused\nimport data.lib as helper\n\n# METADATA\n# entrypoint: true\nallow if {\n\tlower := 1\n\tlower == helper.x\n}\n\norphan if true\n\ncount := 3\n";
    let here = folder(&[("a.rego", text), ("lib/lib.rego", "package lib\n\nx := 1\n")]);
    let ran = run(here.path(), &["lint", "."]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let expected = [
        "./a.rego:3:1: warning[unresolved-import]: nothing here defines `data.unused`: mend the path, or give the module or the data that has it",
        "./a.rego:3:1: warning[unused-import]: the import `unused` is not used: take it out",
        "./a.rego:8:1: warning[shadowing]: the variable `lower` hides a builtin of that name: call it something else",
        "./a.rego:13:1: warning[unreachable-rule]: no entry point leads to `data.a.orphan`: use it, take it out, or mark it with `entrypoint: true`",
        "./a.rego:15:1: warning[shadowing]: the rule `count` hides a builtin of that name: call it something else",
        "./a.rego:15:1: warning[unreachable-rule]: no entry point leads to `data.a.count`: use it, take it out, or mark it with `entrypoint: true`",
        "0 errors, 6 warnings",
    ];
    assert_eq!(lines, expected);
    assert_eq!(run(here.path(), &["lint", ".", "--deny-warnings"]).code, 1);
    let json = run(here.path(), &["lint", ".", "--format", "json"]).json();
    let rows = &json["findings"];
    assert_eq!((&rows[0]["code"], &rows[0]["severity"]), (&json!("unresolved-import"), &json!("warning")));
    let ran = run(here.path(), &["lint", "nowhere"]);
    assert!(ran.code == 2 && ran.stderr.contains("nowhere: there is no such bundle"), "{}", ran.stderr);
}

/// Each with OPA's code, and nothing of the engine's own on the terminal.
#[test]
fn lint_tells_errors_by_opas_codes() {
    for (body, wanted) in [
        ("p if q\n\nq if p", "./a.rego:3:1: error[rego_recursion_error]"),
        ("p := unknown(1)", "error[rego_type_error]: undefined function unknown"),
        ("p := count(1, 2, 3)", "error[rego_type_error]"),
        ("p if not x", "error[rego_unsafe_var_error]"),
        ("p if {", "error[rego_parse_error]"),
        ("p if {\n\tinput := 1\n}", "./a.rego:4:2: error[rego_compile_error]: variables must not shadow input"),
        ("p := graphql.parse(\"\", \"\")", "graphql.parse"),
    ] {
        let here = folder(&[("a.rego", &format!("package a\n\n{body}\n"))]);
        let ran = run(here.path(), &["lint", "."]);
        assert!(ran.code == 1 && ran.stdout.contains(wanted), "{body}: {}", ran.stdout);
        assert_eq!(ran.stderr, "", "{body}");
    }
}

#[test]
fn a_module_in_v0_is_read_with_a_warning() {
    let here = folder(&[("a.rego", "package a\n\nallow {\n\tinput.x == 1\n}\n\ndeny[msg] {\n\tmsg := \"m\"\n}\n")]);
    let ran = run(here.path(), &["lint", "."]);
    assert!(
        ran.code == 0 && ran.stdout.contains("warning[rego-v0]: is Rego v0, not v1"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let ran = eval(&here, &["data.a.deny", "-d", "a.rego", "-f", "raw"]);
    assert_eq!(ran.stdout.trim(), "[\"m\"]");
}

/// Read as v0, `allow if { … }` would be a rule `allow` that always holds.
#[test]
fn words_that_v0_does_not_have_are_no_names() {
    let half = "package a\n\nimport future.keywords.in\n\nallow if { input.a in [1] }\n\nq[x] { x := 1 }\n";
    let here = folder(&[
        ("a.rego", half),
        ("v0/.manifest", "{\"rego_version\": 0}"),
        ("v0/a.rego", "package a\n\nallow if { input.a == 1 }\n"),
    ]);
    for (path, says) in [("a.rego", "rego_parse_error"), ("v0", "`if` is a word of Rego v0 only when it is imported")] {
        let ran = run(here.path(), &["lint", path]);
        assert!(ran.code == 1 && ran.stdout.contains(says), "{path}: {}{}", ran.stdout, ran.stderr);
    }
    let whole = "package a\n\nimport future.keywords.every\nimport future.keywords.if\n\nallow if { every x in [1] { x > 0 } }\n\nq[x] { x := 1 }\n";
    let here = folder(&[("a.rego", whole)]);
    let ran = run(here.path(), &["eval", "data.a.allow", "-d", "a.rego", "-f", "raw"]);
    assert_eq!(ran.stdout.trim(), "true", "{}", ran.stderr);
}

/// Each answer has its own values; what an earlier one was is not its.
#[test]
fn eval_gives_every_answer_of_a_query_that_iterates() {
    let here = folder(&[("in.json", "{\"a\": [1, 2, 3]}")]);
    let ran = eval(&here, &["some x in input.a; x > 1", "-i", "in.json", "-f", "bindings"]);
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).expect("JSON"), json!([{"x": 2}, {"x": 3}]));
    let ran = eval(&here, &["some x in input.a; x > 2", "-i", "in.json", "--fail-defined"]);
    assert_eq!((ran.code, ran.json()["result"].as_array().map(Vec::len)), (1, Some(1)));
}

#[test]
fn bench_times_both_gears() {
    let here = here();
    let args =
        ["bench", "data.access.allow", "-d", "access.rego", "-i", "yes.json", "--millis", "30", "--format", "json"];
    let timed = run(here.path(), &args).json();
    for gear in ["interpreter", "fast"] {
        assert!(timed[gear]["p50_ns"].as_u64().is_some_and(|nanos| nanos > 0), "{timed:#}");
    }
    let ran = run(here.path(), &["bench", "data.access", "-d", "access.rego", "--millis", "30"]);
    assert!(ran.stdout.contains("fast gear    not: "), "{}{}", ran.stdout, ran.stderr);
    let ran = run(here.path(), &["bench", "data.access.allow", "-d", "nowhere"]);
    assert!(ran.code == 2 && ran.stderr.contains("the query cannot be timed"), "{}", ran.stderr);
}

const TESTS: &str = "package access_test\n\nimport data.access\n\ntest_eu if access.allow with input as {\"user\": \"ana\", \"region\": \"eu\"}\n\n\
    test_cn if {\n\taccess.allow with input as {\"user\": \"ana\", \"region\": \"cn\"}\n}\n\ntodo_test_later if false\n";

#[test]
fn tests_are_chosen_covered_and_reported() {
    let here = folder(&[("access.rego", ACCESS), ("access_test.rego", TESTS)]);
    let test = |args: &[&str]| run(here.path(), &[&["test", "."], args].concat());
    let ran = test(&[]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("not true: access.allow with input as"), "{}", ran.stdout);
    assert_eq!(test(&["--run", "eu"]).code, 0);
    let ran = test(&["--run", "none_of_them"]);
    assert!(ran.code != 0 || ran.stdout.contains('0'), "{}", ran.stdout);
    let ran = test(&["--run", "eu", "--coverage", "--threshold", "99"]);
    assert!(
        ran.code == 1 && format!("{}{}", ran.stdout, ran.stderr).contains("covered"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let results = test(&["--format", "json"]).json();
    let all: Vec<&Value> = results["tests"].as_array().into_iter().flatten().collect();
    let failed: Vec<&&Value> = all.iter().filter(|result| result.get("failure").is_some()).collect();
    assert_eq!(failed.len(), 1, "{results:#}");
    let junit = test(&["--format", "junit"]).stdout;
    assert!(junit.contains("failures=\"1\" skipped=\"1\""), "{junit}");
}
