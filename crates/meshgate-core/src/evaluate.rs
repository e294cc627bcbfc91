//! What an evaluator is to the engine: something that looks at one input and answers with remarks and faults.
//!
//! Deliberately absent: text, lines, configuration. An evaluator sees the document, never the file.

use crate::fault::Fault;
use crate::finding::Remark;
use crate::model::Input;
use crate::rule::Rule;
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// A value that many inputs share: made once, as JSON and as text.
#[derive(Debug, Default)]
pub struct Shared {
    /// The value.
    pub value: Value,
    text: OnceLock<Arc<str>>,
}

impl Shared {
    /// Wraps a value.
    #[must_use]
    pub const fn new(value: Value) -> Self {
        Self { value, text: OnceLock::new() }
    }

    fn text(&self) -> &str {
        self.text.get_or_init(|| Arc::from(self.value.to_string()))
    }
}

/// The input of one evaluation: the model of one descriptor, as DESIGN's rule contract shapes it.
#[derive(Debug)]
pub struct EvaluationInput {
    /// The file as the report names it.
    pub file: String,
    /// `data-product`, `data-contract` or `other`.
    pub kind: &'static str,
    /// What rules see as `input.mesh`.
    pub mesh: Option<Arc<Shared>>,
    /// The model, where the value is made of one: rules want the value, plugins the text, and few want both.
    model: Option<Input>,
    value: OnceLock<Value>,
    text: OnceLock<Arc<str>>,
}

impl EvaluationInput {
    /// Makes an input of a value.
    #[must_use]
    pub fn new(file: impl Into<String>, kind: &'static str, value: Value) -> Self {
        Self { file: file.into(), kind, mesh: None, model: None, value: OnceLock::from(value), text: OnceLock::new() }
    }

    /// Makes an input of a model.
    #[must_use]
    pub fn of(model: Input) -> Self {
        let (file, kind) = (model.file.clone(), model.kind.as_str());
        Self { file, kind, mesh: None, model: Some(model), value: OnceLock::new(), text: OnceLock::new() }
    }

    /// The document that rules see as `input`, without what is shared.
    pub fn value(&self) -> &Value {
        self.value.get_or_init(|| self.model.as_ref().map_or(Value::Null, Input::to_value))
    }

    /// Adds the mesh.
    #[must_use]
    pub fn with_mesh(mut self, mesh: Option<Arc<Shared>>) -> Self {
        self.mesh = mesh;
        self
    }

    /// Returns the whole input as JSON text, made once for all who ask.
    pub fn json(&self) -> Arc<str> {
        let make = || {
            let own = match &self.model {
                // Strings, lists and string-keyed maps only: this cannot fail.
                Some(model) => serde_json::to_string(model).unwrap_or_default(),
                None => self.value().to_string(),
            };
            match (&self.mesh, own.strip_suffix('}')) {
                (Some(mesh), Some(open)) => Arc::from(format!("{open},\"mesh\":{}}}", mesh.text())),
                _ => Arc::from(own),
            }
        };
        Arc::clone(self.text.get_or_init(make))
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

    /// Does it want the document itself as `input`, without a model?
    fn raw(&self) -> bool {
        false
    }

    /// Looks at one input. Never panics: its own failures come back as faults.
    fn evaluate(&self, input: &EvaluationInput) -> Evaluation;
}

/// Says whether a rule looks at descriptors of this kind.
#[must_use]
pub fn applies(rule: &Rule, kind: &str) -> bool {
    rule.applies_to.is_empty() || rule.applies_to.iter().any(|k| k == kind)
}
