//! Evaluation: rule by rule, so that a failure has an owner, on a clone of the prepared engine.
//!
//! Deliberately absent: recovery of a failed rule. It becomes a fault, and its neighbours go on.

mod output;

use crate::bundle::{Bundle, Worker};
use crate::compiled::Compiled;
use crate::conftest;
use crate::context::{self, Left, Moment, Trouble};
use crate::error;
use crate::json;
use crate::modules::Places;
use crate::options::Options;
use meshgate_core::evaluate::{Evaluation, EvaluationInput, Evaluator, Shared, Wanted};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::rule::Rule;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// An evaluation failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct QueryError {
    /// How.
    pub kind: FaultKind,
    /// OPA's code.
    pub code: &'static str,
    /// What happened.
    pub message: String,
    /// Was it arithmetic on what is no number? OPA makes that undefined.
    pub(crate) arithmetic: bool,
    /// Does the message say with what a builtin was called?
    told: bool,
}

impl QueryError {
    pub(crate) fn new(kind: FaultKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), arithmetic: false, told: false }
    }
}

impl Evaluator for Bundle {
    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn raw(&self) -> bool {
        self.raw
    }

    fn evaluate_some(&self, input: &EvaluationInput, wanted: &Wanted<'_>) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let mut value = json::value(input.value());
        if let Ok(object) = value.as_object_mut() {
            if let Some(mesh) = &input.mesh {
                object.insert(Value::from("mesh"), self.shared(mesh));
            }
            if let Some(previous) = &input.previous {
                object.insert(Value::from("previous"), json::value(&previous.value));
            }
        }
        // In the fast gear none is needed. Rules that want errors of builtins to be undefined have one of their own.
        let mut workers: [Option<Worker>; 2] = [None, None];
        for (rule, path) in self.rules.iter().zip(&self.paths).filter(|(rule, _)| wanted(rule)) {
            let strict = self.raises(rule);
            let [lenient, raising] = &mut workers;
            let worker = if strict { raising } else { lenient };
            let slice = self.slice(path, &value);
            let sliced = slice.map(|slice| {
                let steps: Vec<&str> = path.split('.').skip(1).collect();
                slice.value_as(&steps, value.clone(), strict)
            });
            let whole = || {
                self.gears.evaluate(path, &value, &self.asked(strict), |moment| {
                    let worker = worker.get_or_insert_with(|| {
                        let mut worker = self.worker(strict);
                        worker.engine.set_input(value.clone());
                        worker
                    });
                    let run = |engine: &mut Engine| engine.eval_rule(path.clone());
                    self.interpret(moment, &mut worker.engine, &value, strict, run)
                })
            };
            let outcome = sliced.unwrap_or_else(whole);
            let remarks = outcome.and_then(|value| {
                let most = self.options.limits.findings_max;
                let remarks = if self.options.namespaces.is_empty() {
                    output::remarks(&rule.id, &value, most)
                } else {
                    conftest::remarks(&rule.id, &value, most)
                };
                remarks.map_err(|message| QueryError::new(FaultKind::BadOutput, "eval_type_error", message))
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
                    workers = [None, None];
                }
            }
        }
        workers.into_iter().flatten().for_each(|worker| self.keep(worker));
        if !evaluation.remarks.is_empty() {
            self.except(input, value, &mut evaluation);
        }
        evaluation
    }
}

impl Bundle {
    /// Asks the namespaces' `exception`, now that there is something to except.
    fn except(&self, input: &EvaluationInput, value: Value, evaluation: &mut Evaluation) {
        for namespace in &self.options.namespaces {
            let path = format!("data.{namespace}.exception");
            let Some(place) = self.index.rules.get(&path).and_then(|all| all.first()).map(|first| &first.place) else {
                continue;
            };
            let steps: Vec<&str> = path.split('.').skip(1).collect();
            let names = self.value(&steps, value.clone()).and_then(|excepted| {
                let wrong = |message| QueryError::new(FaultKind::BadOutput, "eval_type_error", message);
                if excepted == Value::Undefined {
                    Ok(BTreeSet::new())
                } else {
                    conftest::excepted(&excepted).map_err(wrong)
                }
            });
            match names {
                Ok(names) => {
                    let rules = self.rules.iter().filter(|rule| conftest::is_excepted(&rule.id, namespace, &names));
                    evaluation.excepted.extend(rules.map(|rule| (rule.id.clone(), place.clone())));
                }
                Err(error) => evaluation.faults.push(Fault {
                    file: Some(input.file.clone()),
                    rule: format!("{namespace}.exception"),
                    kind: error.kind,
                    message: error.message,
                }),
            }
        }
    }
}

impl Bundle {
    /// Returns a shared value as the interpreter has it; made once, then only counted.
    fn shared(&self, shared: &Arc<Shared>) -> Value {
        let mut known = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((of, value)) if Arc::ptr_eq(of, shared) => value.clone(),
            _ => {
                let value = json::value(&shared.value);
                *known = Some((Arc::clone(shared), value.clone()));
                value
            }
        }
    }

    /// Evaluates in the interpreter; where its arithmetic is an error that OPA does not have, once more in the careful one,
    /// and where a builtin failed, in the one that tells with what it was called.
    fn interpret<T>(
        &self,
        moment: Moment,
        engine: &mut Engine,
        input: &Value,
        strict: bool,
        run: impl Fn(&mut Engine) -> anyhow::Result<T>,
    ) -> Result<T, QueryError> {
        let options = self.options(strict);
        match guarded_at(moment, engine, options, &self.places, &run) {
            Err(error) if strict && error.kind == FaultKind::Evaluation && !error.told => {
                let Some(mut telling) = self.telling().cloned() else { return Err(error) };
                if *input != Value::Undefined {
                    telling.set_input(input.clone());
                }
                match guarded_at(moment, &mut telling, options, &self.places, &run) {
                    Err(told) if told.told => Err(told),
                    _ => Err(error),
                }
            }
            Err(error) if error.arithmetic => {
                let Some(mut careful) = self.careful().cloned() else { return Err(error) };
                if *input != Value::Undefined {
                    careful.set_input(input.clone());
                }
                guarded_at(moment, &mut careful, options, &self.places, &run)
            }
            outcome => outcome,
        }
    }

    /// Evaluates `data.<path>` as OPA's data API does; `None` is undefined.
    ///
    /// # Errors
    /// [`QueryError`] when evaluation fails.
    pub fn query(
        &self,
        path: &[&str],
        input: Option<&serde_json::Value>,
    ) -> Result<Option<serde_json::Value>, QueryError> {
        match self.value(path, input.map_or(Value::Undefined, json::value))? {
            Value::Undefined => Ok(None),
            value => serde_json::to_value(&value)
                .map(Some)
                .map_err(|error| QueryError::new(FaultKind::BadOutput, "eval_internal_error", error.to_string())),
        }
    }

    /// The value of `data.<path>`, in the gear that it is in. What is no rule is read by the interpreter.
    ///
    /// # Errors
    /// [`QueryError`] when evaluation fails.
    pub fn value(&self, path: &[&str], input: Value) -> Result<Value, QueryError> {
        self.value_as(path, input, self.options.strict)
    }

    /// The same, with errors of builtins raised or not.
    fn value_as(&self, path: &[&str], input: Value, strict: bool) -> Result<Value, QueryError> {
        let plain = format!("data.{}", path.join("."));
        // A step with a point in it would read as two: no rule is named so.
        let is_path = path.iter().all(|step| !step.contains('.'));
        if let Some(slice) = self.slice(&plain, &input).filter(|_| is_path) {
            return slice.value_as(path, input, strict);
        }
        if let Some(found) = self.document(path, &plain) {
            return Ok(found);
        }
        let interpret = |moment| {
            if is_path && self.is_rule(&plain) {
                let mut worker = self.worker(strict);
                worker.engine.set_input(input.clone());
                let run = |engine: &mut Engine| engine.eval_rule(plain.clone());
                let found = self.interpret(moment, &mut worker.engine, &input, strict, run)?;
                self.keep(worker);
                return Ok(found);
            }
            let mut engine = self.engine.clone();
            if strict {
                engine.set_strict_builtin_errors(true);
            }
            if input != Value::Undefined {
                engine.set_input(input.clone());
            }
            // A step of digits is the name of a member, or else the place of an item.
            for query in references(path) {
                let found = self.interpret(moment, &mut engine, &input, strict, |engine| {
                    let results = engine.eval_query(query.clone(), false)?;
                    let first = results.result.into_iter().next().and_then(|row| row.expressions.into_iter().next());
                    Ok(first.map(|expression| expression.value))
                })?;
                if let Some(found) = found.filter(|found| *found != Value::Undefined) {
                    return Ok(found);
                }
            }
            Ok(Value::Undefined)
        };
        if is_path {
            self.gears.evaluate(&plain, &input, &self.asked(strict), interpret)
        } else {
            interpret(Moment::here())
        }
    }
}

impl Bundle {
    /// The value of a path that no package is at, above or below: a document, or nothing.
    fn document(&self, path: &[&str], plain: &str) -> Option<Value> {
        let ends = plain.match_indices('.').map(|(at, _)| at).chain([plain.len()]);
        let within = ends.filter_map(|end| plain.get(..end)).any(|start| self.index.packages.contains(start));
        if path.is_empty() || within || self.index.has_package(plain) {
            return None;
        }
        let mut found = self.data.here();
        for step in path {
            let next = match found {
                Value::Object(entries) => entries.get(&Value::from(*step)),
                Value::Array(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
                _ => None,
            };
            let Some(next) = next else { return Some(Value::Undefined) };
            found = next;
        }
        Some(found.clone())
    }

    /// Is there anything at this path, whatever the input: a rule, a package, or a document?
    #[must_use]
    pub fn has(&self, path: &[&str]) -> bool {
        let plain = format!("data.{}", path.join("."));
        self.index.named(&plain).is_some()
            || self.index.has_package(&plain)
            || self.index.below(&plain).next().is_some()
            || self.document(path, &plain).is_some_and(|value| value != Value::Undefined)
    }

    /// The value of `data.<path>` with errors of builtins raised.
    ///
    /// # Errors
    /// [`QueryError`] when evaluation fails, or a builtin does.
    pub fn value_strict(&self, path: &[&str], input: Value) -> Result<Value, QueryError> {
        self.value_as(path, input, true)
    }

    /// The value of `data.<path>` from the interpreter, with what `print` and `trace` said, and when `why` is set, which
    /// expressions of the path's rules are not true.
    ///
    /// # Errors
    /// [`QueryError`] when evaluation fails.
    pub fn value_explained(
        &self,
        path: &[&str],
        input: &Value,
        why: bool,
        notes: &mut Vec<String>,
    ) -> Result<Value, QueryError> {
        let compiled = Compiled {
            engine: self.engine.clone(),
            packages: Vec::new(),
            places: self.places.clone(),
            index: self.index.clone(),
            annotations: Vec::new(),
            warnings: Vec::new(),
            own: Vec::new(),
        };
        let mut engine = self.engine.clone();
        engine.set_gather_prints(true);
        if *input != Value::Undefined {
            engine.set_input(input.clone());
        }
        let query = reference(path);
        let (found, traced) = context::tracing(|| {
            self.interpret(Moment::now(), &mut engine, input, self.options.strict, |engine| {
                let results = engine.eval_query(query.clone(), false)?;
                let first = results.result.into_iter().next().and_then(|row| row.expressions.into_iter().next());
                Ok(first.map_or(Value::Undefined, |expression| expression.value))
            })
        });
        let prints = engine.take_prints().unwrap_or_default();
        notes.extend(prints.iter().map(|line| crate::testing::printed(line, &compiled)));
        notes.extend(traced);
        if why {
            let plain = format!("data.{}", path.join("."));
            let named: Vec<&str> =
                self.index.rules.get_key_value(&plain).map(|(name, _)| name.as_str()).into_iter().collect();
            let paths = if named.is_empty() { self.index.below(&plain).collect() } else { named };
            for (rule, failure) in crate::probe::explain(&paths, input, &compiled, &self.options) {
                let at = format!("{}:{}", failure.file, failure.line);
                notes.push(format!("{rule} at {at}: not true: {}", failure.expression));
                notes.extend(failure.values.iter().map(|(part, value)| format!("  {part} = {value}")));
            }
        }
        found
    }

    /// The modules, without tests: name and text.
    pub fn modules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources.iter().map(|module| (module.file.as_str(), module.text.original()))
    }
}

/// A module as OPA's syntax tree in JSON, if it is v1.
#[must_use]
pub fn syntax_tree(file: &str, text: &str) -> Option<serde_json::Value> {
    let parsed = crate::builtins::parse(&[Value::from(file), Value::from(text)]).ok()?;
    serde_json::to_value(&parsed).ok()
}

/// The references that a path may mean.
fn references(path: &[&str]) -> Vec<String> {
    let is_place = |step: &str| step.parse::<u32>().is_ok_and(|at| at.to_string() == step);
    let plain = reference(path);
    if !path.iter().any(|step| is_place(step)) {
        return vec![plain];
    }
    let placed = path.iter().fold("data".to_owned(), |query, step| {
        if is_place(step) { format!("{query}[{step}]") } else { format!("{query}[{}]", serde_json::json!(step)) }
    });
    vec![plain, placed]
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

/// The clock is looked at this often, in regorus' units of work.
pub(crate) fn timer(deadline: Duration) -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit: deadline, check_interval: NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN) }
}

/// Runs one evaluation under its deadline; regorus' errors and panics come back as typed failures.
pub(crate) fn guarded<T>(
    engine: &mut Engine,
    options: &Options,
    places: &Places,
    run: impl FnOnce(&mut Engine) -> anyhow::Result<T>,
) -> Result<T, QueryError> {
    guarded_at(Moment::now(), engine, options, places, run)
}

/// The same, at a moment.
pub(crate) fn guarded_at<T>(
    moment: Moment,
    engine: &mut Engine,
    options: &Options,
    places: &Places,
    run: impl FnOnce(&mut Engine) -> anyhow::Result<T>,
) -> Result<T, QueryError> {
    let deadline = context::allowed(options.limits.rule_deadline);
    engine.set_execution_timer_config(timer(deadline));
    context::answered_by(context::Gears::INTERPRETER);
    let (outcome, left) = context::scope(moment, options, || catch_unwind(AssertUnwindSafe(|| run(engine))));
    let failure = match outcome {
        Ok(Ok(value)) => return believed(&left, options).map(|()| value),
        Ok(Err(failure)) => failure.to_string(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let message = format!("the Rego engine failed: {}", text.unwrap_or_default());
            return Err(QueryError::new(FaultKind::Trap, "eval_internal_error", message));
        }
    };
    Err(failed(&failure, &left, options, places))
}

/// Says whether an answer is to be believed: no bound was met on the way, and no conflict swallowed.
pub(crate) fn believed(left: &Left, options: &Options) -> Result<(), QueryError> {
    if let Some(breach) = &left.breach {
        return Err(QueryError::new(FaultKind::Limit, "eval_builtin_error", breach.clone()));
    }
    match &left.trouble {
        Some(Trouble { code, message }) if options.strict || *code == "eval_conflict_error" => {
            Err(QueryError::new(FaultKind::Evaluation, code, message.clone()))
        }
        _ => Ok(()),
    }
}

/// What regorus says of a failure, with its kind, its code and its place.
pub(crate) fn failed(text: &str, left: &Left, options: &Options, places: &Places) -> QueryError {
    if text.contains("exceeded time limit") {
        let message = format!("ran longer than {} ms", options.limits.rule_deadline.as_millis());
        return QueryError::new(FaultKind::Deadline, "eval_cancel_error", message);
    }
    let (place, message) = error::parts(text);
    // A conflict has two places.
    let message = match message.rsplit_once(" with rule at ") {
        Some((what, other)) => format!("{what} with rule at {}", places.translate(other)),
        None => message,
    };
    let placed = |message: &str| {
        place.as_deref().map_or_else(|| message.to_owned(), |place| format!("{}: {message}", places.translate(place)))
    };
    if let Some(breach) = &left.breach {
        return QueryError::new(FaultKind::Limit, "eval_builtin_error", placed(breach));
    }
    if text.contains("memory limit") || text.contains("MemoryLimitExceeded") {
        let message = placed("needed more memory than it may have");
        return QueryError::new(FaultKind::Memory, "eval_cancel_error", message);
    }
    match &left.trouble {
        Some(Trouble { code, message }) => {
            QueryError { told: true, ..QueryError::new(FaultKind::Evaluation, code, placed(message)) }
        }
        None => QueryError {
            arithmetic: !options.strict && error::is_arithmetic(&message),
            ..QueryError::new(FaultKind::Evaluation, error::evaluation_code(text), placed(&message))
        },
    }
}
