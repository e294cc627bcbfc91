//! One query over modules, data and input, as `opa eval` answers it: a list of bindings. What the conformance runner asks.
//!
//! Deliberately absent: rules of ours; no METADATA is wanted here.

use crate::bundle::{Module, compile};
use crate::evaluate::guarded;
use meshgate_core::limits::EvaluationLimits;
use regorus::Value;
use thiserror::Error;

/// What is asked of what.
#[derive(Debug, Clone, Default)]
pub struct Query<'a> {
    /// The query, for example `data.a.p = x`.
    pub text: &'a str,
    /// Modules.
    pub modules: &'a [Module],
    /// Data documents, merged.
    pub data: &'a [serde_json::Value],
    /// The input.
    pub input: Option<serde_json::Value>,
    /// The input as a Rego term, which may hold what JSON cannot (sets).
    pub input_term: Option<&'a str>,
    /// Raise errors of builtins; without, they are undefined.
    pub strict: bool,
}

/// A query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct FailedQuery {
    /// OPA's code: `rego_parse_error`, `eval_conflict_error`, …
    pub code: &'static str,
    /// What happened.
    pub message: String,
}

impl Query<'_> {
    /// Evaluates it; each answer binds the query's variables. No answers: undefined.
    ///
    /// # Errors
    /// [`FailedQuery`] when the modules do not load or the evaluation fails.
    pub fn evaluate(&self, limits: EvaluationLimits) -> Result<Vec<serde_json::Value>, FailedQuery> {
        let mut errors = Vec::new();
        let modules: Vec<&Module> = self.modules.iter().collect();
        let (mut engine, _) = compile(&modules, self.data, self.strict, &mut errors);
        if let Some(error) = errors.first() {
            let message = error.to_string();
            return Err(FailedQuery { code: load_code(&message), message });
        }
        let ask = |engine: &mut regorus::Engine, text: &str| {
            let run = |engine: &mut regorus::Engine| engine.eval_query(text.to_owned(), false);
            guarded(engine, limits.rule_deadline, run)
                .map_err(|error| FailedQuery { code: evaluation_code(&error.message), message: error.message })
        };
        if let Some(term) = self.input_term {
            let answer = ask(&mut engine, &format!("input_term := {term}"))?;
            let bound = answer.result.into_iter().next().map(|row| row.bindings);
            let input = bound.and_then(|bindings| bindings.as_object().ok()?.get(&Value::from("input_term")).cloned());
            engine.set_input(input.unwrap_or(Value::Undefined));
        } else if let Some(input) = &self.input {
            engine.set_input(input.clone().into());
        }
        let holds = |value: &Value| !matches!(value, Value::Undefined | Value::Bool(false));
        let rows = ask(&mut engine, self.text)?.result;
        let rows = rows.into_iter().filter(|row| row.expressions.iter().all(|expression| holds(&expression.value)));
        rows.map(|row| serde_json::to_value(&row.bindings))
            .collect::<Result<_, _>>()
            .map_err(|error| FailedQuery { code: "eval_internal_error", message: error.to_string() })
    }
}

fn load_code(message: &str) -> &'static str {
    let codes = ["rego_recursion_error", "rego_compile_error", "rego_type_error", "rego_unsafe_var_error"];
    codes.into_iter().find(|code| message.contains(code)).unwrap_or("rego_parse_error")
}

fn evaluation_code(message: &str) -> &'static str {
    let conflict = ["multiple outputs", "conflict", "must be unique"];
    if conflict.iter().any(|word| message.contains(word)) {
        "eval_conflict_error"
    } else if message.contains("expects") || message.contains("must be") || message.contains("type") {
        "eval_type_error"
    } else {
        "eval_builtin_error"
    }
}
