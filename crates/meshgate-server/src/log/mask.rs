//! What `data.system.log.mask` takes out of an event, as OPA has it: a set of pointers, or of `{"op", "path", "value"}`.
//!
//! Deliberately absent: guessing. A rule that is not understood keeps all of the event's contents back.

use serde_json::{Map, Value, json};

/// Applies masks to an event.
///
/// # Errors
/// When a mask is not understood: nothing of the event may be shown.
pub fn apply(event: &mut Value, masks: &Value) -> Result<(), String> {
    let masks = masks.as_array().ok_or("`data.system.log.mask` is no set")?;
    let (mut erased, mut masked) = (Vec::new(), Vec::new());
    for mask in masks {
        let (op, path, value) = match mask {
            Value::String(path) => ("remove", path.as_str(), None),
            Value::Object(mask) => {
                let op = mask.get("op").and_then(Value::as_str).unwrap_or_default();
                let path = mask.get("path").and_then(Value::as_str).ok_or("a mask has no `path`")?;
                (op, path, mask.get("value"))
            }
            _ => return Err("a mask is neither a text nor an object".to_owned()),
        };
        let steps: Vec<String> = path
            .strip_prefix('/')
            .ok_or("a mask's path begins with no `/`")?
            .split('/')
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect();
        let first = steps.first().map(String::as_str).unwrap_or_default();
        if !["input", "result", "nd_builtin_cache"].contains(&first) {
            return Err("a mask's path is not below `/input`, `/result` or `/nd_builtin_cache`".to_owned());
        }
        match op {
            "remove" => {
                if remove(event, &steps) {
                    erased.push(json!(path));
                }
            }
            "upsert" => {
                let value = value.ok_or("a mask that is an `upsert` has no `value`")?;
                if upsert(event, &steps, value) {
                    masked.push(json!(path));
                }
            }
            _ => return Err("a mask's `op` is neither `remove` nor `upsert`".to_owned()),
        }
        // What an answer obliges to, and rests on, is in the answer, and goes with it.
        if first == "result" {
            for copy in ["rules", "obligations"] {
                event.as_object_mut().map(|event| event.shift_remove(copy));
            }
        }
    }
    let Some(event) = event.as_object_mut() else { return Err("the event is no object".to_owned()) };
    for (name, paths) in [("erased", erased), ("masked", masked)] {
        if !paths.is_empty() {
            event.insert(name.to_owned(), Value::Array(paths));
        }
    }
    Ok(())
}

fn remove(event: &mut Value, steps: &[String]) -> bool {
    let Some((last, above)) = steps.split_last() else { return false };
    match above.iter().try_fold(event, |value, step| below(value, step)) {
        Some(Value::Object(map)) => map.shift_remove(last).is_some(),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            // The others keep their places.
            Ok(at) => items.get_mut(at).map(Value::take).is_some(),
            Err(_) => false,
        },
        _ => false,
    }
}

fn upsert(event: &mut Value, steps: &[String], value: &Value) -> bool {
    let Some((last, above)) = steps.split_last() else { return false };
    let mut at = event;
    for step in above {
        let there = match at {
            Value::Object(map) => map.entry(step.clone()).or_insert_with(|| Value::Object(Map::new())),
            Value::Array(items) => match step.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                Some(item) => item,
                None => return false,
            },
            _ => return false,
        };
        at = there;
    }
    match at {
        Value::Object(map) => {
            map.insert(last.clone(), value.clone());
            true
        }
        Value::Array(items) => match last.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
            Some(item) => {
                *item = value.clone();
                true
            }
            None => false,
        },
        _ => false,
    }
}

fn below<'a>(value: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(map) => map.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        json!({"decision_id": "1", "input": {"user": {"ssn": "1", "name": "a"}, "list": [1, 2], "a/b": 1},
            "result": {"reasons": [1]}, "rules": ["x"]})
    }

    #[test]
    fn masks_remove_and_replace() {
        let mut masked = event();
        let masks = json!(["/input/user/ssn", "/input/nothing", "/input/a~1b", {"op": "remove", "path": "/input/list/0"},
            {"op": "upsert", "path": "/input/user/name", "value": "**"}]);
        apply(&mut masked, &masks).unwrap();
        assert_eq!(masked["input"], json!({"user": {"name": "**"}, "list": [null, 2]}));
        assert_eq!(masked["erased"], json!(["/input/user/ssn", "/input/a~1b", "/input/list/0"]));
        assert_eq!(masked["masked"], json!(["/input/user/name"]));
        assert_eq!(masked["rules"], json!(["x"]));
    }

    #[test]
    fn what_is_said_of_the_result_goes_with_it() {
        let mut masked = event();
        apply(&mut masked, &json!(["/result"])).unwrap();
        assert!(masked.get("result").is_none() && masked.get("rules").is_none());
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for wrong in [
            json!("x"),
            json!([1]),
            json!(["input"]),
            json!(["/labels/id"]),
            json!([{"op": "remove"}]),
            json!([{"op": "hash", "path": "/input"}]),
            json!([{"op": "upsert", "path": "/input/x"}]),
        ] {
            assert!(apply(&mut event(), &wrong).is_err(), "{wrong}");
        }
    }
}
