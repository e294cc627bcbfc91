//! Our engine, asked as OPA is.
//!
//! Deliberately absent: what it is made of; it is asked from outside.

use super::case::{Answer, Case, Fault};
use super::json::Json;
use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{FailedQuery, Module, Options, Query, parse_json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What our engine answers, for each input. A panic is an answer of its own: it is never what OPA says.
pub fn ask(case: &Case) -> Vec<Answer> {
    case.inputs.iter().map(|input| one(case, input.as_deref())).collect()
}

fn one(case: &Case, input: Option<&str>) -> Answer {
    catch_unwind(AssertUnwindSafe(|| answer(case, input))).unwrap_or_else(|_| {
        let message = "the engine panics".to_owned();
        Answer::Failed(Fault { code: "panic".to_owned(), place: String::new(), message })
    })
}

fn answer(case: &Case, input: Option<&str>) -> Answer {
    let module = |(file, text): &(String, String)| Module { file: file.clone(), text: text.clone() };
    let modules: Vec<Module> = case.modules.iter().map(module).collect();
    let bad = |what: &str| {
        Answer::Refused(Fault { code: "other".to_owned(), place: String::new(), message: format!("{what} is no JSON") })
    };
    let data = match case.data.as_deref().map(|text| parse_json(text.as_bytes())) {
        None => Vec::new(),
        Some(Ok(data)) => vec![data],
        Some(Err(_)) => return bad("data"),
    };
    let input = match input.filter(|text| !text.is_empty()).map(serde_json::from_str) {
        None => None,
        Some(Ok(input)) => Some(input),
        Some(Err(_)) => return bad("input"),
    };
    let limits = EvaluationLimits { rule_deadline: Duration::from_secs(5), ..EvaluationLimits::default() };
    let options = Options { limits, strict: true, world: true, ..Options::default() };
    let query = Query { text: &case.query, modules: &modules, data: &data, input, input_term: None, options };
    match query.prepare() {
        Err(failed) => Answer::Refused(fault(&failed)),
        Ok(ready) => match ready.evaluate() {
            Err(failed) if failed.message.contains("deadline") => Answer::Nothing,
            Err(failed) => Answer::Failed(fault(&failed)),
            Ok(rows) => rows_of(&rows),
        },
    }
}

fn rows_of(rows: &[meshgate_rego::Row]) -> Answer {
    let json = |value: &meshgate_rego::Value| {
        serde_json::to_string(value).ok().and_then(|text| Json::read(&text)).unwrap_or(Json::Plain("?".to_owned()))
    };
    let no_bindings = |row: &meshgate_rego::Row| row.bindings.as_object().is_ok_and(|map| map.is_empty());
    match rows {
        [] => Answer::Undefined,
        [row] if no_bindings(row) && row.expressions.len() == 1 => {
            Answer::Value(row.expressions.iter().map(|(_, _, value)| json(value)).collect())
        }
        rows => {
            let mut rows: Vec<Json> = rows.iter().map(|row| json(&row.bindings)).collect();
            rows.sort();
            Answer::Value(rows)
        }
    }
}

fn fault(failed: &FailedQuery) -> Fault {
    let Some(first) = failed.load.first() else {
        return Fault { code: failed.code.to_owned(), place: String::new(), message: failed.message.clone() };
    };
    // The column is ours alone.
    let place = first.place.rsplit_once(':').map_or(first.place.as_str(), |(place, _)| place);
    let (code, message) = match first.message.split_once(": ") {
        Some((code, message)) if code.starts_with("rego_") => (code, message),
        _ => (failed.code, first.message.as_str()),
    };
    Fault { code: code.to_owned(), place: place.to_owned(), message: message.to_owned() }
}
