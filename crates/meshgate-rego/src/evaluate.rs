//! Evaluation: rule by rule, so that a failure has an owner, on a clone of the prepared engine.
//!
//! Deliberately absent: recovery of a failed rule. It becomes a fault, and its neighbours go on.

use crate::bundle::Bundle;
use crate::error;
use crate::output;
use meshgate_core::evaluate::{Evaluation, EvaluationInput, Evaluator, Shared, applies};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::rule::Rule;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// A query of the data API failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct QueryError {
    /// How.
    pub kind: FaultKind,
    /// What happened.
    pub message: String,
}

impl Evaluator for Bundle {
    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn raw(&self) -> bool {
        self.raw
    }

    fn evaluate(&self, input: &EvaluationInput) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let mut value: Value = input.value.clone().into();
        if let (Some(mesh), Ok(object)) = (&input.mesh, value.as_object_mut()) {
            object.insert(Value::from("mesh"), self.shared(mesh));
        }
        let mut engine = self.engine.clone();
        engine.set_input(value.clone());
        for (rule, path) in self.rules.iter().zip(&self.paths).filter(|(rule, _)| applies(rule, input.kind)) {
            let outcome = guarded(&mut engine, self.limits.rule_deadline, |engine| engine.eval_rule(path.clone()));
            let remarks = outcome.and_then(|value| {
                output::remarks(&rule.id, &value, self.limits.findings_max)
                    .map_err(|message| QueryError { kind: FaultKind::BadOutput, message })
            });
            match remarks {
                Ok(remarks) => evaluation.remarks.extend(remarks),
                Err(error) => {
                    evaluation.faults.push(Fault {
                        file: Some(input.file.clone()),
                        rule: rule.id.to_string(),
                        kind: error.kind,
                        message: error.message,
                    });
                    // Whatever state the failure left behind is not the next rule's.
                    engine = self.engine.clone();
                    engine.set_input(value.clone());
                }
            }
        }
        evaluation
    }
}

impl Bundle {
    /// Returns a shared value as the interpreter has it; made once, then only counted.
    fn shared(&self, shared: &Arc<Shared>) -> Value {
        let mut known = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((of, value)) if Arc::ptr_eq(of, shared) => value.clone(),
            _ => {
                let value: Value = shared.value.clone().into();
                *known = Some((Arc::clone(shared), value.clone()));
                value
            }
        }
    }

    /// Evaluates `data.<path>` as OPA's data API does; `None` is undefined.
    ///
    /// # Errors
    /// [`QueryError`] when evaluation fails.
    pub fn query(
        &self,
        path: &[&str],
        input: Option<serde_json::Value>,
    ) -> Result<Option<serde_json::Value>, QueryError> {
        let mut engine = self.engine.clone();
        if let Some(input) = input {
            engine.set_input(input.into());
        }
        let query = reference(path);
        let results = guarded(&mut engine, self.limits.rule_deadline, |engine| {
            let results = engine.eval_query(query.clone(), false)?;
            Ok(results.result.into_iter().next().and_then(|row| row.expressions.into_iter().next()).map(|e| e.value))
        })?;
        match results {
            None | Some(Value::Undefined) => Ok(None),
            Some(value) => serde_json::to_value(&value)
                .map(Some)
                .map_err(|error| QueryError { kind: FaultKind::BadOutput, message: error.to_string() }),
        }
    }
}

/// Writes a path as a reference; every step in brackets but the first, so that no step is read as syntax.
fn reference(path: &[&str]) -> String {
    let identifier = |step: &str| {
        !step.is_empty()
            && step.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !step.starts_with(|c: char| c.is_ascii_digit())
    };
    path.iter().fold("data".to_owned(), |query, step| {
        if identifier(step) { format!("{query}.{step}") } else { format!("{query}[{}]", serde_json::json!(step)) }
    })
}

/// Runs one evaluation under its deadline; regorus' errors and panics come back as typed failures.
pub(crate) fn guarded<T>(
    engine: &mut Engine,
    deadline: Duration,
    run: impl FnOnce(&mut Engine) -> anyhow::Result<T>,
) -> Result<T, QueryError> {
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: deadline,
        check_interval: NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN),
    });
    match catch_unwind(AssertUnwindSafe(|| run(engine))) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(failure)) => {
            let text = failure.to_string();
            if text.contains("exceeded time limit") {
                let message = format!("ran longer than {} ms", deadline.as_millis());
                return Err(QueryError { kind: FaultKind::Deadline, message });
            }
            let (place, message) = error::parts(&text);
            let message = place.map_or(message.clone(), |place| format!("{place}: {message}"));
            Err(QueryError { kind: FaultKind::Evaluation, message })
        }
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let message = format!("the Rego engine failed: {}", said.unwrap_or_else(|| "no reason given".into()));
            Err(QueryError { kind: FaultKind::Trap, message })
        }
    }
}
