//! What a request of OPA's data API may say in its query.
//!
//! Deliberately absent: refusal of what is not known; OPA ignores it, and clients count on that.

use axum::http::Uri;

/// What the query says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    /// Indent the answer.
    pub pretty: bool,
    /// Tell what it was decided by.
    pub provenance: bool,
    /// Tell how long it took.
    pub metrics: bool,
    /// Raise errors of builtins.
    pub strict: bool,
    /// What to explain.
    pub explain: Explain,
    /// The input as JSON text.
    pub input: Option<String>,
}

/// What to explain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Explain {
    /// Nothing.
    #[default]
    Off,
    /// What `print` and `trace` said.
    Notes,
    /// Also what is not true.
    Why,
}

impl Params {
    /// Reads them.
    pub fn of(uri: &Uri) -> Self {
        let mut params = Self::default();
        let Some(query) = uri.query() else { return params };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let is = is_true(&value);
            match key.as_ref() {
                "pretty" => params.pretty = is,
                "provenance" => params.provenance = is,
                "metrics" | "instrument" => params.metrics |= is,
                "strict-builtin-errors" => params.strict = is,
                "explain" => params.explain = explain(&value),
                "input" => params.input = Some(value.into_owned()),
                _ => {}
            }
        }
        params
    }
}

/// Present and empty is true.
fn is_true(value: &str) -> bool {
    value.is_empty() || value.eq_ignore_ascii_case("true")
}

fn explain(value: &str) -> Explain {
    match value {
        "notes" => Explain::Notes,
        "full" | "fails" | "debug" => Explain::Why,
        _ => Explain::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_empty_is_true() {
        let of = |text: &str| Params::of(&text.parse().expect("an address"));
        assert!(of("/x?pretty").pretty && of("/x?pretty=TRUE").pretty && !of("/x?pretty=1").pretty);
        assert_eq!(of("/x?explain=fails&metrics&input=%7B%7D").input.as_deref(), Some("{}"));
        assert_eq!(of("/x?explain=nothing").explain, Explain::Off);
    }
}
