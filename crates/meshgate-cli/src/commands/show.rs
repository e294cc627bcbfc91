//! `meshgate show`: what rules see of a file.
//!
//! Deliberately absent: judgement; `meshgate check` has that.

use crate::args::{ShowArgs, ShowFormat};
use crate::exit::{self, Status, print, say};
use crate::setup;
use anyhow::{Context, Result};
use meshgate_core::shown;
use meshgate_engine::{Shown, show};
use serde_json::{Map, Value};
use std::fmt::Write;
use std::path::Path;

/// Characters of a text that the tree shows.
const TEXT_SHOWN: usize = 60;

pub fn run(args: &ShowArgs) -> Result<Status> {
    let stdin = args.file.as_os_str() == "-";
    let near = if stdin { Path::new(".") } else { &args.file };
    let config = setup::config(&args.setup, near)?;
    let text = if stdin {
        meshgate_engine::reading::standard_input(config.file_bytes_max()).context("standard input cannot be read")?
    } else {
        Vec::new()
    };
    let path = if stdin { Path::new("stdin") } else { &args.file };
    let shown = show(&config, path, stdin.then_some(text.as_slice()))
        .with_context(|| format!("{} cannot be opened", args.file.display()))?;
    for problem in &shown.problems {
        say(problem);
    }
    match args.format {
        ShowFormat::Tree => shown.documents.iter().try_for_each(|document| print(&tree(document)))?,
        ShowFormat::Json => match shown.documents.as_slice() {
            [one] => print(&exit::json(&one.input))?,
            all => print(&exit::json(&Value::Array(all.iter().map(|shown| shown.input.clone()).collect())))?,
        },
    }
    // What could not be read is missing from what was shown.
    Ok(if shown.problems.is_empty() && !shown.documents.is_empty() { Status::Allowed } else { Status::Denied })
}

/// Draws the model as the paths that a rule writes, each with its pointer.
fn tree(shown: &Shown) -> String {
    let mut text = format!("# {} {}\n", shown.standard, shown.version.as_deref().unwrap_or("")).trim_end().to_owned();
    text.push('\n');
    let empty = Map::new();
    let input = shown.input.as_object().unwrap_or(&empty);
    for key in ["format", "kind", "file"] {
        if let Some(value) = input.get(key) {
            let _ = writeln!(text, "input.{key} = {}", plain(value));
        }
    }
    if let Some(product) = input.get("product") {
        node("input.product", product, 0, &mut text);
    }
    for (index, contract) in input.get("contracts").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let pointer = contract.get("pointer");
        let ports = input.get("product").and_then(|p| p.get("ports")).and_then(Value::as_array);
        let shared =
            ports.into_iter().flatten().any(|port| port.get("contract").and_then(|c| c.get("pointer")) == pointer);
        let label = format!("input.contracts[{index}]");
        if shared {
            let _ = writeln!(text, "{label}  the contract at {}", plain(pointer.unwrap_or(&Value::Null)));
        } else {
            node(&label, contract, 0, &mut text);
        }
    }
    text
}

/// One thing: its name and plain values on a line with its pointer, its parts below.
fn node(label: &str, value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let Value::Object(map) = value else {
        let _ = writeln!(text, "{indent}{label} = {}", inline(value));
        return;
    };
    let name = ["name", "property", "role", "channel", "id"].iter().find(|key| map.contains_key(**key));
    let mut line = format!("{indent}{label}");
    if let Some(name) = name.and_then(|key| map.get(*key)) {
        let _ = write!(line, "  {}", inline(name));
    }
    let mut below = Vec::new();
    for (key, value) in map {
        match value {
            _ if key == "pointer" || Some(&key.as_str()) == name => {}
            Value::Array(items) if items.is_empty() => {}
            Value::Array(items) if items.iter().any(|item| item.get("pointer").is_some()) => {
                below.extend(items.iter().enumerate().map(|(index, item)| (format!("{key}[{index}]"), item)));
            }
            Value::Object(map) if map.contains_key("pointer") => below.push((key.clone(), value)),
            Value::Bool(true) => {
                let _ = write!(line, " · {key}");
            }
            value if depth == 0 => below.push((key.clone(), value)),
            value => {
                let _ = write!(line, " · {key} {}", inline(value));
            }
        }
    }
    if let Some(pointer) = map.get("pointer").and_then(Value::as_str) {
        let _ = write!(line, "  @ {}", if pointer.is_empty() { "\"\"" } else { pointer });
    }
    let _ = writeln!(text, "{line}");
    // Plain values first: the parts are long.
    below.sort_by_key(|(_, value)| value.get("pointer").is_some());
    for (label, value) in below {
        if value.get("pointer").is_some() {
            node(&label, value, depth + 1, text);
        } else {
            let _ = writeln!(text, "{indent}  {label} = {}", inline(value));
        }
    }
}

/// A value on one line, cut when it is long.
fn inline(value: &Value) -> String {
    let whole = plain(value);
    match whole.char_indices().nth(TEXT_SHOWN) {
        Some((at, _)) => format!("{}…", whole.get(..at).unwrap_or_default()),
        None => whole,
    }
}

/// A value on one line. Control characters of a document must not steer the terminal.
fn plain(value: &Value) -> String {
    let whole = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", plain(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    };
    shown::line(&whole).into_owned()
}
