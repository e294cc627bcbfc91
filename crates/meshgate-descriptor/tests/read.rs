//! The reader from outside: places of errors, spans of values, YAML's traps, hostile input, and laws over generated text.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::ReadLimits;
use meshgate_core::model::{Context, Format, Input};
use meshgate_core::pointer::Pointer;
use meshgate_descriptor::{Document, Extract, NoFiles, Parsed, Recognised, join, model, read, recognise};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn yaml(text: &str) -> Parsed {
    read("t.yaml", text.as_bytes(), &ReadLimits::default())
}

fn modelled(document: Document, format: Format) -> Input {
    let limits = ReadLimits::default();
    let (descriptor, _) = join("t.yaml", document, format, &NoFiles, &limits, Arc::new(Extract::default()));
    model(&descriptor, Context::default())
}

fn one(text: &str) -> Document {
    let parsed = yaml(text);
    assert_eq!(parsed.diagnostics, []);
    parsed.documents.into_iter().next().unwrap()
}

/// The text that is underlined for a pointer.
fn shown(text: &str, pointer: &str) -> String {
    one(text).span(&Pointer::parse(pointer).unwrap()).slice(text).to_owned()
}

fn refused(text: &str) -> (String, String) {
    let parsed = yaml(text);
    let first = parsed.diagnostics.first().expect("a diagnostic").clone();
    (first.rule.to_owned(), first.span.slice(text).to_owned())
}

#[test]
fn scalars_are_shown_as_they_are_written() {
    let text =
        "a: plain # comment\nb: \"quo\\\"ted\"\nc: [1, 'two']\nd: {e: ü, f: g}\nh: |\n  block\n  text\ni: last\n";
    for (pointer, expected) in [
        ("/a", "plain"),
        ("/b", "\"quo\\\"ted\""),
        ("/c/0", "1"),
        ("/c/1", "'two'"),
        ("/d/e", "ü"),
        ("/d/f", "g"),
        ("/h", "|\n  block\n  text"),
        ("/i", "last"),
    ] {
        assert_eq!(shown(text, pointer), expected, "{pointer}");
    }
}

#[test]
fn what_is_missing_is_shown_at_its_parent() {
    let text = "info:\n  name: x\nports:\n  - name: p\n    empty:\n";
    assert_eq!(shown(text, "/info/owner"), "info");
    assert_eq!(shown(text, "/info"), "info");
    assert_eq!(shown(text, "/ports/0"), "p");
    assert_eq!(shown(text, "/ports/0/contract"), "p");
    assert_eq!(shown(text, "/ports/0/empty"), "empty");
    assert_eq!(shown(text, "/nothing"), "info");
}

#[test]
fn line_ends_marks_and_characters_do_not_move_spans() {
    let text = "\u{feff}a: ä\r\nb: x\r\n";
    assert_eq!(shown(text, "/a"), "ä");
    assert_eq!(shown(text, "/b"), "x");
}

#[test]
fn anchors_aliases_and_merge_keys_are_followed() {
    let text = "base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\nsame: *b\n";
    let document = one(text);
    assert_eq!(
        document.to_value(),
        json!({"base": {"x": 1, "y": 2}, "own": {"y": 3, "x": 1}, "same": {"x": 1, "y": 2}})
    );
    assert_eq!(shown(text, "/own/x"), "1");
}

#[test]
fn a_file_may_end_without_a_line_end() {
    for text in ["a: |\n  x", "a: >-\n  x\n  y", "a: x", "a: 'x'", "a: |", "- [x]", "a: x # c", "a:\n  - |\n   z"] {
        assert_eq!(yaml(text).documents.len(), 1, "{text:?}");
    }
    assert_eq!(one("a: |\n  x").to_value(), json!({"a": "x"}));
}

#[test]
fn anchors_tags_and_aliases_are_not_part_of_a_value() {
    assert_eq!(shown("a: &x 1.10\nb: *x\n", "/a"), "1.10");
    assert_eq!(shown("a: !!str &x 1.10\n", "/a"), "1.10");
    assert_eq!(one("&k name: n\nother: *k\n").to_value(), json!({"name": "n", "other": "name"}));
    let contract = |masking: &str| {
        let text = format!(
            "kind: DataContract\nversion: &v 1.10\nx-n: &n no\nschema:\n- name: t\n  properties:\n  - name: a\n    \
             classification: restricted\n    customProperties: [{{property: maskingStrategy, value: {masking}}}]\n"
        );
        modelled(one(&text), Format::Odcs).contracts.remove(0)
    };
    for nothing in ["no", "&m no", "*n", "!!bool no", "&m none"] {
        assert_eq!(contract(nothing).schema[0].columns[0].masking, None, "{nothing}");
    }
    assert_eq!(contract("hash").version.as_deref(), Some("1.10"));
}

#[test]
fn several_documents_are_several_descriptors() {
    assert_eq!(yaml("a: 1\n---\nb: 2\n").documents.len(), 2);
}

#[test]
fn what_cannot_be_read_has_a_place() {
    assert_eq!(refused("a: 1\na: 2\n"), ("read.duplicate_key".into(), "a".into()));
    assert_eq!(refused("a: [1, 2\nb: 3\n").0, "read.syntax");
    assert_eq!(refused("a: \"open\n").0, "read.syntax");
    assert_eq!(refused("a: *nobody\n").0, "read.syntax");
    assert_eq!(refused("a: &x [*x]\n").0, "read.syntax");
    assert_eq!(refused("a:\n  <<: 3\n"), ("read.syntax".into(), "3".into()));
    let parsed = read("t.yaml", b"a: \xff", &ReadLimits::default());
    assert_eq!(parsed.diagnostics[0].rule, "read.not_utf8");
    assert_eq!(parsed.diagnostics[0].span.start, 3);
}

#[test]
fn json_errors_have_a_place() {
    for (text, place) in [("{\"a\": }", "}"), ("{\"a\": 1,}", "}"), ("{\"a\": 1} x", "x"), ("{a: 1}", "a")] {
        let parsed = read("t.json", text.as_bytes(), &ReadLimits::default());
        assert_eq!(parsed.diagnostics[0].span.slice(text), place, "{text}");
        assert!(parsed.documents.is_empty());
    }
    let twice = read("t.json", br#"{"a": 1, "a": 2}"#, &ReadLimits::default());
    assert_eq!(twice.diagnostics[0].rule, "read.duplicate_key");
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{},", level - 1);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", alias.repeat(10)));
    }
    assert_eq!(yaml(&laughs).diagnostics[0].rule, "read.too_large");
    assert!(yaml(&laughs).documents.is_empty());
    let text = format!("b: &b {}\nl:\n{}", "x".repeat(1 << 20), "- *b\n".repeat(50_000));
    assert_eq!(yaml(&text).diagnostics[0].rule, "read.too_large", "text behind aliases");
    let keys: String = (0..4000).map(|key| format!("  k{key}: 1\n")).collect();
    let text = format!("b: &b\n{keys}l:\n{}", "- <<: *b\n".repeat(4000));
    assert_eq!(yaml(&text).diagnostics[0].rule, "read.too_large", "keys behind merges");
    assert!(yaml(&"[".repeat(100_000)).documents.is_empty());
    assert!(read("t.json", "[".repeat(100_000).as_bytes(), &ReadLimits::default()).documents.is_empty());
    let limits = ReadLimits { file_bytes_max: 10, ..ReadLimits::default() };
    assert_eq!(read("t.yaml", b"a: 123456789", &limits).diagnostics[0].rule, "read.too_large");
}

#[test]
fn formats_are_recognised_by_content() {
    let of = |text: &str| match recognise(&yaml(text).documents[0]) {
        Recognised::Known(format) => format.as_str().to_owned(),
        Recognised::Unknown => "unknown".to_owned(),
        Recognised::Unclear(diagnostic) => format!("{}: {}", diagnostic.rule, diagnostic.message),
    };
    for (text, expected) in [
        ("dataProductDescriptor: 1.0.0", "dpds"),
        ("dataProductDescriptor: 2.0.0", "dpds"),
        ("kind: DataProduct\napiVersion: v1.0.0", "odps"),
        ("kind: DataProduct", "odps"),
        ("kind: DataContract\napiVersion: v3.2.0", "odcs"),
        ("kind: DataContract\napiVersion: 2.2.2", "odcs"),
        ("schema: https://opendataproducts.org/v4.1/schema/odps.yaml\nversion: 4.1", "odps-lf"),
        ("schema: https://opendataproducts.org/v4\nversion: 4", "odps-lf"),
        ("version: '4.2'\nproduct: {details: {en: {name: n}}}", "odps-lf"),
        ("dataContractSpecification: 0.9.3", "dcs"),
        ("dataProductSpecification: 0.0.1", "dps"),
        ("kind: dataproduct\nid: urn:dmb:dp:d:n:1", "witboost"),
        ("kind: DataProduct\ndataProductOwner: user:a", "witboost"),
        ("kind: Deployment\napiVersion: v1", "unknown"),
        ("kind: DataProject\nversion: 1", "unknown"),
        // Another tool's `apiVersion` does not make a Witboost product foreign.
        ("kind: dataproduct\napiVersion: witboost.com/v1\nid: urn:dmb:dp:d:n:1", "witboost"),
        ("kind: virtualDataset\napiVersion: v2.2.2", "odcs"),
        // Resources of other tools may well be called so.
        ("apiVersion: data.example.com/v1\nkind: DataProduct\nmetadata: {}\nspec: {}", "unknown"),
        ("apiVersion: backstage.io/v1alpha1\nkind: DataContract\nmetadata: {name: n}\nspec: {}", "unknown"),
        ("info: {title: t}\nmodels: [{name: bert}]", "unknown"),
        ("openapi: 3.0.0\ninfo: {title: t}\npaths: {}", "unknown"),
        // Readers differ in which of two values they take: either makes it a descriptor.
        ("{kind: Other, kind: DataContract}", "odcs"),
        ("- 1", "unknown"),
        ("text", "unknown"),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
    for (text, rule, named) in [
        ("kind: DataContract\napiVersion: v4.0.0", "read.unknown_version", "2.2, 3.0, 3.1, 3.2"),
        ("kind: DataContract\napiVersion: v3.10.0", "read.unknown_version", "v3.10.0"),
        ("dataProductDescriptor: 3.0.0", "read.unknown_version", "expected 1, 2"),
        ("dataContractSpecification: 2.0.0", "read.unknown_version", "0.9"),
        ("dataProductDescriptor: 1.0.0\nkind: DataContract", "read.ambiguous_format", "Bitol ODCS at once"),
        ("kind: DataContact\napiVersion: v3.0.0", "read.unknown_format", "`kind: DataContact`"),
        ("kind: datacontract\napiVersion: v3.0.0", "read.unknown_format", "expected DataProduct or DataContract"),
        ("kind: Datacontract\napiVersion: v3", "read.unknown_format", "`kind: Datacontract`"),
        ("dataproductDescriptor: 1.0.0", "read.unknown_format", "`dataproductDescriptor`"),
        ("info: {name: n}\ninterfaceComponents: {}", "read.unknown_format", "which standard"),
        ("info: {title: t}\nmodels: {}", "read.unknown_format", "which standard"),
        ("apiVersion: v3.1.0\nid: c\nschema: [{name: t}]", "read.unknown_format", "which standard"),
        ("product: {details: {en: {name: n}}}", "read.unknown_format", "which standard"),
        ("Kind: DataContract\napiVersion: v3.1.0", "read.unknown_format", "`Kind`"),
        ("Schema: https://opendataproducts.org/v4.1", "read.unknown_format", "`Schema`"),
        ("- {kind: DataContract, apiVersion: v3.1.0}", "read.unknown_format", "a list of descriptors"),
    ] {
        let said = of(text);
        assert!(said.starts_with(rule) && said.contains(named), "{text}: {said}");
    }
}

#[test]
fn the_model_says_what_the_document_says() {
    let text = "kind: DataContract\nid: c\nversion: 1.10\nschema:\n- name: t\n  properties:\n  - name: a\n    classification: Restricted\n    \
                customProperties: [{property: maskingStrategy, value: none}, {property: pii, value: true}]\n  - name: b\n    tags: [PII]\n    \
                encryptedName: b_enc\n";
    let input = modelled(one(text), Format::Odcs);
    let contract = &input.contracts[0];
    assert_eq!(contract.version.as_deref(), Some("1.10"), "a version is text, not a number");
    let [a, b] = contract.schema[0].columns.as_slice() else { panic!("two columns") };
    assert_eq!((a.classification.as_deref(), a.masking.as_deref(), a.pii), (Some("restricted"), None, Some(true)));
    // `encryptedName` names another column, which holds the encrypted value.
    assert_eq!((b.pii, b.encrypted, b.pointer.as_str()), (Some(true), None, "/schema/0/properties/1"));
}

/// Every scalar's span, read again on its own, gives the same value.
fn round_trips(document: &Document, value: &Value, pointer: &Pointer) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            let written = document.key_span(&pointer.key(key)).slice(document.text());
            // JSON has characters in its texts that YAML has not.
            let as_json = written.starts_with('"').then(|| ("t.json", format!("{{{written}: 0}}")));
            let as_yaml = Some(("t.yaml", format!("{written}: 0")));
            let again = as_json.into_iter().chain(as_yaml).find_map(|(name, text)| {
                let parsed = read(name, text.as_bytes(), &ReadLimits::default());
                parsed.documents.first().and_then(|d| d.to_value().as_object()?.keys().next().cloned())
            });
            // An alias as a key is written as the alias.
            assert!(written.starts_with('*') || again.as_ref() == Some(key), "{pointer}: {written} is not {key}");
            round_trips(document, value, &pointer.key(key));
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| round_trips(document, value, &pointer.index(i)))
        }
        _ => {
            let span = document.value_span(pointer).expect("a span");
            let text = span.slice(document.text());
            assert!(span.end <= document.text().len() && span.start <= span.end, "{pointer}");
            let plain = !text.contains('\n') && !text.starts_with(['*', '&', '|', '>', '!']);
            if plain && !text.is_empty() {
                let again = read("t.yaml", format!("[{text}]").as_bytes(), &ReadLimits::default());
                let again = again.documents.first().map(|document| document.to_value()[0].clone());
                // Plain text in a flow list ends at a comma or bracket: only what reads on its own is compared.
                if let Some(again) = again.filter(|_| !text.contains([',', '[', ']', '{', '}', '#'])) {
                    assert_eq!(&again, value, "{pointer}: {text}");
                }
            }
        }
    }
}

#[test]
fn every_span_of_the_corpus_is_its_value() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/descriptors");
    let Ok(index) = std::fs::read_to_string(root.join("index.json")) else {
        eprintln!("skipped: ../shared/data/descriptors is absent");
        return;
    };
    let index: Value = serde_json::from_str(&index).unwrap();
    let mut scalars = 0;
    for entry in index.as_array().unwrap() {
        let path = entry["path"].as_str().unwrap();
        let bytes = std::fs::read(root.join(path)).unwrap();
        let parsed = read(path, &bytes, &ReadLimits::default());
        let syntax = parsed.diagnostics.iter().any(|d| d.rule == "read.syntax");
        assert_eq!(!syntax, entry["parses"].as_bool().unwrap(), "{path}: {:?}", parsed.diagnostics);
        for document in &parsed.documents {
            if parsed.diagnostics.is_empty() {
                round_trips(document, &document.to_value(), &Pointer::root());
                scalars += 1;
            }
            let Recognised::Known(ours) = recognise(document) else { panic!("{path}: {:?}", recognise(document)) };
            assert_eq!(Some(ours.as_str()), entry["format"].as_str(), "{path}");
        }
    }
    assert!(scalars > 200, "{scalars}");
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC*|[-:{}\\[\\]#&*!|>'\"%@`, \n\ta-c0-9]{0,80}") {
        for name in ["t.yaml", "t.json"] {
            let parsed = read(name, text.as_bytes(), &ReadLimits::default());
            for document in &parsed.documents {
                let _ = document.to_value();
                let span = document.span(&Pointer::parse("/a/0").unwrap());
                prop_assert!(span.end <= text.len());
            }
        }
    }

    #[test]
    fn json_means_what_serde_json_says(value in json_value()) {
        for text in [value.to_string(), format!("{value:#}")] {
            let parsed = read("t.json", text.as_bytes(), &ReadLimits::default());
            prop_assert_eq!(&parsed.diagnostics, &[]);
            prop_assert_eq!(&parsed.documents[0].to_value(), &value);
            round_trips(&parsed.documents[0], &value, &Pointer::root());
        }
    }

    #[test]
    fn json_is_refused_when_serde_json_refuses(text in "[{}\\[\\]:,\"0-9a-c.eE+ -]{0,24}") {
        let ours = read("t.json", text.as_bytes(), &ReadLimits::default());
        let twice = ours.diagnostics.iter().any(|d| d.rule == "read.duplicate_key");
        let theirs = serde_json::from_str::<Value>(&text).is_ok();
        prop_assert!(twice || ours.diagnostics.is_empty() == theirs, "{}: {:?}", text, ours.diagnostics);
    }
}
