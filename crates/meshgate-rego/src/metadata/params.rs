//! Parameters of rules: METADATA says what they are and their defaults, a configuration may say otherwise, and modules read
//! them at `data.meshgate.params.<rule>.<name>`.
//!
//! Deliberately absent: whose configuration may say so; the engine knows layers.

use crate::annotations::{Annotation, Scope};
use crate::error::LoadError;
use crate::json;
use meshgate_core::rule::Param;
use regorus::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// What a configuration says, by rule and by name.
pub type Params = BTreeMap<String, Map<String, Json>>;

/// Where rules have their packages.
const RULES: [&str; 2] = ["meshgate", "rules"];

/// The parameters that `custom.params` declares: `{name: {description, default, …JSON Schema}}`.
pub fn declared(custom: &Map<String, Json>) -> Result<Vec<Param>, String> {
    let Some(params) = custom.get("params") else { return Ok(Vec::new()) };
    let params = params.as_object().ok_or("`params` is not a mapping of names")?;
    params.iter().map(|(name, said)| param(name, said)).collect()
}

fn param(name: &str, said: &Json) -> Result<Param, String> {
    let mut schema = said.as_object().cloned().ok_or_else(|| format!("`params.{name}` is not a mapping"))?;
    let default = schema.remove("default").ok_or_else(|| format!("`params.{name}` has no `default`"))?;
    let description = schema.get("description").and_then(Json::as_str).map(|text| text.trim().to_owned());
    let description = description.ok_or_else(|| format!("`params.{name}` has no `description`"))?;
    let schema = Json::Object(schema);
    if !plainly(&schema, &default)
        && let Some(why) = wrong(&schema, &default)
    {
        return Err(format!("`params.{name}`: its default {why}"));
    }
    Ok(Param { name: name.to_owned(), description, default: default.to_string(), schema: schema.to_string() })
}

/// Says that a value is right by a schema of a few words. Most are, and a validator costs more than the rest of a rule.
fn plainly(schema: &Json, value: &Json) -> bool {
    let Some(map) = schema.as_object() else { return false };
    map.iter().all(|(key, said)| match (key.as_str(), said) {
        ("description", _) => true,
        ("type", Json::String(kind)) => match kind.as_str() {
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            _ => false,
        },
        ("minimum", bound) => matches!((value.as_f64(), bound.as_f64()), (Some(value), Some(least)) if value >= least),
        ("maximum", bound) => matches!((value.as_f64(), bound.as_f64()), (Some(value), Some(most)) if value <= most),
        ("items", items) => value.as_array().is_some_and(|all| all.iter().all(|item| plainly(items, item))),
        _ => false,
    })
}

/// What is wrong about a value, if anything is.
fn wrong(schema: &Json, value: &Json) -> Option<String> {
    match jsonschema::validator_for(schema) {
        Ok(validator) => validator.validate(value).err().map(|error| format!("is not what it must be: {error}")),
        Err(error) => Some(format!("has no schema that can be used: {error}")),
    }
}

/// The value that a parameter has, if what is said of it may be.
///
/// # Errors
/// What is wrong about it.
pub fn value(param: &Param, said: Option<&Json>) -> Result<Json, String> {
    let parse = |text: &str| serde_json::from_str(text).map_err(|error: serde_json::Error| error.to_string());
    let Some(said) = said else { return parse(&param.default) };
    match wrong(&parse(&param.schema)?, said) {
        Some(why) => Err(format!("`{}`: {said} {why}", param.name)),
        None => Ok(said.clone()),
    }
}

/// The document of all parameters of a bundle's rules; `None` when they have none.
pub fn document(annotations: &[Annotation], said: &Params, errors: &mut Vec<LoadError>) -> Option<Value> {
    let mut root = json!({});
    for annotation in annotations.iter().filter(|one| one.scope == Scope::Package) {
        let Some(rule) = annotation.path.strip_prefix(RULES.map(str::to_owned).as_slice()) else { continue };
        let Some(custom) = annotation.value.get("custom").and_then(Json::as_object) else { continue };
        // What is wrong about the declaration is told with the rule.
        let params = declared(custom).unwrap_or_default();
        if params.is_empty() {
            continue;
        }
        let own = said.get(&rule.join("."));
        let mut values = Map::new();
        for param in &params {
            match value(param, own.and_then(|own| own.get(&param.name))) {
                Ok(value) => drop(values.insert(param.name.clone(), value)),
                Err(why) => errors.push(LoadError::new(format!("params.{}", rule.join(".")), why)),
            }
        }
        let mut at = &mut root;
        for step in ["meshgate", "params"].into_iter().chain(rule.iter().map(String::as_str)) {
            let Json::Object(map) = at else { return None };
            at = map.entry(step).or_insert_with(|| json!({}));
        }
        *at = Json::Object(values);
    }
    root.as_object().is_some_and(|map| !map.is_empty()).then(|| json::value(&root))
}
