//! One query over modules, data and input, as `opa eval` answers it: a list of bindings. What `meshgate eval` and the
//! conformance runner ask.
//!
//! Deliberately absent: rules of ours; no METADATA is wanted here.

use crate::bundle::{Compiled, Module, Options, compile};
use crate::error::{self, LoadError};
use crate::evaluate::{self, QueryError};
use crate::lexical;
use crate::rewrite::{Names, Rewriter, mocked_in};
use crate::text::{Position, Text};
use regorus::unstable::Parser;
use regorus::{Engine, Source, Value};
use std::collections::BTreeSet;
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
    /// How it is to be read.
    pub options: Options,
}

/// A query has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct FailedQuery {
    /// OPA's code: `rego_parse_error`, `eval_conflict_error`, …
    pub code: &'static str,
    /// What happened, with its place.
    pub message: String,
    /// All errors of loading, when it was not evaluated at all.
    pub load: Vec<LoadError>,
}

impl FailedQuery {
    fn of_load(errors: Vec<LoadError>) -> Self {
        let message = errors.first().map(ToString::to_string).unwrap_or_default();
        Self { code: load_code(&message), message, load: errors }
    }
}

impl From<QueryError> for FailedQuery {
    fn from(error: QueryError) -> Self {
        Self { code: error.code, message: error.message, load: Vec::new() }
    }
}

/// One answer: the values of the query's expressions, and what its variables are bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The text of each expression, its place in the query, and its value.
    pub expressions: Vec<(String, Position, Value)>,
    /// Bindings by name.
    pub bindings: Value,
}

/// A query that is ready to be evaluated.
pub struct Ready {
    pub(crate) compiled: Compiled,
    /// The query as regorus is asked.
    text: Text,
    input: Value,
    options: Options,
}

impl Query<'_> {
    /// Loads and checks everything.
    ///
    /// # Errors
    /// [`FailedQuery`] with all errors of loading.
    pub fn prepare(&self) -> Result<Ready, FailedQuery> {
        let mut text = Text::new(self.text);
        let names = Names { imports: BTreeSet::new(), rules: BTreeSet::new() };
        let mocked = prepare_text(&mut text, &names).map_err(|error| FailedQuery::of_load(vec![error]))?;
        let mut errors = Vec::new();
        let modules: Vec<&Module> = self.modules.iter().collect();
        let mut compiled = compile(&modules, self.data, &self.options, &mocked, &mut errors);
        if !errors.is_empty() {
            return Err(FailedQuery::of_load(errors));
        }
        let input = match (self.input_term, &self.input) {
            (Some(term), _) => term_value(&mut compiled.engine, term, &self.options)?,
            (None, Some(input)) => input.clone().into(),
            (None, None) => Value::Undefined,
        };
        Ok(Ready { compiled, text, input, options: self.options.clone() })
    }

    /// Evaluates it; each answer binds the query's variables. No answers: undefined.
    ///
    /// # Errors
    /// [`FailedQuery`] when the modules do not load or the evaluation fails.
    pub fn evaluate(&self) -> Result<Vec<serde_json::Value>, FailedQuery> {
        let rows = self.prepare()?.evaluate()?;
        rows.iter().map(|row| serde_json::to_value(&row.bindings)).collect::<Result<_, _>>().map_err(|error| {
            FailedQuery { code: "eval_internal_error", message: error.to_string(), load: Vec::new() }
        })
    }
}

impl Ready {
    /// Evaluates it in the interpreter.
    ///
    /// # Errors
    /// [`FailedQuery`] when the evaluation fails.
    pub fn evaluate(&self) -> Result<Vec<Row>, FailedQuery> {
        self.evaluate_on(&mut self.compiled.engine.clone())
    }

    pub(crate) fn evaluate_on(&self, engine: &mut Engine) -> Result<Vec<Row>, FailedQuery> {
        if self.input != Value::Undefined {
            engine.set_input(self.input.clone());
        }
        let run = |engine: &mut Engine| engine.eval_query(self.text.now.clone(), false);
        let answer = evaluate::guarded(engine, &self.options, &self.compiled.places, run)?;
        let holds = |value: &Value| !matches!(value, Value::Undefined | Value::Bool(false));
        let rows = answer.result.into_iter().map(|row| {
            let expressions = row.expressions.into_iter().map(|expression| {
                let line = usize::try_from(expression.location.row).unwrap_or(1);
                let column = usize::try_from(expression.location.col).unwrap_or(1);
                (expression.text.to_string(), self.text.position_of(line, column), expression.value)
            });
            Row { expressions: expressions.collect(), bindings: visible(&row.bindings) }
        });
        let rows: Vec<Row> = rows.collect();
        // A query that is one expression is answered by its value, whatever that is; several must all hold.
        let alone = rows.iter().all(|row| row.expressions.len() == 1 && row.bindings.as_object().is_ok_and(|map| map.is_empty()));
        let defined = |row: &Row| row.expressions.iter().all(|(_, _, value)| *value != Value::Undefined);
        let all = |row: &Row| row.expressions.iter().all(|(_, _, value)| holds(value));
        Ok(rows.into_iter().filter(|row| if alone { defined(row) } else { all(row) }).collect())
    }

    /// What is odd about its modules, but no error.
    #[must_use]
    pub fn warnings(&self) -> &[LoadError] {
        &self.compiled.warnings
    }
}

/// Bindings without the variables that rewriting made.
fn visible(bindings: &Value) -> Value {
    let Ok(map) = bindings.as_object() else { return bindings.clone() };
    let own = |name: &Value| !name.as_string().is_ok_and(|name| name.starts_with("__template_"));
    Value::from(map.iter().filter(|(name, _)| own(name)).map(|(name, value)| (name.clone(), value.clone())).collect::<std::collections::BTreeMap<_, _>>())
}

/// Rewrites a query as modules are; returns the builtins that it mocks.
fn prepare_text(text: &mut Text, names: &Names) -> Result<BTreeSet<String>, LoadError> {
    let at = |text: &Text, offset: usize| {
        let Position { line, column } = text.position(offset);
        format!("query:{line}:{column}")
    };
    if let Err(refusal) = lexical::prepare(text) {
        return Err(LoadError::new(at(text, refusal.at), format!("rego_parse_error: {}", refusal.message)));
    }
    let parsed = Source::from_contents("query".to_owned(), text.now.clone()).and_then(|source| {
        let mut parser = Parser::new(&source)?;
        parser.enable_rego_v1()?;
        parser.parse_user_query()
    });
    let query = match parsed {
        Ok(query) => query,
        Err(error) => {
            let (place, message) = error::parts(&error.to_string());
            let place = place.unwrap_or_else(|| "query".to_owned());
            return Err(LoadError::new(place, format!("rego_parse_error: {message}")));
        }
    };
    let mocked = mocked_in(vec![crate::syntax::Node::Query(&query)], names);
    let now = text.now.clone();
    let mut rewriter =
        Rewriter { text: &now, file: "query", names, mocked: &mocked, annotations: &[], edits: Vec::new() };
    rewriter.query(&query);
    text.edit(rewriter.edits);
    Ok(mocked)
}

/// The value of a term.
fn term_value(engine: &mut Engine, term: &str, options: &Options) -> Result<Value, FailedQuery> {
    let places = crate::modules::Places::default();
    let run = |engine: &mut Engine| engine.eval_query(format!("input_term := {term}"), false);
    let answer = evaluate::guarded(engine, options, &places, run)?;
    let bound = answer.result.into_iter().next().map(|row| row.bindings);
    Ok(bound
        .and_then(|bindings| bindings.as_object().ok()?.get(&Value::from("input_term")).cloned())
        .unwrap_or(Value::Undefined))
}

fn load_code(message: &str) -> &'static str {
    let codes = ["rego_recursion_error", "rego_compile_error", "rego_type_error", "rego_unsafe_var_error"];
    codes.into_iter().find(|code| message.contains(code)).unwrap_or("rego_parse_error")
}
