//! JSON whose numbers keep their text: answers are compared digit by digit.
//!
//! Deliberately absent: errors; what is read was written by a library.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A value; the keys of an object are in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Json {
    /// `null`, `true`, `false` and numbers, by their text.
    Plain(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Map(BTreeMap<String, Self>),
}

impl Json {
    /// Reads a text; `None` where it is no JSON.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.as_bytes().first()? {
            b'"' => serde_json::from_str(text).ok().map(Self::Text),
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                items.into_iter().map(|item| Self::read(item.get())).collect::<Option<_>>().map(Self::List)
            }
            b'{' => {
                let pairs: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let pairs = pairs.into_iter().map(|(key, value)| Some((key, Self::read(value.get())?)));
                pairs.collect::<Option<_>>().map(Self::Map)
            }
            _ => Some(Self::Plain(text.to_owned())),
        }
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        if let Self::Map(map) = self { map.get(key) } else { None }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// A string.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (at, (key, value)) in map.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{value}", serde_json::Value::from(key.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}
