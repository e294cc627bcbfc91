//! A case, and what an engine answers to it.
//!
//! Deliberately absent: engines; see `opa` and `ours`.

use super::json::Json;
use serde_json::{Value, json};

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// Files and their texts.
    pub modules: Vec<(String, String)>,
    /// Base data, as JSON.
    pub data: Option<String>,
    /// Inputs, as JSON; `None`: there is none. The query is asked of each.
    pub inputs: Vec<Option<String>>,
    /// The query.
    pub query: String,
    /// Is only asked whether the modules are refused, and of the front end alone?
    pub front: bool,
}

impl Case {
    /// A case of one module.
    pub fn of(text: impl Into<String>) -> Self {
        Self {
            modules: vec![("t.rego".to_owned(), text.into())],
            data: None,
            inputs: vec![Some("{}".to_owned())],
            query: "data.t".to_owned(),
            front: false,
        }
    }

    /// The same modules, for the front end alone.
    pub fn front(self) -> Self {
        Self { front: true, query: "1".to_owned(), inputs: vec![None], data: None, ..self }
    }

    /// The same, asked with one input only.
    pub fn with(&self, input: Option<String>) -> Self {
        Self { inputs: vec![input], ..self.clone() }
    }

    /// All texts, one after the other.
    pub fn text(&self) -> String {
        self.modules.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// As it goes over the wire, and into reports.
    pub fn json(&self) -> Value {
        let modules: serde_json::Map<_, _> =
            self.modules.iter().map(|(file, text)| (file.clone(), json!(text))).collect();
        json!({"query": self.query, "modules": modules, "data": self.data, "inputs": self.inputs})
    }
}

/// What an engine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It does not load: code, file and line, and the first line of what is said.
    Refused(Fault),
    /// No result.
    Undefined,
    /// The rows of the result, in order: expressions and bindings.
    Value(Vec<Json>),
    /// The evaluation fails.
    Failed(Fault),
    /// The engine gave up, for a reason that has nothing to do with the case: out of time.
    Nothing,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// `rego_type_error`, `eval_conflict_error`, …
    pub code: String,
    /// `t.rego:3`, where it is known.
    pub place: String,
    /// The first line of what is said.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}: {}", self.code, if self.place.is_empty() { "-" } else { &self.place }, self.message)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(fault) => write!(f, "refused: {fault}"),
            Self::Undefined => f.write_str("undefined"),
            Self::Value(rows) => match rows.as_slice() {
                [row] => write!(f, "{row}"),
                rows => write!(f, "{}", Json::List(rows.to_vec())),
            },
            Self::Failed(fault) => write!(f, "fails: {fault}"),
            Self::Nothing => f.write_str("no answer"),
        }
    }
}
