//! What an evaluator is to the engine: something that looks at one input and answers with remarks and faults.
//!
//! Deliberately absent: text, lines, configuration. An evaluator sees the document, never the file.

use crate::fault::Fault;
use crate::finding::Remark;
use crate::rule::Rule;
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// The input of one evaluation: the model of one descriptor, as DESIGN's rule contract shapes it.
#[derive(Debug)]
pub struct EvaluationInput {
    /// The file as the report names it.
    pub file: String,
    /// `data-product`, `data-contract` or `other`.
    pub kind: &'static str,
    /// The document that rules see as `input`.
    pub value: Value,
    text: OnceLock<Arc<str>>,
}

impl EvaluationInput {
    /// Makes an input.
    #[must_use]
    pub fn new(file: impl Into<String>, kind: &'static str, value: Value) -> Self {
        Self { file: file.into(), kind, value, text: OnceLock::new() }
    }

    /// Returns the input as JSON text, made once for all who ask.
    pub fn json(&self) -> Arc<str> {
        Arc::clone(self.text.get_or_init(|| Arc::from(self.value.to_string())))
    }
}

/// What one evaluator said of one input.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// Remarks, in any order.
    pub remarks: Vec<Remark>,
    /// Failures, in any order.
    pub faults: Vec<Fault>,
}

/// A set of rules that can be asked about an input: a Rego bundle, a WASM plugin.
pub trait Evaluator: Send + Sync {
    /// Returns what is known of its rules.
    fn rules(&self) -> &[Rule];

    /// Looks at one input. Never panics: its own failures come back as faults.
    fn evaluate(&self, input: &EvaluationInput) -> Evaluation;
}

/// Says whether a rule looks at descriptors of this kind.
#[must_use]
pub fn applies(rule: &Rule, kind: &str) -> bool {
    rule.applies_to.is_empty() || rule.applies_to.iter().any(|k| k == kind)
}
