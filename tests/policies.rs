//! The embedded rules over their own examples: each fires on its bad ones and is silent on its good ones.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use support::{root, run};

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn every_rule_fires_on_its_bad_examples_only() {
    let policies = root().join("policies");
    let list = run(&root(), &["rules", "list", "--format", "json"]).json();
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
                let report = run(&root(), &["check", &path.display().to_string(), "--format", "json"]).json();
                let fired = report["findings"].as_array().expect("findings").iter().any(|f| f["rule"] == id.as_str());
                let bad = name(&path).starts_with("fail_");
                assert!(bad || name(&path).starts_with("pass_"), "{}", path.display());
                assert_eq!(fired, bad, "{}: {report:#}", path.display());
                verdicts.insert(bad);
                formats.insert(report["descriptors"][0]["format"].as_str().map(str::to_owned));
            }
            assert_eq!(verdicts.len(), 2, "{id} has a good and a bad example");
            assert_eq!(formats.len(), 2, "{id} has examples in two standards");
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
