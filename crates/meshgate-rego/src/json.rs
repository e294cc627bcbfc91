//! JSON into the engine's value, straight from its text or from a tree, and back.
//!
//! Deliberately absent: regorus' own reading of either. It takes an object whose first key is serde's private name of a
//! number for that number, and makes a whole document undefined when that fails: no rule would look at it any more.

use regorus::Value;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// A value that is read from JSON (or from what else serde reads) without a detour.
///
/// ```
/// let read: meshgate_rego::Json = serde_json::from_str(r#"{"a": [1, 2.5, null]}"#).unwrap();
/// assert_eq!(read.0.to_string(), r#"{"a":[1,2.5,null]}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Value, E> {
        Ok(Value::Bool(is))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        if number.is_finite() { Ok(Value::from(number)) } else { Err(E::custom("a number must be finite")) }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::from(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((Json(key), Json(value))) = entries.next_entry()? {
            pairs.push((key, value));
        }
        // Made of all pairs at once, which is cheaper than one by one; of equal keys the last counts, as in OPA.
        Ok(Value::from(pairs.into_iter().collect::<BTreeMap<Value, Value>>()))
    }
}

/// Reads JSON text.
///
/// # Errors
/// What is no JSON, and where.
pub fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(text).map(|Json(value)| value)
}

/// Makes a value of a tree.
#[must_use]
pub fn value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Tree;
    match json {
        Tree::Null => Value::Null,
        Tree::Bool(is) => Value::Bool(*is),
        Tree::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => Value::from(number),
            (None, Some(number), _) => Value::from(number),
            // What a tree of JSON holds is finite.
            (None, None, number) => Value::from(number.unwrap_or_default()),
        },
        Tree::String(text) => Value::from(text.as_str()),
        Tree::Array(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        Tree::Object(entries) => {
            let pairs = entries.iter().map(|(key, of)| (Value::from(key.as_str()), value(of)));
            Value::from(pairs.collect::<BTreeMap<_, _>>())
        }
    }
}
