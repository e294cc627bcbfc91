//! The embedded rules over their own examples: each fires on its bad ones and is silent on its good ones.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use support::{folder, root, run};

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn every_rule_fires_on_its_bad_examples_only() {
    let policies = root().join("policies");
    let list = run(&root(), &["rules", "list", "--profile", "all", "--format", "json"]).json();
    let ids: BTreeSet<&str> = list.as_array().expect("a list").iter().filter_map(|rule| rule["id"].as_str()).collect();
    let mut seen = BTreeSet::new();
    for category in folders(&policies).into_iter().filter(|path| !path.ends_with("lib")) {
        for rule in folders(&category) {
            let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
            let id = format!("{}.{}", name(&category), name(&rule));
            assert!(ids.contains(id.as_str()), "{id} has a folder and is not loaded");
            assert!(rule.join(format!("{}_test.rego", name(&rule))).exists(), "{id} has no tests");
            let mut verdicts = BTreeSet::new();
            let mut formats = BTreeSet::new();
            for example in std::fs::read_dir(rule.join("examples")).expect("examples") {
                let path = example.expect("an example").path();
                let report = run(
                    &root(),
                    &[
                        "check",
                        &path.display().to_string(),
                        "--profile",
                        "all",
                        "--mesh",
                        "--stage",
                        "prod",
                        "--format",
                        "json",
                    ],
                )
                .json();
                let fired = report["findings"].as_array().expect("findings").iter().any(|f| f["rule"] == id.as_str());
                let bad = name(&path).starts_with("fail_");
                assert!(bad || name(&path).starts_with("pass_"), "{}", path.display());
                assert_eq!(fired, bad, "{}: {report:#}", path.display());
                verdicts.insert(bad);
                formats.insert(report["descriptors"][0]["format"].as_str().map(str::to_owned));
            }
            assert_eq!(verdicts.len(), 2, "{id} has a good and a bad example");
            assert!(formats.len() >= 2, "{id} has examples in two standards");
            seen.insert(id);
        }
    }
    assert_eq!(seen.iter().map(String::as_str).collect::<BTreeSet<_>>(), ids);
}

#[test]
fn policy_tests_pass_and_failures_are_told() {
    let embedded = run(&root(), &["test", "--format", "json"]).json();
    let folder = run(&root(), &["test", "policies", "--format", "json"]).json();
    assert_eq!(embedded["tests"].as_array().map(Vec::len), folder["tests"].as_array().map(Vec::len));
    let here = tempfile::tempdir().expect("a folder");
    std::fs::write(here.path().join("a_test.rego"), "package a_test\n\ntest_no if 1 == 2\n").expect("a file");
    let ran = run(here.path(), &["test", "."]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("FAIL a_test.test_no") && ran.stdout.contains("0 passed, 1 failed"), "{}", ran.stdout);
    std::fs::remove_file(here.path().join("a_test.rego")).expect("a file");
    std::fs::write(here.path().join("a.rego"), "package a\n\nx := 1\n").expect("a file");
    assert_eq!(run(here.path(), &["test", "."]).code, 2, "no test is no success");
}

#[test]
fn pages_of_rules_are_written_and_held_current() {
    let rule = "# METADATA\n# title: Nameless | product\n# custom:\n#   severity: error\n#   remedy: Name it.\n\
                package meshgate.rules.naming.nameless\n\nfindings contains {\"pointer\": \"\", \"message\": \"no name\"} if not input.product.name\n";
    let bad = "apiVersion: v1.0.0\nkind: DataProduct\nid: p\nstatus: active\n";
    let here = folder(&[
        ("rules/naming/nameless/nameless.rego", rule),
        ("rules/naming/nameless/examples/fail_bare.odps.yaml", bad),
    ]);
    let pages = |more: &[&str]| run(here.path(), &[&["rules", "pages", "rules"], more].concat());
    let ran = pages(&["--check"]);
    assert!(ran.code == 1 && ran.stdout.contains("not current: "), "{}", ran.stdout);
    assert_eq!(pages(&[]).code, 0);
    assert_eq!(pages(&["--check"]).code, 0);
    let read = |name: &str| std::fs::read_to_string(here.path().join("rules").join(name)).expect("a page");
    let page = read("naming/nameless/README.md");
    for wanted in
        ["# Nameless | product", "`naming.nameless` · error", "Name it.", "kind: DataProduct", "- line 1: no name"]
    {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert!(
        read("RULES.md").contains(
            "[`naming.nameless`](naming/nameless/README.md) | error | Nameless \\| product | every descriptor |  | ○ |"
        ),
        "{}",
        read("RULES.md")
    );
    // What is written by hand is nobody's to overwrite.
    std::fs::write(here.path().join("rules/naming/nameless/README.md"), "by hand").expect("a file");
    let ran = pages(&[]);
    assert!(ran.code == 2 && ran.stderr.contains("was not written by this command"), "{}", ran.stderr);
    assert_eq!(read("naming/nameless/README.md"), "by hand");
    let ran = run(here.path(), &["rules", "pages", "nowhere"]);
    assert!(ran.code == 2 && ran.stderr.contains("there is no such bundle"), "{}", ran.stderr);
}
