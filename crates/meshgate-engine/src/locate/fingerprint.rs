//! What makes a finding the same finding tomorrow: its rule, the descriptor, the thing that it is about, and what tells it
//! from others there. Not its line; not its position in a list, where the elements have names; and no word of ours.
//!
//! Deliberately absent: the version and the file's place, while the descriptor has an id: files move. And counting: findings
//! may have the same fingerprint, and whoever compares counts them.

use meshgate_core::pointer::Pointer;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;

/// Keys that name an element of a list, in the order in which they are looked for.
const NAMES: &[&str] =
    &["name", "id", "property", "server", "role", "channel", "contractId", "fullyQualifiedName", "url"];

/// Elements up to which twins are looked for: beyond, the search would take longer than the rules.
const TOLD_APART_MAX: usize = 1_000;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descriptor<'a> {
    /// The one with this id, wherever its file lies.
    Id(&'a str),
    /// One that has none: the file.
    File(&'a str),
}

/// What tells findings of one rule at one place apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart<'a> {
    /// What the rule says.
    Key(&'a str),
    /// Of a rule that says nothing and is not ours: its words.
    Message(&'a str),
    /// Nothing.
    Nothing,
}

/// Returns the fingerprint: 32 hexadecimal digits. Every part has its length before it, so that no name can imitate a path.
pub fn of(rule: &str, descriptor: Descriptor<'_>, path: &[Step<'_>], apart: Apart<'_>) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    };
    add("meshgate/v2");
    add(rule);
    let (kind, name) = match descriptor {
        Descriptor::Id(id) => ("id", id),
        Descriptor::File(file) => ("file", file),
    };
    add(kind);
    add(name);
    add(&path.len().to_string());
    for step in path {
        match step {
            Step::Named(key, name) => ["named", key, name].into_iter().for_each(&mut add),
            Step::Plain(step) => ["plain", step].into_iter().for_each(&mut add),
        }
    }
    match apart {
        Apart::Key(key) => ["key", key].into_iter().for_each(&mut add),
        Apart::Message(message) => ["message", message].into_iter().for_each(&mut add),
        Apart::Nothing => add("nothing"),
    }
    crate::bundle::hex(hash.finalize().get(..16).unwrap_or_default())
}

/// Returns the fingerprint as the first edition made it.
pub fn of_v1(rule: &str, descriptor: &str, path: &[Step<'_>], message: &str) -> String {
    let mut anchor = String::new();
    for step in path {
        let _ = match step {
            Step::Named(key, name) => write!(anchor, "/[{key}={name}]"),
            Step::Plain(step) => write!(anchor, "/{step}"),
        };
    }
    let mut hash = Sha256::new();
    for part in [rule, descriptor, &anchor, message] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    crate::bundle::hex(hash.finalize().get(..16).unwrap_or_default())
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// An element of a list: the key that names it, and its name.
    Named(&'static str, &'a str),
    /// A key; or a position, where there is no name.
    Plain(Cow<'a, str>),
}

/// Returns a pointer's steps, in which elements of lists are called by their names.
pub fn path<'a>(document: &'a Value, pointer: &'a Pointer) -> Vec<Step<'a>> {
    let mut at = Some(document);
    let mut path = Vec::new();
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
        path.push(match named {
            Some((key, name)) => Step::Named(key, name),
            None => Step::Plain(step),
        });
        at = inner;
    }
    path
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

    fn print(document: &Value, pointer: &str) -> String {
        let pointer = Pointer::parse(pointer).unwrap();
        of("a.b", Descriptor::Id("x"), &path(document, &pointer), Apart::Nothing)
    }

    #[test]
    fn positions_in_lists_do_not_matter_where_there_are_names() {
        let before = json!({"schema": [{"name": "orders", "properties": [{"name": "id"}, {"name": "email"}]}]});
        let after = json!({"schema": [{"name": "new"}, {"name": "orders", "properties": [{"name": "email"}]}]});
        assert_eq!(print(&before, "/schema/0/properties/1/name"), print(&after, "/schema/1/properties/0/name"));
        assert_ne!(print(&before, "/schema/0/properties/0"), print(&before, "/schema/0/properties/1"));
        // Twins are told apart by their positions.
        let twins = json!([{"name": "a"}, {"name": "a"}]);
        assert_ne!(print(&twins, "/0"), print(&twins, "/1"));
        assert_eq!(print(&before, "/nowhere/3"), print(&after, "/nowhere/3"));
    }

    #[test]
    fn no_name_imitates_a_path() {
        // What the first edition took for the same: `customers`, `a` and `customers]/properties/[name=a`.
        let document = json!({"schema": [
            {"name": "customers", "properties": [{"name": "a", "properties": [{"name": "birth_date"}]}]},
            {"name": "customers]/properties/[name=a", "properties": [{"name": "birth_date"}]},
            {"name": "customers\u{0}named", "properties": [{"name": "birth_date"}]},
        ]});
        let within = "/schema/0/properties/0/properties/0";
        assert_ne!(print(&document, within), print(&document, "/schema/1/properties/0"));
        // A key that looks like a named element, or like a position, is neither.
        let keys = json!({"a": [{"name": "b"}], "b": {"[name=b]": 1, "0": 1}});
        let all = ["/a/0", "/b/[name=b]", "/b/0", "/a/1", "/a", "", "/a~10", "/a/[name=b]"];
        for (index, one) in all.iter().enumerate() {
            for other in all.iter().skip(index + 1) {
                assert_ne!(print(&keys, one), print(&keys, other), "{one} {other}");
            }
        }
    }

    #[test]
    fn parts_do_not_run_into_one_another() {
        let all = [
            of("a", Descriptor::Id("bc"), &[], Apart::Nothing),
            of("ab", Descriptor::Id("c"), &[], Apart::Nothing),
            of("a", Descriptor::File("bc"), &[], Apart::Nothing),
            of("a", Descriptor::Id("bc"), &[], Apart::Key("")),
            of("a", Descriptor::Id("bc"), &[], Apart::Message("")),
            of("a", Descriptor::Id("bc"), &[Step::Plain("nothing".into())], Apart::Nothing),
            of("a", Descriptor::Id("bc"), &[Step::Named("name", "x")], Apart::Nothing),
            of("a", Descriptor::Id("bc"), &[Step::Plain("name".into()), Step::Plain("x".into())], Apart::Nothing),
        ];
        for (index, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 32);
            assert!(!all.iter().skip(index + 1).any(|other| one == other), "{index}");
        }
    }

    #[test]
    fn what_the_first_edition_wrote_is_found_again() {
        let path = [Step::Plain("schema".into()), Step::Named("name", "orders")];
        let mut hash = Sha256::new();
        for part in ["a.b", "x", "/schema/[name=orders]", "said"] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let wanted = crate::bundle::hex(&hash.finalize()[..16]);
        assert_eq!(of_v1("a.b", "x", &path, "said"), wanted);
    }
}
