//! The schemas against the official ones: the verdicts and pointers of real descriptors, and the words for them.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::ReadLimits;
use meshgate_core::model::Format;
use meshgate_descriptor::{Document, Extract, NoFiles, SchemaCheck, check_schema, join, read};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

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

fn check(document: Document, format: Format) -> Option<SchemaCheck> {
    let limits = ReadLimits::default();
    let (descriptor, _) = join("t", document, format, &NoFiles, &limits, Arc::new(Extract::default()));
    check_schema(&descriptor)
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
        let check = check(document, format(entry["format"].as_str().unwrap())).unwrap();
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

/// A small generator of random numbers: the mutants must be the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                pointers(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| pointers(v, format!("{at}/{i}"), found)),
        _ => {}
    }
    found.push(at);
}

/// Breaks (or leaves whole) one place of a document, in the ways that people do.
fn mutate(value: &mut Value, keys: &[String], random: &mut Random) {
    let mut all = Vec::new();
    pointers(value, String::new(), &mut all);
    let at = all[random.below(all.len())].clone();
    let Some(place) = value.pointer_mut(&at) else { return };
    let scalars = [
        Value::Null,
        Value::from(true),
        Value::from(0),
        Value::from(-1),
        Value::from(2.5),
        Value::from(3.0),
        Value::from(""),
        Value::from("some text"),
        Value::from("a.b"),
        Value::from("x/y"),
        serde_json::json!([]),
        serde_json::json!({}),
        serde_json::json!([1, 1]),
        serde_json::json!(["a", "a"]),
        serde_json::json!({"$ref": "#/x"}),
    ];
    match (random.below(5), place) {
        (0, Value::Object(map)) if !map.is_empty() => {
            let key = map.keys().nth(random.below(map.len())).unwrap().clone();
            map.remove(&key);
        }
        (1, Value::Object(map)) => {
            let key = keys[random.below(keys.len())].clone();
            map.insert(key, scalars[random.below(scalars.len())].clone());
        }
        (2, Value::Object(map)) if !map.is_empty() => {
            let key = map.keys().nth(random.below(map.len())).unwrap().clone();
            let value = map.remove(&key).unwrap();
            map.insert(keys[random.below(keys.len())].clone(), value);
        }
        (2, Value::Array(items)) if !items.is_empty() => {
            let copy = items[random.below(items.len())].clone();
            items.push(copy);
        }
        (_, place) => *place = scalars[random.below(scalars.len())].clone(),
    }
}

/// Every key and word that an official schema knows: mutants are made of them.
fn vocabulary(schema: &Value, keys: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                if key == "properties" {
                    keys.extend(value.as_object().into_iter().flat_map(|map| map.keys().cloned()));
                }
                vocabulary(value, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| vocabulary(item, keys)),
        _ => {}
    }
}

#[test]
fn verdicts_agree_with_the_official_schemas_on_broken_documents() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("descriptors");
    let index: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    let mut disagreements = Vec::new();
    for (name, format_name, version_key, version, only_version) in [
        ("odcs-3.2.0", "odcs", "apiVersion", "v3.2.0", None),
        ("odcs-3.1.0", "odcs", "apiVersion", "v3.1.0", None),
        ("odcs-3.0.2", "odcs", "apiVersion", "v3.0.2", None),
        ("odps-1.1.0", "odps", "apiVersion", "v1.1.0", None),
        ("odps-1.0.0", "odps", "apiVersion", "v1.0.0", None),
        ("dpds-1.0.0", "dpds", "dataProductDescriptor", "1.0.0", None),
        ("odps-lf-4.1", "odps-lf", "version", "4.1", None),
        ("datacontract-1.2.1", "dcs", "dataContractSpecification", "1.2.1", None),
        ("dps-0.0.1", "dps", "dataProductSpecification", "0.0.1", Some(DPS)),
    ] {
        let official: Value =
            serde_json::from_slice(&std::fs::read(shared.join(format!("schemas/{name}.schema.json"))).unwrap())
                .unwrap();
        // As the reference validators do it: `format` is an annotation.
        let validator = jsonschema::options().should_validate_formats(false).build(&official).unwrap();
        let mut keys = vec!["stranger".to_owned(), "x-own".to_owned()];
        vocabulary(&official, &mut keys);
        let texts: Vec<Value> = match only_version {
            Some(text) => vec![serde_json::from_str(text).unwrap()],
            None => index
                .iter()
                .filter(|entry| entry["format"] == format_name && entry["parses"] == true)
                .map(|entry| entry["path"].as_str().unwrap())
                .map(|path| (path, std::fs::read(folder.join(path)).unwrap()))
                .filter(|(_, bytes)| bytes.len() < 40_000)
                .map(|(path, bytes)| document(path, &bytes).unwrap().to_value())
                .collect(),
        };
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let (mut valid, mut mutants) = (0, 0);
        for round in 0..MUTANTS {
            let mut mutant = texts[round % texts.len()].clone();
            mutant[version_key] = Value::from(version);
            for _ in 0..random.below(3) {
                mutate(&mut mutant, &keys, &mut random);
            }
            let Some(document) = document("m.json", mutant.to_string().as_bytes()) else { continue };
            let checked = check(document, format(format_name));
            // The mutant may declare another version, or none.
            let Some(checked) = checked.filter(|checked| name.ends_with(&checked.version)) else { continue };
            let official = validator.is_valid(&mutant);
            mutants += 1;
            valid += usize::from(official);
            if official != checked.violations.is_empty() && disagreements.len() < 5 {
                let theirs: Vec<String> = validator
                    .iter_errors(&mutant)
                    .map(|error| format!("{} {}", error.instance_path(), error))
                    .map(|text| text.chars().take(300).collect())
                    .collect();
                disagreements.push(format!("{name}: theirs {theirs:?}, ours {:?}", checked.violations));
            }
        }
        println!("{name}: {mutants} documents, {valid} of them valid");
        assert!(mutants > MUTANTS / 2, "{name}: only {mutants} documents were compared");
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

const MUTANTS: usize = 2_000;

/// No such descriptor is in the shared data.
const DPS: &str = r#"{"dataProductSpecification": "0.0.1", "id": "p", "info": {"title": "P", "owner": "team"},
  "inputPorts": [{"id": "i", "name": "i", "sourceSystemId": "s", "links": {"a": "b"}, "tags": ["t"]}],
  "outputPorts": [{"id": "o", "name": "o", "type": "s3", "server": {"location": "s3://x"}, "containsPii": true}]}"#;
