//! The schemas against the official ones: the verdicts and pointers of real descriptors, and the words for them.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::ReadLimits;
use meshgate_core::model::Format;
use meshgate_descriptor::{Document, check_schema, read};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn shared() -> Option<PathBuf> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !shared.is_dir() {
        println!("skipped: ../shared/data is absent");
        return None;
    }
    Some(shared)
}

fn document(name: &str, bytes: &[u8]) -> Option<Document> {
    read(name, bytes, &ReadLimits::default()).documents.into_iter().next()
}

fn format(name: &str) -> Format {
    Format::STANDARDS.into_iter().find(|format| format.as_str() == name).unwrap()
}

#[test]
fn verdicts_and_pointers_agree_with_the_official_schemas() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("descriptors");
    let index: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    let mut disagreements = Vec::new();
    let mut compared = 0;
    for entry in &index {
        let Some(valid) = entry["schema_valid"].as_bool() else { continue };
        let path = entry["path"].as_str().unwrap();
        let document = document(path, &std::fs::read(folder.join(path)).unwrap()).unwrap();
        let check = check_schema(&document, format(entry["format"].as_str().unwrap())).unwrap();
        let ours: BTreeSet<&str> = check.violations.iter().map(|violation| violation.pointer.as_str()).collect();
        let theirs: BTreeSet<&str> =
            entry["schema_error_paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        compared += 1;
        if valid != check.violations.is_empty() || ours != theirs {
            disagreements.push(format!("{path}\n  ours {ours:?}\n  theirs {theirs:?}"));
        }
    }
    assert!(compared >= 263, "{compared}");
    assert!(disagreements.is_empty(), "{} of {compared}:\n{}", disagreements.len(), disagreements.join("\n"));
}
