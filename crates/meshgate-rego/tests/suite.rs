//! The static checks over OPA's own compliance suite: what the suite evaluates is not refused.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, Module};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn cases(folder: &Path, found: &mut Vec<Value>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            cases(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "json") {
            let file: Value = serde_json::from_slice(&std::fs::read(&entry).unwrap()).unwrap();
            found.extend(file["cases"].as_array().into_iter().flatten().cloned());
        }
    }
}

/// What loading the modules of a case is refused for.
fn refused(case: &Value) -> Vec<String> {
    let modules = case["modules"].as_array().into_iter().flatten().enumerate().map(|(index, text)| Module {
        file: format!("{index}.rego"),
        text: text.as_str().unwrap_or_default().to_owned(),
    });
    let modules: Vec<Module> = modules.collect();
    match Bundle::load(&modules, &[], EvaluationLimits::default()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_static_checks_refuse_nothing_that_the_suite_evaluates() {
    let suite = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/rego-compliance/v1");
    if !suite.is_dir() {
        println!("skipped: ../shared/data/rego-compliance is absent");
        return;
    }
    let mut all = Vec::new();
    cases(&suite, &mut all);
    let (mut wrongly, mut evaluated) = (Vec::new(), 0);
    for case in &all {
        let said = refused(case);
        if case.get("want_result").is_some() {
            evaluated += 1;
            // The one idiom that is refused on purpose, builtins that are not there (the two cases with deep brackets are
            // GraphQL's), and numbers that regorus has no place for.
            let ours = |text: &&String| {
                let known = ["is no function", "is not available", "out of range", "brackets are nested too deep"];
                !known.iter().any(|known| text.contains(known))
            };
            wrongly.extend(said.iter().filter(ours).map(|text| format!("{}: {text}", case["note"])));
        }
    }
    assert!(evaluated > 1000, "{evaluated}");
    assert!(wrongly.is_empty(), "refused, and the suite evaluates them:\n{}", wrongly.join("\n"));
}
