//! `json.match_schema` and `json.verify_schema`, with errors in the shape that OPA's validator gives them.
//!
//! Deliberately absent: schemas over the network; a `$ref` to one is an invalid schema.

mod steps;

use super::{Operand, json, weight};
use anyhow::{Result, bail};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use regorus::Value;
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use std::sync::Arc;

/// Compiled schemas that a thread keeps: a policy asks for the same few again and again.
const KEPT_MAX: usize = 16;

thread_local! {
    static KEPT: RefCell<Vec<(String, Arc<Validator>)>> = const { RefCell::new(Vec::new()) };
}

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "null", "object", "string"];

/// A document or schema: a value, or JSON text.
fn document(value: Option<&Value>, index: usize) -> Result<Json> {
    match value {
        Some(Value::String(text)) => {
            super::guards::parse(&[Value::String(text.clone())])?;
            Ok(serde_json::from_str(text)?)
        }
        Some(value @ (Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::Null)) => {
            json(value)
        }
        _ => bail!(Operand(format!("operand {index} must be string or object"))),
    }
}

/// The first `type` that is none.
fn odd_type(schema: &Json) -> Option<String> {
    let mut open = vec![schema];
    while let Some(value) = open.pop() {
        match value {
            Json::Object(map) => {
                let named = map.get("type").into_iter().flat_map(|of| match of {
                    Json::Array(all) => all.iter().filter_map(Json::as_str).collect(),
                    Json::String(one) => vec![one.as_str()],
                    _ => Vec::new(),
                });
                let mut odd = named.filter(|name| !TYPES.contains(name));
                if let Some(odd) = odd.next() {
                    return Some(odd.to_owned());
                }
                open.extend(
                    map.iter()
                        .filter(|(key, _)| !["enum", "const", "default"].contains(&key.as_str()))
                        .map(|(_, value)| value),
                );
            }
            Json::Array(items) => open.extend(items),
            _ => {}
        }
    }
    None
}

fn compile(schema: &Json) -> Result<Result<Arc<Validator>, String>> {
    let text = schema.to_string();
    let known =
        KEPT.with_borrow(|kept| kept.iter().find(|(known, _)| *known == text).map(|(_, found)| Arc::clone(found)));
    if let Some(known) = known {
        return Ok(Ok(known));
    }
    if let Some(odd) = odd_type(schema) {
        let types = TYPES.join(" ");
        return Ok(Err(format!(
            "has a primitive type that is NOT VALID -- given: /{odd}/ Expected valid values are:[{types}]"
        )));
    }
    steps::count(schema)?;
    let validator = match steps::options().build(&steps::looking(schema)) {
        Ok(validator) => Arc::new(validator),
        Err(error) => return Ok(Err(error.to_string())),
    };
    KEPT.with_borrow_mut(|kept| {
        kept.truncate(KEPT_MAX - 1);
        kept.insert(0, (text, Arc::clone(&validator)));
    });
    Ok(Ok(validator))
}

pub fn verify(values: &[Value]) -> Result<Value> {
    weight::written(values)?;
    let schema = match document(values.first(), 1) {
        Ok(schema) => schema,
        Err(error) if error.is::<Operand>() || error.is::<super::Exceeded>() => return Err(error),
        Err(error) => return Ok(Value::from(vec![Value::from(false), Value::from(format!("jsonschema: {error}"))])),
    };
    Ok(Value::from(match compile(&schema)? {
        Ok(_) => vec![Value::from(true), Value::Null],
        Err(message) => vec![Value::from(false), Value::from(format!("jsonschema: {message}"))],
    }))
}

pub fn matches(values: &[Value]) -> Result<Value> {
    weight::written(values)?;
    let (instance, schema) = (document(values.first(), 1)?, document(values.get(1), 2)?);
    let validator = match compile(&schema)? {
        Ok(validator) => validator,
        Err(message) => bail!("json.match_schema: {message}"),
    };
    let found: Result<Vec<Json>> = steps::bounded(|| {
        let mut left = super::BYTES_MAX;
        let errors = validator.iter_errors(&instance).take(1_000).map(|error| {
            let told = told(&error);
            // Each may tell of the whole instance.
            left = left.checked_sub(told.to_string().len()).ok_or_else(|| {
                anyhow::Error::new(super::Exceeded("the errors of the document are too long to be told".to_owned()))
            })?;
            Ok(told)
        });
        errors.collect()
    })?;
    let errors = found?;
    Ok(super::value_of(json!([errors.is_empty(), errors])))
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// One error as OPA has it: the field, the kind, and a sentence.
fn told(error: &ValidationError<'_>) -> Json {
    let path = error.instance_path().to_string().trim_start_matches('/').replace('/', ".");
    let field = if path.is_empty() { "(root)".to_owned() } else { path };
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (kind, desc) = match error.kind() {
        ValidationErrorKind::Type { kind } => {
            let expected = match kind {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(many) => many.iter().map(|one| one.to_string()).collect::<Vec<_>>().join("/"),
            };
            ("invalid_type", format!("Invalid type. Expected: {expected}, given: {}", type_of(error.instance())))
        }
        ValidationErrorKind::Required { property } => ("required", format!("{} is required", text(property))),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let first = unexpected.first().map(String::as_str).unwrap_or_default();
            ("additional_property_not_allowed", format!("Additional property {first} is not allowed"))
        }
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let all = options.iter().map(Json::to_string).collect::<Vec<_>>().join(", ");
            ("enum", format!("{field} must be one of the following: {all}"))
        }
        ValidationErrorKind::Constant { expected_value } => {
            ("const", format!("{field} does not match: {expected_value}"))
        }
        ValidationErrorKind::Minimum { limit } => ("number_gte", format!("Must be greater than or equal to {limit}")),
        ValidationErrorKind::ExclusiveMinimum { limit } => ("number_gt", format!("Must be greater than {limit}")),
        ValidationErrorKind::Maximum { limit } => ("number_lte", format!("Must be less than or equal to {limit}")),
        ValidationErrorKind::ExclusiveMaximum { limit } => ("number_lt", format!("Must be less than {limit}")),
        ValidationErrorKind::MultipleOf { multiple_of } => {
            ("multiple_of", format!("Must be a multiple of {multiple_of}"))
        }
        ValidationErrorKind::MinLength { limit } => {
            ("string_gte", format!("String length must be greater than or equal to {limit}"))
        }
        ValidationErrorKind::MaxLength { limit } => {
            ("string_lte", format!("String length must be less than or equal to {limit}"))
        }
        ValidationErrorKind::Pattern { pattern } => ("pattern", format!("Does not match pattern '{pattern}'")),
        ValidationErrorKind::Format { format } => ("format", format!("Does not match format '{format}'")),
        ValidationErrorKind::MinItems { limit } => {
            ("array_min_items", format!("Array must have at least {limit} items"))
        }
        ValidationErrorKind::MaxItems { limit } => {
            ("array_max_items", format!("Array must have at most {limit} items"))
        }
        ValidationErrorKind::UniqueItems => ("unique", "array items must be unique".to_owned()),
        ValidationErrorKind::Contains => ("contains", "At least one of the items must match".to_owned()),
        ValidationErrorKind::MinProperties { limit } => {
            ("array_min_properties", format!("Must have at least {limit} properties"))
        }
        ValidationErrorKind::MaxProperties { limit } => {
            ("array_max_properties", format!("Must have at most {limit} properties"))
        }
        ValidationErrorKind::AnyOf { .. } => ("number_any_of", "Must validate at least one schema (anyOf)".to_owned()),
        ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::OneOfMultipleValid { .. } => {
            ("number_one_of", "Must validate one and only one schema (oneOf)".to_owned())
        }
        ValidationErrorKind::Not { .. } => ("number_not", "Must not validate the schema (not)".to_owned()),
        other => (other.keyword(), error.to_string()),
    };
    json!({"error": format!("{field}: {desc}"), "type": kind, "field": field, "desc": desc})
}
