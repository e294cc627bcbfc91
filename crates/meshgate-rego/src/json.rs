//! JSON into the engine's value, straight from its text or from a tree, and back.
//!
//! Deliberately absent: regorus' own reading of either. It takes an object whose first key is serde's private name of a
//! number for that number, and makes a whole document undefined when that fails: no rule would look at it any more.

use meshgate_core::limits::EvaluationLimits;
use meshgate_core::work::look;
use regorus::{Rc, Value};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// After how many members of a list or an object it is looked whether the work may go on.
const LOOK_EVERY: usize = 4_096;

/// A value that is read from JSON without a detour.
///
/// ```
/// let read: meshgate_rego::Json = serde_json::from_str(r#"{"a": [1, 2.5, null]}"#).unwrap();
/// assert_eq!(read.0.to_string(), r#"{"a":[1,2.5,null]}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(&mut Apart { unique: false })).map(Self)
    }
}

/// The same, of a text in which no object has a key twice.
///
/// ```
/// assert!(serde_json::from_str::<meshgate_rego::UniqueJson>(r#"{"a": 1, "a": 1}"#).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueJson(pub Value);

impl<'de> Deserialize<'de> for UniqueJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(&mut Apart { unique: true })).map(Self)
    }
}

/// What makes values of the texts that are read.
trait Keep {
    /// May no key stand twice?
    fn unique(&self) -> bool;

    fn name(&mut self, text: &str) -> Value;
    fn value(&mut self, text: &str) -> Value;
}

/// Each text for itself.
struct Apart {
    unique: bool,
}

impl Keep for Apart {
    fn unique(&self) -> bool {
        self.unique
    }

    fn name(&mut self, text: &str) -> Value {
        Value::from(text)
    }

    fn value(&mut self, text: &str) -> Value {
        Value::from(text)
    }
}

impl Keep for Texts {
    fn unique(&self) -> bool {
        false
    }

    fn name(&mut self, text: &str) -> Value {
        Self::name(self, text)
    }

    fn value(&mut self, text: &str) -> Value {
        Self::value(self, text)
    }
}

struct Reader<'k, K>(&'k mut K);

impl<'de, K: Keep> DeserializeSeed<'de> for Reader<'_, K> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A name: JSON has no other names than texts.
struct Name<'k, K>(&'k mut K);

impl<'de, K: Keep> DeserializeSeed<'de> for Name<'_, K> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, K: Keep> Visitor<'de> for Name<'_, K> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(self.0.name(text))
    }
}

impl<'de, K: Keep> Visitor<'de> for Reader<'_, K> {
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
        Ok(self.0.value(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Reader(&mut *self.0))? {
            list.push(item);
            if list.len() % LOOK_EVERY == 0 {
                look().map_err(A::Error::custom)?;
            }
        }
        // It may be kept for long, and a list that grew has room for as much again.
        list.shrink_to_fit();
        Ok(Value::from(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = entries.next_key_seed(Name(&mut *self.0))? {
            pairs.push((key, entries.next_value_seed(Reader(&mut *self.0))?));
            if pairs.len() % LOOK_EVERY == 0 {
                look().map_err(A::Error::custom)?;
            }
        }
        // Made of all pairs at once, which is cheaper than one by one; of equal keys the last counts, as in OPA.
        let count = pairs.len();
        let map = pairs.into_iter().collect::<BTreeMap<Value, Value>>();
        if map.len() < count && self.0.unique() {
            return Err(A::Error::custom("a key stands twice in one object"));
        }
        Ok(Value::from(map))
    }
}

/// Reads JSON text.
///
/// # Errors
/// What is no JSON, and where.
pub fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(text).map(|Json(value)| value)
}

/// Documents of data that are read one after the other, each without a detour, and of whose texts they keep one.
#[derive(Debug)]
pub struct Documents {
    texts: Texts,
    /// How many values may stand in what each thread has a copy of.
    nodes_left: usize,
}

/// About what one value of a document takes in memory.
const NODE_BYTES: usize = 64;

impl Documents {
    /// For a bundle that is loaded with these limits: what is too much to be copied for each thread is shared by all of
    /// them, and then its values are not.
    #[must_use]
    pub fn new(limits: &EvaluationLimits) -> Self {
        Self { texts: Texts::new(true), nodes_left: limits.data_copy_bytes_max / NODE_BYTES }
    }

    /// Reads JSON text of about so many values.
    ///
    /// # Errors
    /// What is no JSON, and where.
    pub fn read(&mut self, text: &[u8], values: usize) -> Result<Value, serde_json::Error> {
        self.count(values);
        let mut json = serde_json::Deserializer::from_slice(text);
        let value = Reader(&mut self.texts).deserialize(&mut json)?;
        json.end()?;
        Ok(value)
    }

    /// Takes what was read by another way; says how many values it has.
    pub fn take(&mut self, tree: &serde_json::Value) -> (Value, usize) {
        let nodes = nodes(tree);
        self.count(nodes);
        (value_with(tree, &mut self.texts), nodes)
    }

    const fn count(&mut self, nodes: usize) {
        match self.nodes_left.checked_sub(nodes) {
            Some(left) => self.nodes_left = left,
            None => {
                self.nodes_left = 0;
                self.texts.values = false;
            }
        }
    }
}

/// Texts that stand once in memory however often they stand in a document: its names, and its short values. Documents have
/// the same few thousands of times, and what is looked at again and again is then where the processor has it already.
#[derive(Debug, Default)]
pub struct Texts {
    known: HashSet<Rc<str>>,
    /// Are values shared, and not only names? Threads that share a document count the references to its values in one
    /// place; names are only compared.
    values: bool,
}

/// Bytes of a value that is shared; longer ones seldom stand twice.
const SHARED_MAX: usize = 32;

impl Texts {
    /// For a document that each thread has for itself, or for one that threads share.
    pub fn new(values: bool) -> Self {
        Self { known: HashSet::new(), values }
    }

    /// A name.
    pub fn name(&mut self, text: &str) -> Value {
        if let Some(known) = self.known.get(text) {
            return Value::String(known.clone());
        }
        let text: Rc<str> = text.into();
        self.known.insert(text.clone());
        Value::String(text)
    }

    /// A value.
    pub fn value(&mut self, text: &str) -> Value {
        if self.values && text.len() <= SHARED_MAX { self.name(text) } else { Value::from(text) }
    }
}

/// How many values a tree has.
fn nodes(json: &serde_json::Value) -> usize {
    match json {
        serde_json::Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        serde_json::Value::Object(entries) => 1 + entries.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

/// Makes a value of a tree.
#[must_use]
pub fn value(json: &serde_json::Value) -> Value {
    value_with(json, &mut Texts::new(true))
}

/// The same, with texts that stand in other documents too.
fn value_with(json: &serde_json::Value, texts: &mut Texts) -> Value {
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
        Tree::String(text) => texts.value(text),
        Tree::Array(items) => Value::from(items.iter().map(|item| value_with(item, texts)).collect::<Vec<_>>()),
        Tree::Object(entries) => {
            let pairs = entries.iter().map(|(key, of)| (texts.name(key), value_with(of, texts)));
            Value::from(pairs.collect::<BTreeMap<_, _>>())
        }
    }
}
