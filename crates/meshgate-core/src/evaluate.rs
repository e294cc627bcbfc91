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
    /// What rules see as `input.previous`.
    pub previous: Option<Arc<Shared>>,
    /// The model, where the value is made of one: rules want the value, plugins the text, and few want both.
    model: Option<Input>,
    value: OnceLock<Value>,
    text: OnceLock<Arc<str>>,
}

impl EvaluationInput {
    /// Makes an input of a value.
    #[must_use]
    pub fn new(file: impl Into<String>, kind: &'static str, value: Value) -> Self {
        Self {
            file: file.into(),
            kind,
            mesh: None,
            previous: None,
            model: None,
            value: OnceLock::from(value),
            text: OnceLock::new(),
        }
    }

    /// Makes an input of a model.
    #[must_use]
    pub fn of(model: Input) -> Self {
        let (file, kind) = (model.file.clone(), model.kind.as_str());
        Self {
            file,
            kind,
            mesh: None,
            previous: None,
            model: Some(model),
            value: OnceLock::new(),
            text: OnceLock::new(),
        }
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

    /// Adds the version compared with.
    #[must_use]
    pub fn with_previous(mut self, previous: Option<Arc<Shared>>) -> Self {
        self.previous = previous;
        self
    }

    /// The same input as a layer's rules see it.
    #[must_use]
    pub fn of_layer(&self, layer: &str) -> Self {
        let mut value = self.value().clone();
        if let Some(said) = value.pointer_mut("/context/layer") {
            *said = Value::from(layer);
        }
        let own = Self::new(self.file.clone(), self.kind, value);
        own.with_mesh(self.mesh.clone()).with_previous(self.previous.clone())
    }

    /// Returns the whole input as JSON text, made once for all who ask.
    pub fn json(&self) -> Arc<str> {
        let make = || {
            let own = match &self.model {
                // Strings, lists and string-keyed maps only: this cannot fail.
                Some(model) => serde_json::to_string(model).unwrap_or_default(),
                None => self.value().to_string(),
            };
            let Some(open) = own.strip_suffix('}') else { return Arc::from(own) };
            let mut text = open.to_owned();
            for (name, shared) in [("mesh", &self.mesh), ("previous", &self.previous)] {
                if let Some(shared) = shared {
                    text.extend([",\"", name, "\":", shared.text()]);
                }
            }
            text.push('}');
            Arc::from(text)
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
    /// Rules whose remarks the policy itself excepts, with where it says so: conftest's `exception`.
    pub excepted: Vec<(crate::rule::RuleId, String)>,
}

/// A set of rules that can be asked about an input: a Rego bundle, a WASM plugin.
pub trait Evaluator: Send + Sync {
    /// Returns what is known of its rules.
    fn rules(&self) -> &[Rule];

    /// Does it want the document itself as `input`, without a model?
    fn raw(&self) -> bool {
        false
    }

    /// Does a call take longer than handing it to another thread?
    fn is_slow(&self) -> bool {
        false
    }

    /// Looks at one input with the rules that are wanted. Never panics: its own failures come back as faults.
    fn evaluate_some(&self, input: &EvaluationInput, wanted: &Wanted<'_>) -> Evaluation;

    /// Looks at one input with all rules for its kind.
    fn evaluate(&self, input: &EvaluationInput) -> Evaluation {
        self.evaluate_some(input, &|rule| applies(rule, input.kind))
    }
}

/// Says which rules are wanted.
pub type Wanted<'a> = dyn Fn(&Rule) -> bool + Sync + 'a;

/// Says whether a rule looks at descriptors of this kind.
#[must_use]
pub fn applies(rule: &Rule, kind: &str) -> bool {
    rule.applies_to.is_empty() || rule.applies_to.iter().any(|k| k == kind)
}
