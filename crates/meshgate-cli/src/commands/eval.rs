//! `meshgate eval`, in the shapes of `opa eval`.
//!
//! Deliberately absent: rules of ours; a query sees what `--data` gives.

use crate::args::{EvalArgs, EvalFormat};
use crate::exit::{self, Status, print, print_as_is, say};
use anyhow::{Context, Result, bail};
use meshgate_core::shown;
use meshgate_engine::reading::{self, NAMED_BYTES_MAX};
use meshgate_engine::{Ask, Evaluated, Explained, FailedQuery, Row, document};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Values of an input.
pub const INPUT_VALUES_MAX: usize = 10_000_000;

/// Reads an input: JSON or YAML, of a file, a pipe or standard input.
pub fn input(path: Option<&PathBuf>) -> Result<Option<Value>> {
    let Some(path) = path else { return Ok(None) };
    if path == Path::new("-") {
        let bytes = reading::standard_input(NAMED_BYTES_MAX).context("standard input cannot be read")?;
        return Ok(Some(document("-", &bytes, NAMED_BYTES_MAX, INPUT_VALUES_MAX)?));
    }
    let name = path.display().to_string();
    let bytes = reading::named(path, NAMED_BYTES_MAX).with_context(|| format!("{name} cannot be read"))?;
    Ok(Some(document(&name, &bytes, NAMED_BYTES_MAX, INPUT_VALUES_MAX)?))
}

pub fn run(args: &EvalArgs) -> Result<Status> {
    let ask = Ask {
        query: args.query.clone(),
        paths: args.given.data.clone(),
        input: input(args.given.input.as_ref())?,
        strict: args.strict,
        coverage: args.coverage,
        hosts: args.allow_host.clone(),
    };
    let start = Instant::now();
    let done = match meshgate_engine::evaluate(ask.clone()) {
        Ok(done) => done,
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(|error| format!("  {error}")).collect();
            bail!("the query cannot be evaluated:\n{}", lines.join("\n"));
        }
    };
    let took = start.elapsed();
    done.warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
    done.prints.iter().for_each(|line| say(line));
    let rows = match &done.answer {
        Ok(rows) => rows,
        Err(error) => {
            print(&failed(error, args))?;
            return Ok(Status::Failed);
        }
    };
    let text = answered(rows, &done, args)?;
    match args.format {
        // A script wants the text as it is.
        EvalFormat::Raw => print_as_is(&text)?,
        _ => print(&text)?,
    }
    if args.profile {
        say(&format!("loaded and evaluated in {:.3} ms", took.as_secs_f64() * 1e3));
        say(&match meshgate_engine::gear_of(ask.clone()) {
            Ok(None) => "gear: fast, once it is cleared".to_owned(),
            Ok(Some(reason)) => format!("gear: interpreter: {reason}"),
            Err(error) => format!("gear: {error}"),
        });
    }
    if args.explain {
        explain(&ask, rows.is_empty());
    }
    let defined = !rows.is_empty();
    let fails = (args.fail && !defined) || (args.fail_defined && defined);
    Ok(if fails { Status::Denied } else { Status::Allowed })
}

/// Says why there is no answer, or one that says no: the expressions that are not true, with their values.
fn explain(ask: &Ask, undefined: bool) {
    let Explained { query, rules } = meshgate_engine::explain(ask);
    match query {
        Some(expression) if undefined => say(&format!("not true: {expression}")),
        _ if undefined => say("the query is undefined"),
        _ => {}
    }
    for (rule, failure) in &rules {
        say(&format!("{rule} at {}:{}: not true: {}", failure.file, failure.line, failure.expression));
        failure.values.iter().for_each(|(part, value)| say(&format!("    {part} = {value}")));
    }
}

/// OPA's shape of an error.
fn failed(error: &FailedQuery, args: &EvalArgs) -> String {
    if args.format != EvalFormat::Json {
        match error.load.as_slice() {
            [] => say(&error.to_string()),
            all => all.iter().for_each(|error| say(&error.to_string())),
        }
        return String::new();
    }
    let one = |code: &str, message: &str, place: Option<&str>| {
        let mut parts = place.unwrap_or_default().rsplitn(3, ':');
        let (column, row, file) = (parts.next(), parts.next(), parts.next());
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        match (file, number(row), number(column)) {
            (Some(file), Some(row), Some(column)) => {
                json!({"code": code, "message": message, "location": {"file": file, "row": row, "col": column}})
            }
            _ => json!({"code": code, "message": message}),
        }
    };
    let errors: Vec<Value> = if error.load.is_empty() {
        vec![one(error.code, &error.message, None)]
    } else {
        let told = |load: &meshgate_engine::RegoError| match load.message.split_once(": ") {
            Some((code, message)) if code.starts_with("rego_") => one(code, message, Some(&load.place)),
            _ => one("rego_compile_error", &load.message, Some(&load.place)),
        };
        error.load.iter().map(told).collect()
    };
    exit::json(&json!({"errors": errors}))
}

fn answered(rows: &[Row], done: &Evaluated, args: &EvalArgs) -> Result<String> {
    let json = |value: &meshgate_engine::RegoValue| serde_json::to_value(value).context("the answer is no JSON");
    let first = || rows.first().and_then(|row| row.expressions.first()).map(|(_, _, value)| value);
    Ok(match args.format {
        EvalFormat::Json => {
            let mut results = Vec::new();
            for row in rows {
                let mut expressions = Vec::new();
                for (text, at, value) in &row.expressions {
                    expressions.push(
                        json!({"value": json(value)?, "text": text, "location": {"row": at.line, "col": at.column}}),
                    );
                }
                let mut result = json!({"expressions": expressions});
                let bindings = json(&row.bindings)?;
                if let (Some(map), false) =
                    (result.as_object_mut(), bindings.as_object().is_none_or(serde_json::Map::is_empty))
                {
                    map.insert("bindings".to_owned(), bindings);
                }
                results.push(result);
            }
            let mut whole = if results.is_empty() { json!({}) } else { json!({"result": results}) };
            if let (Some(map), Some(coverage)) = (whole.as_object_mut(), &done.coverage) {
                let files: serde_json::Map<String, Value> = coverage
                    .iter()
                    .map(|(file, lines)| {
                        (file.clone(), json!({"covered": lines.covered, "not_covered": lines.not_covered}))
                    })
                    .collect();
                map.insert("coverage".to_owned(), json!({"files": files}));
            }
            exit::json(&whole)
        }
        EvalFormat::Raw => match first() {
            Some(value) => match value.as_string() {
                Ok(text) => format!("{text}\n"),
                Err(_) => shown::json(format!("{}\n", json(value)?)),
            },
            None => String::new(),
        },
        EvalFormat::Pretty => match (rows, first()) {
            ([], _) => "undefined\n".to_owned(),
            ([row], Some(value))
                if row.expressions.len() == 1 && row.bindings.as_object().is_ok_and(|map| map.is_empty()) =>
            {
                exit::json(&json(value)?)
            }
            _ => {
                let lines = rows.iter().map(|row| meshgate_engine::term(&row.bindings)).collect::<Vec<_>>();
                format!("{}\n", lines.join("\n"))
            }
        },
        EvalFormat::Values => {
            let values: Result<Vec<Value>> =
                rows.iter().flat_map(|row| &row.expressions).map(|(_, _, value)| json(value)).collect();
            exit::json(&json!(values?))
        }
        EvalFormat::Bindings => {
            let values: Result<Vec<Value>> = rows.iter().map(|row| json(&row.bindings)).collect();
            exit::json(&json!(values?))
        }
    })
}
