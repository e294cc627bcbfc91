//! Errors of loading, with regorus' multi-line texts brought to one sentence and one place.
//!
//! Deliberately absent: the codes of errors of loading; who finds one says which it is.

use thiserror::Error;

/// A module or its METADATA could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {message}")]
pub struct LoadError {
    /// The file, with `:line:column` when known.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl LoadError {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    /// Takes place and message out of regorus' drawing.
    pub(crate) fn of_regorus(file: &str, text: &str) -> Self {
        let (place, message) = parts(text);
        Self::new(place.unwrap_or_else(|| file.to_owned()), message)
    }
}

/// Returns place and message of a regorus error: `--> file:row:col`, the line, `error: what`.
pub(crate) fn parts(text: &str) -> (Option<String>, String) {
    let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> ")).map(|p| p.trim().to_owned());
    let said = text.lines().find_map(|line| line.trim_start().strip_prefix("error: "));
    let message = said.unwrap_or_else(|| text.lines().find(|line| !line.trim().is_empty()).unwrap_or(text)).trim();
    let message = message.trim_end_matches(':');
    // regorus does not say what it expects where a text ends.
    let message = if message == "expecting" { "the text ends where an expression goes on" } else { message };
    (place, written(message))
}

/// OPA's code for what regorus says of a failed evaluation.
pub(crate) fn evaluation_code(text: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["multiple outputs", "conflict", "must be unique", "generated multiple times", "multiple values"]) {
        "eval_conflict_error"
    } else if has(&["expects", "must be", "requires", "is not a", "type", "not an integer", "Got `", "expected"]) {
        "eval_type_error"
    } else {
        "eval_builtin_error"
    }
}

/// Is this regorus' word for an operator on what it does not work on?
pub(crate) fn is_arithmetic(message: &str) -> bool {
    let operator = |name: &str| message.contains(&format!("`{name}` expects"));
    ["add", "sub", "mul", "div", "mod", "union", "intersection", "difference"].into_iter().any(operator)
        || message.contains("modulo on floating-point")
}

/// The name that a variable was given by its author.
fn written(text: &str) -> String {
    const BEFORE: &str = "__local_";
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(BEFORE) {
        said.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + BEFORE.len()..).unwrap_or_default();
        let end = rest.find(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_')).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        said.push_str(name.strip_suffix("__").unwrap_or(name));
        rest = rest.get(end..).unwrap_or_default();
    }
    said.push_str(rest);
    said
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_authors_name_is_told() {
        assert_eq!(super::written("var `__local_i__` and __local_my_x__"), "var `i` and my_x");
        assert_eq!(super::written("nothing __here__"), "nothing __here__");
    }
}
