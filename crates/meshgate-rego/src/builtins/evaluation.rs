//! Builtins that stand alone: arrays, graphs, time, chance, and what the host says of itself.
//!
//! Deliberately absent: the environment; `opa.runtime` has none.

use super::{Exceeded, Operand, PATHS_MAX, guards, operand, text, weight};
use crate::context;
use anyhow::{Result, bail};
use regorus::Value;
use serde::de::IgnoredAny;
use std::collections::BTreeSet;
use std::time::Duration;

/// Takes a note, for whoever asked for an explanation.
pub fn trace(values: &[Value]) -> Result<Value> {
    context::note(operand(values, 0)?);
    Ok(Value::from(true))
}

/// One level of arrays in an array is taken apart.
pub fn flatten(values: &[Value]) -> Result<Value> {
    let Some(Value::Array(items)) = values.first() else { bail!(Operand("operand 1 must be array".to_owned())) };
    let mut flat = Vec::with_capacity(items.len());
    for item in items.iter() {
        match item {
            Value::Array(inner) => flat.extend(inner.iter().cloned()),
            other => flat.push(other.clone()),
        }
    }
    Ok(Value::from(flat))
}

/// The neighbours of a node.
fn neighbours(graph: &Value, node: &Value) -> Option<Vec<Value>> {
    match graph.as_object().ok()?.get(node)? {
        Value::Array(next) => Some(next.iter().cloned().collect()),
        Value::Set(next) => Some(next.iter().cloned().collect()),
        _ => Some(Vec::new()),
    }
}

/// The paths through a graph. As OPA has it, what was reached on a way is not gone through again on another that leaves
/// the start in the same direction.
pub fn reachable_paths(values: &[Value]) -> Result<Value> {
    let Some(graph @ Value::Object(_)) = values.first() else {
        bail!(Operand("operand 1 must be object".to_owned()));
    };
    let starts: Vec<Value> = match values.get(1) {
        Some(Value::Array(starts)) => starts.iter().cloned().collect(),
        Some(Value::Set(starts)) => starts.iter().cloned().collect(),
        _ => bail!(Operand("operand 2 must be array or set".to_owned())),
    };
    let mut found: BTreeSet<Value> = BTreeSet::new();
    let mut steps = 0_usize;
    for start in starts {
        let Some(next) = neighbours(graph, &start) else { continue };
        if next.is_empty() || next.contains(&start) {
            found.insert(Value::from(vec![start.clone()]));
        }
        for neighbour in next.into_iter().filter(|neighbour| *neighbour != start) {
            // Each way out of the start is followed by itself.
            let mut reached = BTreeSet::from([start.clone()]);
            follow(graph, neighbour, vec![start.clone()], &mut reached, &mut found, &mut steps)?;
        }
    }
    Ok(Value::from(found))
}

/// A node whose neighbours are being gone through.
struct Open {
    node: Value,
    next: std::vec::IntoIter<Value>,
    path: Vec<Value>,
    /// What the ways that end here have gathered; OPA gathers them in one list.
    gathered: Vec<Value>,
}

fn follow(
    graph: &Value,
    start: Value,
    path: Vec<Value>,
    reached: &mut BTreeSet<Value>,
    found: &mut BTreeSet<Value>,
    steps: &mut usize,
) -> Result<()> {
    let enter = |node: Value, mut path: Vec<Value>, found: &mut BTreeSet<Value>| -> Option<Open> {
        match neighbours(graph, &node) {
            None => {
                found.insert(Value::from(path));
                None
            }
            Some(next) => {
                path.push(node.clone());
                if next.is_empty() {
                    found.insert(Value::from(path));
                    None
                } else {
                    Some(Open { node, next: next.into_iter(), path, gathered: Vec::new() })
                }
            }
        }
    };
    let mut open: Vec<Open> = enter(start, path, found).into_iter().collect();
    while let Some(top) = open.last_mut() {
        let Some(next) = top.next.next() else {
            open.pop();
            continue;
        };
        *steps += top.path.len();
        if steps.is_multiple_of(1_024) {
            context::may_go_on()?;
        }
        if *steps > PATHS_MAX * 10 || found.len() > PATHS_MAX {
            bail!(Exceeded(format!("the graph has more than {PATHS_MAX} paths")));
        }
        if reached.contains(&next) {
            top.gathered.extend(top.path.iter().cloned());
            found.insert(Value::from(top.gathered.clone()));
        } else {
            reached.insert(top.node.clone());
            let path = top.path.clone();
            open.extend(enter(next, path, found));
        }
    }
    Ok(())
}

/// The time of the evaluation: the same however often it is asked.
pub fn now_ns(_: &[Value]) -> Result<Value> {
    Ok(Value::from(context::now_ns()))
}

/// A random number below a bound; the same for the same words within an evaluation.
pub fn intn(values: &[Value]) -> Result<Value> {
    let words = operand(values, 0)?;
    let Some(bound) = values.get(1).and_then(|bound| bound.as_i64().ok()) else {
        bail!(Operand("operand 2 must be integer".to_owned()));
    };
    if bound == 0 {
        return Ok(Value::from(0_i64));
    }
    let drawn = context::random(&["rand.intn", words, &bound.to_string()]) % bound.unsigned_abs();
    Ok(Value::from(drawn))
}

/// A random UUID; the same for the same words within an evaluation.
pub fn uuid(values: &[Value]) -> Result<Value> {
    let words = operand(values, 0)?;
    let [high, low] = ["a", "b"].map(|half| context::random(&["uuid.rfc4122", words, half]));
    let high = (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
    let low = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
    let (a, b, c) = (high >> 32, (high >> 16) & 0xFFFF, high & 0xFFFF);
    Ok(Value::from(format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xFFFF_FFFF_FFFF)))
}

/// What the host says of itself; nothing, where it has not said.
pub fn runtime(_: &[Value]) -> Result<Value> {
    Ok(context::runtime())
}

/// Waits, within the deadline.
pub fn sleep(values: &[Value]) -> Result<Value> {
    let duration = match values.first() {
        Some(Value::Number(number)) => number.as_u64().map(Duration::from_nanos),
        value => text(value).and_then(|text| {
            let (number, scale) = text
                .strip_suffix("ms")
                .map(|number| (number, 1_000_000))
                .or_else(|| text.strip_suffix('s').map(|number| (number, 1_000_000_000)))?;
            number.parse::<u64>().ok()?.checked_mul(scale).map(Duration::from_nanos)
        }),
    };
    let Some(duration) = duration else { bail!(Operand("operand 1 must be a duration".to_owned())) };
    let most = context::remaining();
    std::thread::sleep(duration.min(most));
    if duration > most {
        return Err(context::breach("`test.sleep` outlasts the deadline".to_owned()));
    }
    Ok(Value::Null)
}

/// What a text of JSON says.
pub fn json_unmarshal(values: &[Value]) -> Result<Value> {
    guards::parse(values)?;
    Ok(crate::json::parse(operand(values, 0)?.as_bytes())?)
}

/// Is it a text that reads as JSON?
pub fn json_is_valid(values: &[Value]) -> Result<Value> {
    // Nothing is made of it.
    Ok(Value::from(text(values.first()).is_some_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())))
}

/// Is it a text that reads as YAML?
pub fn yaml_is_valid(values: &[Value]) -> Result<Value> {
    let Some(text) = text(values.first()) else { return Ok(Value::from(false)) };
    match crate::yaml::read(text) {
        Err(error) if error.is::<crate::yaml::TooMuch>() => bail!(Exceeded(error.to_string())),
        read => Ok(Value::from(read.is_ok())),
    }
}

/// Is it something that has members?
pub fn collection(values: &[Value]) -> Result<Value> {
    Ok(Value::from(matches!(values.first(), Some(Value::Array(_) | Value::Set(_) | Value::Object(_)))))
}

/// An object of pairs, which must not give one key two values.
pub fn object(values: &[Value]) -> Result<Value> {
    let Some(Value::Array(pairs)) = values.first() else { bail!(Operand("operand 1 must be array".to_owned())) };
    let mut object = std::collections::BTreeMap::new();
    for pair in pairs.iter() {
        let Value::Array(pair) = pair else { bail!(Operand("operand 1 must be array of pairs".to_owned())) };
        let (Some(key), Some(value)) = (pair.first(), pair.get(1)) else { continue };
        match object.get(key) {
            Some(known) if known != value => {
                return Err(super::conflict("object keys must be unique".to_owned()));
            }
            Some(_) => {}
            None => {
                object.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(Value::from(object))
}

/// How many elements, pairs or characters there are.
pub fn count(values: &[Value]) -> Result<Value> {
    let count = match values.first() {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Set(items)) => items.len(),
        Some(Value::Object(pairs)) => pairs.len(),
        Some(Value::String(text)) => text.chars().count(),
        _ => bail!(Operand("operand 1 must be one of {array, object, set, string}".to_owned())),
    };
    Ok(Value::from(count))
}

/// Is a value in a collection? In what is none, nothing is.
pub fn member_2(values: &[Value]) -> Result<Value> {
    let [value, collection] = values else { return Ok(Value::Undefined) };
    Ok(Value::Bool(match collection {
        Value::Array(items) => items.iter().any(|item| item == value),
        Value::Set(items) => items.contains(value),
        Value::Object(pairs) => pairs.iter().any(|(_, item)| item == value),
        _ => false,
    }))
}

/// Has a collection a value at a key?
pub fn member_3(values: &[Value]) -> Result<Value> {
    let [key, value, collection] = values else { return Ok(Value::Undefined) };
    Ok(Value::Bool(match collection {
        Value::Array(items) => {
            let index = key.as_i64().ok().and_then(|index| usize::try_from(index).ok());
            index.and_then(|index| items.iter().nth(index)).is_some_and(|item| item == value)
        }
        Value::Set(items) => key == value && items.contains(value),
        Value::Object(pairs) => pairs.get(key).is_some_and(|item| item == value),
        _ => false,
    }))
}

/// Is the second within the first: pairs of an object, all the way down; elements of a set; a stretch of a list?
pub fn subset(values: &[Value]) -> Result<Value> {
    weight::walked(values)?;
    let is = match (values.first(), values.get(1)) {
        (Some(whole @ Value::Object(_)), Some(part @ Value::Object(_)))
        | (Some(whole @ Value::Set(_)), Some(part @ Value::Set(_)))
        | (Some(whole @ Value::Array(_)), Some(part @ (Value::Array(_) | Value::Set(_)))) => is_within(whole, part),
        _ => bail!(Operand("both arguments object.subset must be of the same type or array and set".to_owned())),
    };
    Ok(Value::Bool(is))
}

fn is_within(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| is_within(whole, part)))
        }
        (Value::Set(whole), Value::Set(part)) => part.is_subset(whole),
        (Value::Array(whole), Value::Array(part)) => {
            let (whole, part): (Vec<&Value>, Vec<&Value>) = (whole.iter().collect(), part.iter().collect());
            part.is_empty() || whole.windows(part.len()).any(|window| window == part)
        }
        (Value::Array(whole), Value::Set(part)) => part.iter().all(|one| whole.iter().any(|other| other == one)),
        _ => whole == part,
    }
}
