//! Cases of our own, in the shape of OPA's compliance suite, in both gears; and OPA's suite itself, where it is at hand.
//!
//! Deliberately absent: any list of cases. OPA's suite has a floor, so that nothing that passes is lost.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{Bundle, FailedQuery, Module, Options, Query, Row};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// Numbers as one kind, lists sorted where the case says that they are sets.
fn plain(value: &Value, free: bool) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| plain(item, false)).collect();
            if free {
                items.sort_by_key(Value::to_string);
            }
            Value::Array(items)
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), plain(value, free))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        other => other.clone(),
    }
}

fn held(case: &Value, answer: &Result<Vec<Row>, FailedQuery>) -> Result<(), String> {
    let wants_error = case.get("want_error").is_some() || case.get("want_error_code").is_some();
    match answer {
        Err(error) if wants_error => match case["want_error_code"].as_str() {
            Some(code) if code != error.code => Err(format!("wants {code}, is {error}")),
            _ => Ok(()),
        },
        Err(error) => Err(error.to_string()),
        Ok(_) if wants_error => Err("wants an error".to_owned()),
        Ok(rows) => {
            let free = case["sort_bindings"].as_bool().unwrap_or(false);
            let sorted = |rows: Vec<Value>| {
                let mut rows: Vec<String> = rows.iter().map(|row| plain(row, free).to_string()).collect();
                rows.sort();
                rows
            };
            let ours = sorted(rows.iter().map(|row| serde_json::to_value(&row.bindings).unwrap()).collect());
            let theirs = sorted(case["want_result"].as_array().cloned().unwrap_or_default());
            if ours == theirs { Ok(()) } else { Err(format!("wants {theirs:?}, is {ours:?}")) }
        }
    }
}

fn modules(case: &Value) -> Vec<Module> {
    let texts = case["modules"].as_array().into_iter().flatten().filter_map(Value::as_str).enumerate();
    texts.map(|(at, text)| Module { file: format!("{at}.rego"), text: text.to_owned() }).collect()
}

/// OPA's suite, where it is at hand.
fn suite() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/rego-compliance/v1");
    if !folder.is_dir() {
        println!("skipped: ../shared/data/rego-compliance is absent");
        return None;
    }
    Some(folder)
}

/// What fails in the interpreter, what is wrong in the fast gear, how many cases are eligible for it, and how many there are.
fn run(folder: PathBuf, skip: &'static [&'static str]) -> (Vec<String>, Vec<String>, usize, usize) {
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
        let mut all = Vec::new();
        cases(&folder, &mut all);
        let (mut failed, mut wrong, mut eligible, mut total) = (Vec::new(), Vec::new(), 0, 0);
        for case in &all {
            let note = case["note"].as_str().unwrap_or_default();
            if skip.iter().any(|start| note.starts_with(start)) {
                continue;
            }
            total += 1;
            let modules = modules(case);
            let data: Vec<_> = case
                .get("data")
                .filter(|data| data.is_object())
                .map(meshgate_rego::value_of_json)
                .into_iter()
                .collect();
            let query = Query {
                text: case["query"].as_str().unwrap(),
                modules: &modules,
                data: &data,
                input: case.get("input").cloned(),
                input_term: case["input_term"].as_str(),
                options: Options {
                    limits: EvaluationLimits { rule_deadline: Duration::from_secs(20), ..EvaluationLimits::default() },
                    strict: case["strict_error"].as_bool().unwrap_or(false),
                    world: true,
                    ..Options::default()
                },
            };
            match query.prepare() {
                Err(error) => failed.extend(held(case, &Err(error)).err().map(|why| format!("{note}: {why}"))),
                Ok(ready) => {
                    failed.extend(held(case, &ready.evaluate()).err().map(|why| format!("{note}: {why}")));
                    if let Some(answer) = ready.evaluate_fast() {
                        eligible += 1;
                        wrong.extend(held(case, &answer).err().map(|why| format!("{note}: {why}")));
                    }
                }
            }
        }
        (failed, wrong, eligible, total)
    });
    thread.unwrap().join().unwrap()
}

#[test]
fn our_own_cases_hold_in_both_gears() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let (failed, wrong, eligible, total) = run(folder, &[]);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(total > 90 && eligible > 50, "{eligible} of {total}");
}

#[test]
fn opas_suite_holds_in_both_gears() {
    let Some(folder) = suite() else { return };
    let (failed, wrong, eligible, total) = run(folder, &["graphql", "providers-aws"]);
    assert!(wrong.is_empty(), "the fast gear is wrong:\n{}", wrong.join("\n"));
    assert!(eligible * 2 > total, "{eligible} of {total} are eligible");
    assert!(failed.len() * 200 < total, "{} of {total} fail:\n{}", failed.len(), failed.join("\n"));
}

/// What loading the modules of a case as a bundle is refused for.
fn refused(case: &Value) -> Vec<String> {
    match Bundle::load(&modules(case), &[], EvaluationLimits::default()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_static_checks_refuse_nothing_that_the_suite_evaluates() {
    let Some(folder) = suite() else { return };
    let mut all = Vec::new();
    cases(&folder, &mut all);
    let (mut wrongly, mut evaluated) = (Vec::new(), 0);
    for case in all.iter().filter(|case| case.get("want_result").is_some()) {
        evaluated += 1;
        // Builtins that are not there (the two cases with deep brackets are GraphQL's), and numbers that regorus has no
        // place for.
        let ours = |text: &String| {
            let known = ["is no function", "is not available", "out of range", "brackets are nested too deep"];
            !known.iter().any(|known| text.contains(known))
        };
        wrongly.extend(refused(case).into_iter().filter(ours).map(|text| format!("{}: {text}", case["note"])));
    }
    assert!(evaluated > 1000, "{evaluated}");
    assert!(wrongly.is_empty(), "refused, and the suite evaluates them:\n{}", wrongly.join("\n"));
}
