//! Our front end alone: does it refuse what OPA refuses, with the same code at the same line?
//!
//! Deliberately absent: what is done with its answer; `ours` asks the whole engine.

use super::case::{Answer, Case, Fault};
use meshgate_regolang::compile::Options;
use meshgate_regolang::{Code, Error, Source, check, syntax};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What our front end says; a panic is an answer of its own. OPA tells errors of types and of circles in the order of its own
/// maps: its first may be any of ours, and is then the one that is answered.
pub fn ask(case: &Case, opa: &Answer) -> Answer {
    let refused = catch_unwind(AssertUnwindSafe(|| refused(case)));
    let Ok(faults) = refused else {
        return Answer::Failed(Fault { code: "panic".to_owned(), ..Fault::default() });
    };
    let same = |fault: &&Fault| match opa {
        Answer::Refused(opa) => fault.code == opa.code && fault.place == opa.place,
        _ => false,
    };
    let any = |first: &Fault| [Code::Type, Code::Recursion].iter().any(|code| code.as_str() == first.code);
    match faults.first() {
        None => Answer::Undefined,
        Some(first) if any(first) => Answer::Refused(faults.iter().find(same).unwrap_or(first).clone()),
        Some(first) => Answer::Refused(first.clone()),
    }
}

fn refused(case: &Case) -> Vec<Fault> {
    let mut files: Vec<&(String, String)> = case.modules.iter().collect();
    files.sort();
    let sources: Vec<Source> = files.iter().map(|(name, text)| Source::new(name.as_str(), text.as_str())).collect();
    let (mut modules, mut errors) = (Vec::new(), Vec::new());
    for (file, source) in (0..).zip(&sources) {
        match syntax::module(source, file, syntax::Version::V1) {
            Ok(module) => modules.push(module),
            Err(found) => {
                errors = found;
                break;
            }
        }
    }
    if errors.is_empty() {
        errors = check(&sources, modules, &Options::default()).errors;
    }
    errors.iter().map(|error| fault(error, &sources)).collect()
}

fn fault(error: &Error, sources: &[Source]) -> Fault {
    let line = |source: &Source| format!("{}:{}", source.name, source.place(error.span.start).line);
    let place = sources.get(error.span.file as usize).map(line).unwrap_or_default();
    Fault { code: error.code.as_str().to_owned(), place, message: error.message.clone() }
}
