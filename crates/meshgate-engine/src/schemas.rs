//! JSON Schemas of what people write against: the configuration, and the input of rules.
//!
//! Deliberately absent: hand-written schemas. They come from the types, and cannot lag behind them.

use crate::config::Config;
use meshgate_core::model::{Input, Mesh};
use meshgate_rego::Types;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// What rules see as `input`: the model of one descriptor, and the mesh of the run.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "input", extend("description" = "What a rule sees as `input`. Absent is absent, never null; lists are always there."))]
struct RuleInput {
    #[serde(flatten)]
    input: Input,
    /// The descriptors of the run.
    mesh: Mesh,
    /// The version before, where one is compared with (`--against`).
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Input>,
}

/// Returns the JSON Schema of what rules see as `input`.
#[must_use]
pub fn input_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<RuleInput>().to_value();
    never_null(&mut schema);
    schema
}

/// Returns the JSON Schema of what access policies see as `input`.
fn request_schema() -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text});
    json!({
        "type": "object",
        "properties": {
            "subject": {"type": "object", "properties": {"id": text, "groups": texts, "attributes": {"type": "object"}}},
            "action": text,
            "resource": {"type": "object", "properties": {"product": text, "port": text, "columns": texts}},
            "purpose": text,
            "context": {"type": "object"},
        },
    })
}

/// What the packages of rules of ours and of access policies read, by which their modules are checked. Elsewhere, and for
/// rules that see the document itself, `input` is anything, as is the data of bundles.
pub fn types(raw: bool, warn: bool) -> Arc<Types> {
    // A schema of ours that could not be read is a fault of ours, which a test looks for; without it nothing is refused.
    static MODEL: LazyLock<Types> = LazyLock::new(|| known(false).unwrap_or_default());
    static RAW: LazyLock<Types> = LazyLock::new(|| known(true).unwrap_or_default());
    let types = if raw { &*RAW } else { &*MODEL };
    let mut types = types.clone();
    types.warn = warn;
    Arc::new(types)
}

fn known(raw: bool) -> Result<Types, String> {
    const RULES: &str = "meshgate.rules";
    const ACCESS: &str = "meshgate.access";
    let mut types = Types::default();
    let input = input_schema();
    if !raw {
        types.know(&[RULES], "input", &input)?;
    }
    types.know(&[ACCESS], "input", &request_schema())?;
    let mut products = json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/product"}});
    // A product that is served is seen without the mesh and the context of a run.
    if let Value::Object(mut product) = input
        && let Some(mut defs) = product.remove("$defs")
    {
        if let Some(properties) = product.get_mut("properties").and_then(Value::as_object_mut) {
            for of_a_run in ["mesh", "context", "previous"] {
                properties.remove(of_a_run);
            }
        }
        if let Some(defs) = defs.as_object_mut() {
            defs.insert("product".to_owned(), Value::Object(product));
        }
        if let Some(products) = products.as_object_mut() {
            products.insert("$defs".to_owned(), defs);
        }
    }
    types.know(&[RULES, ACCESS], "data.meshgate.products", &products)?;
    Ok(types)
}

/// Returns the JSON Schema of `meshgate.yaml`.
#[must_use]
pub fn config_schema() -> Value {
    let schema: Schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Config>();
    schema.to_value()
}

/// What may be absent is written as an option in Rust, which a schema takes for null.
fn never_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                any.retain(|shape| shape.get("type").is_none_or(|kind| kind != "null"));
                if let [Value::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    map.extend(only);
                }
            }
            map.values_mut().for_each(never_null);
        }
        Value::Array(items) => items.iter_mut().for_each(never_null),
        _ => {}
    }
}
