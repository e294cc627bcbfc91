//! `meshgate show` and `meshgate schema`: the models of real descriptors, and the schemas that they fit.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

#[expect(dead_code, reason = "each test binary uses its own part")]
mod support;

use serde_json::Value;
use std::path::Path;
use support::{golden, root, run, shared};

/// The official full example of each standard. The snapshots were read by eye against the documents.
const EXAMPLES: [(&str, &str); 7] = [
    ("odcs", "odcs/open-data-contract-standard/docs/examples/all/full-example.odcs.yaml"),
    ("odps", "odps/open-data-product-standard/docs/examples/customer-data-product.odps.yaml"),
    ("dpds", "dpds/odm-specification-dpdescriptor/examples/tripexecution/data-product-descriptor.json"),
    ("dpds_inline", "dpds/data-products-with-bauplan/data-product-descriptor.json"),
    ("odps_lf", "odps-lf/v4.1/source/examples/Refs/urbanpulse_internal.yml"),
    ("dcs", "dcs/datacontract-specification/examples/orders-latest-nested/datacontract.yaml"),
    ("witboost", "witboost/Data-Product-Specification/example.yaml"),
];

#[test]
fn the_official_examples_have_their_models() {
    let Some(shared) = shared() else { return };
    for (name, path) in EXAMPLES {
        let ran = run(&shared.join("descriptors"), &["show", path]);
        golden(&format!("model/{name}.txt"), &ran.stdout);
    }
}

/// Every pointer of a model, wherever it stands.
fn pointers<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("pointer").and_then(Value::as_str));
            map.values().for_each(|value| pointers(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| pointers(value, found)),
        _ => {}
    }
}

#[test]
fn every_model_fits_the_schema_of_the_input_and_its_pointers_lead_somewhere() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("descriptors");
    let schema = run(&root(), &["schema", "input"]).json();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let index: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.join("index.json")).expect("an index")).expect("JSON");
    let mut followed = 0;
    for entry in index.iter().filter(|entry| entry["parses"] == true) {
        let path = entry["path"].as_str().expect("a path");
        let ran = run(&folder, &["show", path, "--format", "json"]);
        let input = ran.json();
        let errors: Vec<String> =
            validator.iter_errors(&input).map(|error| format!("{} {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{path}");
        let mut found = Vec::new();
        pointers(&input["product"], &mut found);
        pointers(&input["contracts"], &mut found);
        for pointer in found.iter().filter(|pointer| !pointer.contains('#')) {
            followed += 1;
            assert!(input["raw"].pointer(pointer).is_some(), "{path}: {pointer}");
        }
    }
    assert!(followed > 3_000, "{followed}");
}

#[test]
fn the_schemas_refuse_what_they_should() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(run(folder.path(), &["init"]).code, 0);
    let text = std::fs::read_to_string(folder.path().join("meshgate.yaml")).expect("a configuration");
    let schema = jsonschema::validator_for(&run(&root(), &["schema", "config"]).json()).expect("a schema");
    assert!(text.contains("version: 1"));
    assert!(
        schema.is_valid(&serde_json::json!({"version": 1, "schema": {"odps-lf": "off"}, "extract": {"pii": ["x"]}}))
    );
    for wrong in [serde_json::json!({}), serde_json::json!({"version": 1, "bundels": []})] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
    let report = jsonschema::validator_for(&run(&root(), &["schema", "report"]).json()).expect("a schema");
    let mesh: Value = serde_json::from_str(include_str!("golden/mesh.json")).expect("a report");
    assert!(report.is_valid(&mesh));
    let mut wrong = mesh;
    wrong["verdict"] = "maybe".into();
    assert!(!report.is_valid(&wrong));
}

#[test]
fn what_cannot_be_shown_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("broken.yaml", "kind: [\n");
    write("twice.yaml", "kind: DataContract\napiVersion: v3.1.0\nid: a\nid: b\n");
    write("other.yaml", "kind: Pod\n");
    let show = |file: &str| run(Path::new(folder.path()), &["show", file]);
    let ran = show("broken.yaml");
    assert!(ran.code == 1 && ran.stderr.contains("broken.yaml:2:1"), "{}", ran.stderr);
    let ran = show("twice.yaml");
    assert!(ran.code == 1 && ran.stderr.contains("twice.yaml:4:1") && ran.stdout.contains("odcs"), "{}", ran.stderr);
    let ran = show("missing.yaml");
    assert!(ran.code == 2 && ran.stderr.contains("missing.yaml cannot be opened"), "{}", ran.stderr);
    let ran = show("other.yaml");
    assert!(ran.code == 0 && ran.stdout.contains("input.format = generic"), "{}", ran.stdout);
}
