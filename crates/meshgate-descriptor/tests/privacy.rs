//! What a column says of privacy, wherever a team or a schema language writes it: the strictest word counts, and no column
//! hides in a corner of a definition.

// Clippy lets tests fail by panicking; helpers of tests are told from other code by this.
#![cfg(test)]

use meshgate_core::limits::ReadLimits;
use meshgate_core::model::{Column, Context, Input};
use meshgate_descriptor::{Extract, NoFiles, Recognised, join, model, read, recognise};
use std::sync::Arc;

fn modelled(text: &str) -> Input {
    let parsed = read("t.yaml", text.as_bytes(), &ReadLimits::default());
    assert_eq!(parsed.diagnostics, [], "{text}");
    let document = parsed.documents.into_iter().next().unwrap();
    let Recognised::Known(format) = recognise(&document) else { panic!("{text}") };
    let limits = ReadLimits::default();
    let (descriptor, _) = join("t.yaml", document, format, &NoFiles, &limits, Arc::new(Extract::default()));
    model(&descriptor, Context::default())
}

fn column(properties: &str) -> Column {
    let text =
        format!("kind: DataContract\napiVersion: v3.2.0\nid: c\nschema: [{{name: t, properties: [{properties}]}}]\n");
    modelled(&text).contracts[0].schema[0].columns[0].clone()
}

#[test]
fn the_strictest_word_counts() {
    for properties in [
        "{name: a, logicalType: array, classification: public, items: {classification: restricted}}",
        "{name: a, logicalType: map, map: {key: {classification: public}, value: {classification: restricted}}}",
        "{name: a, classification: public, customProperties: [{property: classification, value: restricted}]}",
        "{name: a, classification: restricted, customProperties: [{property: classification, value: public}]}",
        "{name: a, tags: ['classification:public', 'classification:restricted']}",
        "{name: a, tags: [Classification.Restricted]}",
        "{name: a, classification: '', customProperties: [{property: classification, value: restricted}]}",
        "{name: a, customProperties: [{property: classification, value: [internal, restricted]}]}",
        "{name: a, customProperties: {classifications: {sensitivity: Restricted}}}",
    ] {
        assert_eq!(column(properties).classification.as_deref(), Some("restricted"), "{properties}");
    }
    for properties in [
        "{name: a, tags: [PII.Sensitive]}",
        "{name: a, customProperties: [{property: pii, value: 'true'}]}",
        "{name: a, customProperties: {classifications: {regulatoryTags: [PII]}}}",
        "{name: a, x-pii: yes, tags: [b]}",
        "{name: a, pii: false, items: {pii: true}}",
    ] {
        assert_eq!(column(properties).pii, Some(true), "{properties}");
    }
    for strategy in ["disabled", "none", "-", "plain", "todo", "'null'"] {
        let properties = format!("{{name: a, customProperties: [{{property: maskingStrategy, value: {strategy}}}]}}");
        assert_eq!(column(&properties).masking, None, "{strategy}");
    }
    // What masks the list does not mask elements that are stricter than the list says of itself, unless they say so.
    let hashed = "{name: a, classification: public, items: {classification: restricted, customProperties: [{property: masking, value: hash}]}}";
    assert_eq!(column(hashed).masking.as_deref(), Some("hash"));
    for unmasked in [
        "{name: a, classification: internal, customProperties: [{property: masking, value: hash}], items: {classification: restricted}}",
        "{name: a, map: {key: {classification: restricted, x-masking: hash}, value: {classification: restricted}}}",
    ] {
        let column = column(unmasked);
        assert_eq!(
            (column.classification.as_deref(), column.masking.as_deref()),
            (Some("restricted"), None),
            "{unmasked}"
        );
    }
    for word in ["highly restricted", "Restricted - PII", "top secret"] {
        let both = format!("{{name: a, classification: public, x-classification: '{word}'}}");
        assert_eq!(column(&both).classification.unwrap(), word.to_lowercase());
    }
    // It names the column that holds the encrypted value; this one holds the clear one.
    assert_eq!(column("{name: a, encryptedName: b}").encrypted, None);
}

#[test]
fn merges_and_old_keys_mean_what_they_mean_to_their_tools() {
    let text = "kind: DataContract\napiVersion: v2.2.2\nuuid: c\nx-pub: &pub {classification: public}\nx-res: &res {classification: restricted}\n\
                dataset:\n- table: t\n  properties: []\n  columns:\n  - column: iban\n    <<: *pub\n    <<: *res\n    isNullable: false\n    isPrimary: true\n";
    let input = modelled(text);
    let column = &input.contracts[0].schema[0].columns[0];
    assert_eq!((column.name.as_deref(), column.classification.as_deref()), (Some("iban"), Some("restricted")));
    assert_eq!(
        (column.required, column.primary_key, input.contracts[0].id.as_deref()),
        (Some(true), Some(true), Some("c"))
    );
}

fn classified(columns: &[Column]) -> bool {
    columns.iter().any(|column| column.classification.as_deref() == Some("restricted") || classified(&column.columns))
}

/// A restricted column in every corner of every schema language that a DPDS port may define its API in.
#[test]
fn no_column_hides_in_an_api_definition() {
    const R: &str = "{type: string, classification: restricted}";
    let deep =
        (0..22).fold(format!("{{properties: {{iban: {R}}}}}"), |inner, _| format!("{{properties: {{n: {inner}}}}}"));
    for definition in [
        format!("{{properties: {{iban: {R}}}}}"),
        format!("{{properties: {{ibans: {{type: array, items: {R}}}}}}}"),
        format!("{{properties: {{a: {{oneOf: [{{type: object}}, {{properties: {{iban: {R}}}}}]}}}}}}"),
        format!("{{properties: {{a: {{anyOf: [{{properties: {{iban: {R}}}}}]}}}}}}"),
        format!("{{properties: {{a: {{allOf: [{{type: string}}, {R}]}}}}}}"),
        format!("{{properties: {{a: {{additionalProperties: {{properties: {{iban: {R}}}}}}}}}}}"),
        format!("{{patternProperties: {{'^i': {R}}}}}"),
        format!("{{dependentSchemas: {{a: {{properties: {{iban: {R}}}}}}}}}"),
        "{$defs: {S: {type: string}}, properties: {iban: {$ref: '#/$defs/S', classification: restricted}}}".to_string(),
        "{$defs: {S: {$anchor: s, type: string, classification: restricted}}, properties: {iban: {$ref: '#s'}}}".to_string(),
        format!("{{$id: 'https://x.org/a.json', $defs: {{b: {{$id: b.json, properties: {{iban: {R}}}}}}}, properties: {{b: {{$ref: b.json}}}}}}"),
        format!("{{openapi: 3.1.0, webhooks: {{paid: {{post: {{requestBody: {{content: {{j: {{schema: {{properties: {{iban: {R}}}}}}}}}}}}}}}}}}}"),
        format!("{{openapi: 3.1.0, paths: {{/x: {{get: {{responses: {{'200': {{headers: {{h: {{schema: {R}}}}}}}}}}}}}}}}}"),
        format!("{{asyncapi: 2.0.0, channels: {{c: {{subscribe: {{message: {{payload: {{type: array, items: {R}}}}}}}}}}}}}"),
        "{kind: DataContract, schema: [{name: t, properties: [{name: i, classification: restricted}]}]}".into(),
        "{dataContractSpecification: 1.2.0, models: {m: {fields: {i: {classification: restricted}}}}}".into(),
        format!("{{properties: {{a: {{items: [{{type: string}}, {R}]}}}}}}"),
        deep,
        format!("{{type: record, name: r, fields: [{{name: iban, type: {R}}}]}}"),
        "[{type: record, name: r, fields: [{name: iban, classification: restricted, type: string}]}]".to_string(),
        "{type: record, fields: [{name: m, type: {type: map, values: {type: record, fields: [{name: i, type: string, classification: restricted}]}}}]}".into(),
        "{type: record, fields: [{name: u, type: ['null', {type: record, fields: []}, {type: record, fields: [{name: i, type: string, \
         classification: restricted}]}]}]}"
            .into(),
        format!("{{openapi: 3.0.0, paths: {{/x: {{get: {{responses: {{'200': {{content: {{j: {{schema: {{properties: {{iban: {R}}}}}}}}}}}}}}}}}}}}}"),
        format!("{{swagger: '2.0', paths: {{/x: {{get: {{responses: {{'200': {{schema: {{properties: {{iban: {R}}}}}}}}}}}}}}}}}"),
        format!("{{asyncapi: 2.0.0, channels: {{c: {{subscribe: {{message: {{oneOf: [{{payload: {{properties: {{iban: {R}}}}}}}]}}}}}}}}}}"),
        format!("{{asyncapi: 3.0.0, channels: {{c: {{messages: {{m: {{payload: {{schema: {{properties: {{iban: {R}}}}}}}}}}}}}}}}}"),
        "{schema: {tables: [{name: t, definition: {}, columns: [{name: iban, classification: restricted}]}]}}".to_string(),
        "{schema: {tables: {t: {columns: [{name: iban, classification: restricted}]}}}}".to_string(),
    ] {
        let text = format!(
            "dataProductDescriptor: 1.0.0\ninterfaceComponents:\n  outputPorts:\n  - name: o\n    promises:\n      api: {{name: a, definition: {definition}}}\n"
        );
        let input = modelled(&text);
        assert!(input.contracts.iter().flat_map(|c| &c.schema).any(|table| classified(&table.columns)), "{definition}");
    }
}

#[test]
fn owners_are_those_who_own_today() {
    let owner = |team: &str| {
        modelled(&format!("kind: DataContract\napiVersion: v3.0.2\nid: c\nteam: {team}\n")).contracts[0].owner.clone()
    };
    let id = |team: &str| owner(team).and_then(|owner| owner.id);
    assert_eq!(id("[{username: a, role: Former Owner}, {username: b, role: Data Owner}]").as_deref(), Some("b"));
    assert_eq!(
        id("[{username: a, role: owner, dateOut: '2020-01-01'}, {username: b, role: dataProductOwner}]").as_deref(),
        Some("b")
    );
    assert_eq!(id("[{username: a, role: steward}]"), None);
}
