//! JSON Schemas of what people write against: the configuration, and the input of rules.
//!
//! Deliberately absent: hand-written schemas. They come from the types, and cannot lag behind them.

use crate::config::Config;
use meshgate_core::model::{Input, Mesh};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

/// What rules see as `input`: the model of one descriptor, and the mesh of the run.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "input", extend("description" = "What a rule sees as `input`. Absent is absent, never null; lists are always there."))]
struct RuleInput {
    #[serde(flatten)]
    input: Input,
    /// The descriptors of the run.
    mesh: Mesh,
}

/// Returns the JSON Schema of what rules see as `input`.
#[must_use]
pub fn input_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<RuleInput>().to_value();
    never_null(&mut schema);
    schema
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
