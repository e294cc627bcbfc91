//! A request for access: `{subject: {id, groups, attributes}, action, resource: {product, port, columns}, purpose, context}`.
//!
//! Deliberately absent: leniency. A key that nobody knows could be the one that somebody relied on.

use meshgate_core::sql::Dialect;
use meshgate_rego::Value;
use thiserror::Error;

/// A request that is understood.
#[derive(Debug, Clone)]
pub struct Request {
    /// What policies see: lists and maps that were left out are empty.
    pub input: Value,
    /// The product asked for.
    pub product: String,
    /// The port asked for.
    pub port: Option<String>,
    /// The columns asked for; none is all.
    pub columns: Vec<String>,
    /// Whether, and in which dialect, conditions are wanted as SQL too.
    pub dialect: Option<Dialect>,
}

/// A request that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct BadRequest(pub String);

const KEYS: [&str; 5] = ["subject", "action", "resource", "purpose", "context"];

/// An object, held to its keys.
fn map<'a>(value: &'a Value, what: &str, keys: &[&str]) -> Result<&'a Value, BadRequest> {
    let Value::Object(map) = value else { return Err(BadRequest(format!("{what} is no object"))) };
    let unknown = map.keys().find(|key| !key.as_string().is_ok_and(|key| keys.contains(&key.as_ref())));
    match unknown {
        Some(key) => {
            let key = key.as_string().map(ToString::to_string).unwrap_or_default();
            Err(BadRequest(format!("{what} has the unknown key `{key}`; there are {}", keys.join(", "))))
        }
        None => Ok(value),
    }
}

fn member<'a>(map: &'a Value, key: &str) -> Option<&'a Value> {
    map.as_object().ok()?.get(&Value::from(key))
}

fn text(map: &Value, key: &str, what: &str) -> Result<Option<String>, BadRequest> {
    match member(map, key) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.to_string())),
        Some(_) => Err(BadRequest(format!("`{what}{key}` is no text with something in it"))),
    }
}

fn wanted(found: Option<String>, what: &str) -> Result<String, BadRequest> {
    found.ok_or_else(|| BadRequest(format!("`{what}` is missing")))
}

fn texts(map: &Value, key: &str, what: &str) -> Result<Vec<String>, BadRequest> {
    let wrong = || BadRequest(format!("`{what}{key}` is no list of texts"));
    match member(map, key) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_string().map(ToString::to_string).map_err(|_| wrong())).collect()
        }
        Some(_) => Err(wrong()),
    }
}

fn object(map: &Value, key: &str, what: &str) -> Result<(), BadRequest> {
    match member(map, key) {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => Err(BadRequest(format!("`{what}{key}` is no object"))),
    }
}

/// Puts an empty value where there is none.
fn fill(value: &mut Value, key: &str, empty: Value) {
    if let Ok(map) = value.as_object_mut() {
        let key = Value::from(key);
        if map.get(&key).is_none() {
            map.insert(key, empty);
        }
    }
}

impl Request {
    /// Reads a request. A policy may say `sql`, a dialect, in it.
    ///
    /// # Errors
    /// [`BadRequest`], in one sentence.
    pub fn of(mut value: Value) -> Result<Self, BadRequest> {
        let mut dialect = None;
        if let Ok(map) = value.as_object_mut()
            && let Some(word) = map.remove(&Value::from("sql"))
        {
            dialect = Some(self::dialect(word.as_string().map(AsRef::as_ref).unwrap_or_default())?);
        }
        Self::read(value, dialect)
    }

    /// Reads a request, and the dialect that was asked for beside it.
    ///
    /// # Errors
    /// [`BadRequest`], in one sentence.
    pub fn read(mut value: Value, dialect: Option<Dialect>) -> Result<Self, BadRequest> {
        let all = map(&value, "the request", &KEYS)?;
        let part = |key: &str| member(all, key).ok_or_else(|| BadRequest(format!("`{key}` is missing")));
        let subject = map(part("subject")?, "`subject`", &["id", "groups", "attributes"])?;
        wanted(text(subject, "id", "subject.")?, "subject.id")?;
        texts(subject, "groups", "subject.")?;
        object(subject, "attributes", "subject.")?;
        wanted(text(all, "action", "")?, "action")?;
        text(all, "purpose", "")?;
        object(all, "context", "")?;
        let resource = map(part("resource")?, "`resource`", &["product", "port", "columns"])?;
        let product = wanted(text(resource, "product", "resource.")?, "resource.product")?;
        let port = text(resource, "port", "resource.")?;
        let columns = texts(resource, "columns", "resource.")?;
        if let Ok(all) = value.as_object_mut() {
            if let Some(subject) = all.get_mut(&Value::from("subject")) {
                fill(subject, "groups", Value::new_array());
                fill(subject, "attributes", Value::new_object());
            }
            if let Some(resource) = all.get_mut(&Value::from("resource")) {
                fill(resource, "columns", Value::new_array());
            }
        }
        fill(&mut value, "context", Value::new_object());
        Ok(Self { input: value, product, port, columns, dialect })
    }
}

/// The dialect that a word names.
///
/// # Errors
/// [`BadRequest`] with those that there are.
pub fn dialect(word: &str) -> Result<Dialect, BadRequest> {
    let all = Dialect::ALL.map(Dialect::as_str).join(", ");
    Dialect::of(word).ok_or_else(|| BadRequest(format!("there is no SQL of `{word}` here; there is that of {all}")))
}
