//! What makes a finding the same finding tomorrow: its rule, the descriptor, the thing that it is about, its message. Not
//! its line; and not its position in a list, where the elements have names.
//!
//! Deliberately absent: the version and the file's place, while the descriptor has an id: files move.

use meshgate_core::pointer::Pointer;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Keys that name an element of a list, in the order in which they are looked for.
const NAMES: &[&str] =
    &["name", "id", "property", "server", "role", "channel", "contractId", "fullyQualifiedName", "url"];

/// Elements up to which twins are looked for: beyond, the search would take longer than the rules.
const TOLD_APART_MAX: usize = 1_000;

/// Returns the fingerprint: 32 hexadecimal digits.
pub fn of(rule: &str, descriptor: &str, anchor: &str, message: &str) -> String {
    let mut hash = Sha256::new();
    for part in [rule, descriptor, anchor, message] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    crate::bundle::hex(hash.finalize().get(..16).unwrap_or_default())
}

/// Returns a pointer in which elements of lists are called by their names.
pub fn anchor(document: &Value, pointer: &Pointer) -> String {
    let mut text = String::with_capacity(pointer.as_str().len() + 16);
    let mut at = Some(document);
    for step in pointer.steps() {
        let inner = match at {
            Some(Value::Object(map)) => map.get(step.as_ref()),
            Some(Value::Array(items)) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        let named = match at {
            Some(Value::Array(items)) => inner.and_then(|inner| name(inner, items)),
            _ => None,
        };
        match named {
            Some((key, name)) => {
                let _ = write!(text, "/[{key}={name}]");
            }
            None => {
                let _ = write!(text, "/{step}");
            }
        }
        at = inner;
    }
    text
}

/// A name that no other element of the list has.
fn name<'a>(element: &'a Value, items: &[Value]) -> Option<(&'static str, &'a str)> {
    NAMES.iter().find_map(|key| {
        let name = element.get(key)?.as_str()?;
        if items.len() > TOLD_APART_MAX {
            return Some((*key, name));
        }
        let same = items.iter().filter(|item| item.get(key).and_then(Value::as_str) == Some(name)).take(2).count();
        (same == 1).then_some((*key, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn positions_in_lists_do_not_matter_where_there_are_names() {
        let anchored = |document: &Value, text: &str| anchor(document, &Pointer::parse(text).unwrap());
        let before = json!({"schema": [{"name": "orders", "properties": [{"name": "id"}, {"name": "email"}]}]});
        let after = json!({"schema": [{"name": "new"}, {"name": "orders", "properties": [{"name": "email"}]}]});
        assert_eq!(anchored(&before, "/schema/0/properties/1/name"), anchored(&after, "/schema/1/properties/0/name"));
        assert_ne!(anchored(&before, "/schema/0/properties/0"), anchored(&before, "/schema/0/properties/1"));
        // Twins are told apart by their positions.
        let twins = json!([{"name": "a"}, {"name": "a"}]);
        assert_ne!(anchored(&twins, "/0"), anchored(&twins, "/1"));
        assert_eq!(anchored(&before, "/nowhere/3"), "/nowhere/3");
    }

    #[test]
    fn parts_do_not_run_into_one_another() {
        assert_ne!(of("a", "bc", "", ""), of("ab", "c", "", ""));
        assert_eq!(of("a", "b", "c", "d").len(), 32);
    }
}
