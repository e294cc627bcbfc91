//! How violations are said: names of types, lists of words, suggestions.
//!
//! Deliberately absent: JSON Schema's terms; nobody who writes a descriptor needs them.

use super::shape::{Record, Shape, Version};
use crate::document::Document;
use crate::tree::{NodeId, NodeValue};

/// Words of a choice that are listed; a longer choice is cut.
const WORDS_SHOWN: usize = 12;
const TEXT_SHOWN: usize = 40;
/// No key is so long; comparing would cost its square.
const LONG: usize = 64;

/// Says what a value must be: "text", "a list of texts", "one of a, b".
pub fn expected(shape: &Shape, version: &Version) -> String {
    match shape {
        Shape::Any => "anything".to_owned(),
        Shape::Null => "nothing (null)".to_owned(),
        Shape::Boolean => "true or false".to_owned(),
        Shape::Integer(_) => "a whole number".to_owned(),
        Shape::Number(_) => "a number".to_owned(),
        Shape::Text { .. } => "text".to_owned(),
        Shape::Words(words) => one_of(words),
        Shape::Map | Shape::Record(_) => "a map".to_owned(),
        Shape::List { .. } => "a list".to_owned(),
        Shape::Definition(id) => expected(version.definition(*id), version),
        Shape::AnyOf(all) | Shape::OneOf(all) => alternatives(all, version),
        Shape::AllOf(all) => all.first().map_or_else(String::new, |shape| expected(shape, version)),
    }
}

/// Says what any of several shapes would be.
pub fn alternatives(all: &[Shape], version: &Version) -> String {
    let mut said: Vec<String> = Vec::new();
    for shape in all {
        let one = match shape {
            Shape::Definition(_) | Shape::Record(_) => {
                let keys = required(shape, version);
                if keys.is_empty() { expected(shape, version) } else { format!("a map with {}", listed(&keys)) }
            }
            other => expected(other, version),
        };
        if !said.contains(&one) {
            said.push(one);
        }
    }
    said.join(", or ")
}

fn required<'a>(shape: &'a Shape, version: &'a Version) -> Vec<&'a str> {
    match shape {
        Shape::Definition(id) => required(version.definition(*id), version),
        Shape::Record(record) => {
            let mut keys: Vec<&str> =
                record.fields.iter().filter(|field| field.required).map(|field| &*field.key).collect();
            keys.extend(record.extends.iter().chain(&record.is).flat_map(|part| required(part, version)));
            keys.extend(record.needs.iter().map(|key| &**key));
            keys
        }
        _ => Vec::new(),
    }
}

/// Lists keys.
pub fn listed(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// Says "one of a, b, c", or the one word.
pub fn one_of(words: &[Box<str>]) -> String {
    match words {
        [only] => format!("`{only}`"),
        _ => {
            let shown = words.iter().take(WORDS_SHOWN).map(|word| &**word).collect::<Vec<_>>().join(", ");
            let more = words.len().saturating_sub(WORDS_SHOWN);
            if more == 0 { format!("one of {shown}") } else { format!("one of {shown} and {more} more") }
        }
    }
}

/// Says what a value is.
pub fn found(value: &NodeValue) -> String {
    match value {
        NodeValue::Null | NodeValue::Alias(_) => "nothing".to_owned(),
        NodeValue::Bool(b) => format!("the truth value `{b}`"),
        NodeValue::Number(n) => format!("the number `{n}`"),
        NodeValue::Text(text) => format!("the text `{}`", short(text)),
        NodeValue::List(_) => "a list".to_owned(),
        NodeValue::Map(_) => "a map".to_owned(),
    }
}

/// The beginning of a text, on one line.
pub fn short(text: &str) -> String {
    let line: String = text.chars().take(TEXT_SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}

/// Says "2 elements", "at least 1 key".
pub fn many(min: usize, max: usize, thing: &str) -> String {
    let plural = |n: usize| if n == 1 { thing.to_owned() } else { format!("{thing}s") };
    match (min, max) {
        (min, max) if min == max => format!("{min} {}", plural(min)),
        (min, usize::MAX) => format!("at least {min} {}", plural(min)),
        (0, max) => format!("at most {max} {}", plural(max)),
        (min, max) => format!("{min} to {max} {}", plural(max)),
    }
}

/// What to do about a value of the wrong type: quotes, mostly.
pub fn type_help(shape: &Shape, value: &NodeValue, document: &Document, id: NodeId) -> Option<String> {
    let wants_text = matches!(shape, Shape::Text { .. } | Shape::Words(_));
    match value {
        NodeValue::Number(_) | NodeValue::Bool(_) if wants_text => {
            Some(format!("write it in quotes: \"{}\"", short(document.written(id))))
        }
        NodeValue::Text(text) if matches!(shape, Shape::Integer(_) | Shape::Number(_)) => {
            text.trim().parse::<f64>().is_ok().then(|| "write it without quotes".to_owned())
        }
        NodeValue::Text(text) if matches!(shape, Shape::Boolean) => {
            ["true", "false"].contains(&&*text.to_lowercase()).then(|| "write it without quotes".to_owned())
        }
        NodeValue::Map(_) if matches!(shape, Shape::List { .. }) => {
            Some("begin each element with `- ` (in JSON, put them in brackets)".to_owned())
        }
        NodeValue::Text(_) if matches!(shape, Shape::List { .. }) => Some("write a list: [ … ]".to_owned()),
        _ => None,
    }
}

/// What to write for a key that is missing.
pub fn missing_help(record: &Record, key: &str, version: &Version) -> String {
    match record.field(key).map(|field| expected(&field.shape, version)) {
        Some(expected) => format!("add `{key}`: {expected}"),
        None => format!("add `{key}`"),
    }
}

/// The keys of alternatives that require one key each; nothing when any of them is something else.
pub fn sole_keys<'a>(all: &'a [Shape], version: &'a Version) -> Vec<&'a str> {
    let keys: Option<Vec<&str>> = all
        .iter()
        .map(|shape| match required(shape, version).as_slice() {
            [only] => Some(*only),
            _ => None,
        })
        .collect();
    keys.unwrap_or_default()
}

/// Says what a key goes with, when it is for another kind of the thing: `type: glue` or `redshift`.
pub fn elsewhere(records: &[&Record], key: &str, version: &Version) -> Option<String> {
    let declares = |shape: &Shape| knows(shape, key, version);
    let mut kinds = Vec::new();
    for record in records {
        for choice in &record.choices {
            let words: Vec<&str> =
                choice.cases.iter().filter(|(_, shape)| declares(shape)).map(|(word, _)| &**word).collect();
            if !words.is_empty() {
                kinds.push(format!("`{}: {}`", choice.key, words.join("` or `")));
            }
        }
        let conditions = record.conditions.iter().filter(|(_, then)| declares(then));
        kinds.extend(conditions.map(|(condition, _)| wanted(condition, version)));
    }
    (!kinds.is_empty()).then(|| format!("`{key}` goes with {}", kinds.join(" or ")))
}

/// Says whether a shape or one of its parts has a key.
fn knows(shape: &Shape, key: &str, version: &Version) -> bool {
    match shape {
        Shape::Definition(id) => knows(version.definition(*id), key, version),
        Shape::Record(record) => {
            record.field(key).is_some() || record.extends.iter().chain(&record.is).any(|part| knows(part, key, version))
        }
        Shape::AnyOf(all) | Shape::OneOf(all) | Shape::AllOf(all) => all.iter().any(|part| knows(part, key, version)),
        _ => false,
    }
}

/// Says what a condition wants: `type: library` or `metric`.
fn wanted(condition: &Shape, version: &Version) -> String {
    match condition {
        Shape::Record(record) => {
            let fields = record.fields.iter().map(|field| match &field.shape {
                Shape::Words(words) => format!("`{}: {}`", field.key, words.join("` or `")),
                _ => format!("`{}`", field.key),
            });
            fields.collect::<Vec<_>>().join(" and ")
        }
        Shape::AnyOf(all) => all.iter().map(|part| wanted(part, version)).collect::<Vec<_>>().join(" or "),
        other => expected(other, version),
    }
}

/// What to do about a key that is not known.
pub fn unknown_help(key: &str, free: &[&str], declared: &[&str]) -> String {
    match nearest(key, free.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if declared.contains(&"customProperties") => {
            format!("move it to `customProperties`: {{property: {}, value: …}}", short(key))
        }
        None => {
            format!("the standard knows {}", listed(declared.get(..declared.len().min(WORDS_SHOWN)).unwrap_or(&[])))
        }
    }
}

/// The word that was most likely meant: a slip or two away.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let slips = |other: &str| strsim::damerau_levenshtein(&lower, &other.to_lowercase());
    let allowed = match word.chars().count() {
        0..=2 | LONG.. => return None,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    known.map(|other| (slips(other), other)).filter(|(slips, _)| *slips <= allowed).min().map(|(_, other)| other)
}
