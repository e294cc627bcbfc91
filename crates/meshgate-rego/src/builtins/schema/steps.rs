//! Bounds on schemas. One of a few lines can refer to itself in a million million ways; the validator follows them all, and
//! looks at no clock. So the ways are counted before, and each schema within a schema has a keyword of ours that looks.
//!
//! Deliberately absent: what schemas mean.

use super::super::Exceeded;
use crate::context;
use anyhow::{Result, bail};
use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::{Map, Value as Json};
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Schemas that one may come to when its references are followed.
const WAYS_MAX: u64 = 200_000;
/// The keyword that looks at the clock.
const STEP: &str = "$meshgate:step";
/// After how many of them it does.
const LOOK_EVERY: u32 = 256;

/// Keys whose value is a schema, those whose value is a list of them, and those whose value has them by name.
const ONE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const MANY: &[&str] = &["allOf", "anyOf", "items", "oneOf", "prefixItems"];
const NAMED: &[&str] = &["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Thrown through the validator when the evaluation may not go on.
struct Stop;

thread_local! {
    static STEPS: Cell<u32> = const { Cell::new(0) };
}

struct Step;

impl<'i> Keyword<'i> for Step {
    fn validate(&self, _: &'i Json) -> Result<(), ValidationError<'i>> {
        look();
        Ok(())
    }

    fn is_valid(&self, _: &'i Json) -> bool {
        look();
        true
    }
}

fn look() {
    let steps = STEPS.get().wrapping_add(1);
    STEPS.set(steps);
    if steps.is_multiple_of(LOOK_EVERY) && context::may_go_on().is_err() {
        resume_unwind(Box::new(Stop));
    }
}

/// Runs the validator; it ends when the evaluation may not go on.
pub fn bounded<T>(run: impl FnOnce() -> T) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(found) => Ok(found),
        Err(thrown) if thrown.is::<Stop>() => {
            context::may_go_on()?;
            bail!(Exceeded("the schema takes too many steps".to_owned()))
        }
        Err(thrown) => resume_unwind(thrown),
    }
}

/// Knows the keyword.
pub fn options() -> ValidationOptions<'static> {
    jsonschema::options().with_keyword(STEP, |_, _, _| Ok(Box::new(Step)))
}

/// Where schemas are below a schema.
fn below(schema: &Map<String, Json>) -> Vec<(Vec<String>, &Json)> {
    let mut found = Vec::new();
    for (key, value) in schema {
        let of = |more: &str| vec![key.clone(), more.to_owned()];
        match value {
            Json::Object(_) if ONE.contains(&key.as_str()) => found.push((vec![key.clone()], value)),
            Json::Array(items) if MANY.contains(&key.as_str()) => {
                found.extend(items.iter().enumerate().map(|(at, item)| (of(&at.to_string()), item)));
            }
            Json::Object(named) if NAMED.contains(&key.as_str()) => {
                found.extend(named.iter().map(|(name, item)| (of(name), item)));
            }
            _ => {}
        }
    }
    found
}

fn pointer(base: &str, steps: &[String]) -> String {
    steps.iter().fold(base.to_owned(), |path, step| format!("{path}/{}", step.replace('~', "~0").replace('/', "~1")))
}

/// The pointer of a reference within the document.
fn target(schema: &Map<String, Json>) -> Option<String> {
    let text = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
    percent_decoded(text)
}

fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Says in how many ways a schema is gone through when its references are followed, but for circles; refuses too many.
pub fn count(schema: &Json) -> Result<()> {
    enum Visit {
        Enter(String),
        Leave(String, Vec<String>),
    }
    let mut ways: HashMap<String, u64> = HashMap::new();
    let mut open = vec![Visit::Enter(String::new())];
    while let Some(visit) = open.pop() {
        match visit {
            Visit::Enter(at) if ways.contains_key(&at) => {}
            Visit::Enter(at) => {
                // In a circle it is one way.
                ways.insert(at.clone(), 1);
                let Some(Json::Object(map)) = schema.pointer(&at) else { continue };
                let mut next: Vec<String> = below(map)
                    .iter()
                    .filter(|(steps, _)| !matches!(steps.first().map(String::as_str), Some("$defs" | "definitions")))
                    .map(|(steps, _)| pointer(&at, steps))
                    .collect();
                next.extend(target(map));
                open.push(Visit::Leave(at, next.clone()));
                open.extend(next.into_iter().map(Visit::Enter));
            }
            Visit::Leave(at, next) => {
                let sum = next.iter().map(|at| ways.get(at).copied().unwrap_or(1)).fold(1_u64, u64::saturating_add);
                if sum > WAYS_MAX {
                    bail!(Exceeded(format!("the schema refers to itself in more than {WAYS_MAX} ways")));
                }
                ways.insert(at, sum);
            }
        }
    }
    Ok(())
}

/// The schema with the keyword in each schema within it, and in what references lead to.
pub fn looking(schema: &Json) -> Json {
    let mut places = vec![String::new()];
    let mut known: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    while let Some(at) = places.pop() {
        if !known.insert(at.clone()) {
            continue;
        }
        let Some(Json::Object(map)) = schema.pointer(&at) else { continue };
        places.extend(below(map).iter().map(|(steps, _)| pointer(&at, steps)));
        places.extend(target(map));
    }
    let mut looking = schema.clone();
    for at in known {
        if let Some(Json::Object(map)) = looking.pointer_mut(&at)
            && !map.contains_key("$ref")
        {
            map.insert(STEP.to_owned(), Json::Bool(true));
        }
    }
    looking
}
