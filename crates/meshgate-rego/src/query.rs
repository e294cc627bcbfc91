//! One query over modules, data and input, as `opa eval` answers it: a list of bindings. What `meshgate eval` and the
//! conformance runner ask.
//!
//! Deliberately absent: rules of ours; no METADATA is wanted here.

use crate::bundle::{Compiled, Module, Options, compile, compile_for};
use crate::context::Moment;
use crate::eligible::{self, Construct, Reason};
use crate::error::{self, LoadError};
use crate::evaluate::{self, QueryError};
use crate::fast::Fast;
use crate::lexical::{self, Page};
use crate::rewrite::{Names, Rewriter, Variant, mocked_in};
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
    /// What it was loaded from.
    modules: Vec<Module>,
    /// The builtins that the query mocks.
    mocked: BTreeSet<String>,
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
        Ok(Ready { compiled, modules: self.modules.to_vec(), mocked, text, input, options: self.options.clone() })
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
        let answer = match evaluate::guarded(engine, &self.options, &self.compiled.places, run) {
            Err(error) if error.arithmetic => match self.careful() {
                Some(mut careful) => evaluate::guarded(&mut careful, &self.options, &self.compiled.places, run)?,
                None => return Err(error.into()),
            },
            answer => answer?,
        };
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

    /// The interpreter in which arithmetic on what is no number is undefined.
    fn careful(&self) -> Option<Engine> {
        let mut errors = Vec::new();
        let modules: Vec<&Module> = self.modules.iter().collect();
        let mut compiled =
            compile_for(Variant::Careful, &modules, &[], &self.options, &self.mocked, &mut errors);
        compiled.engine.add_data(self.compiled.engine.get_data()).ok()?;
        if self.input != Value::Undefined {
            compiled.engine.set_input(self.input.clone());
        }
        errors.is_empty().then_some(compiled.engine)
    }

    /// The path and the variable of a query for the value of one rule: `data.a.b = x`.
    fn one_rule(&self) -> Option<(&str, &str)> {
        let (path, variable) = self.text.now.split_once('=').map(|(path, variable)| (path.trim(), variable.trim()))?;
        let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (is_name(variable) && path.split('.').all(is_name)).then_some((path, variable))
    }

    /// The query's rule in the fast gear, or why it is not there.
    fn fast(&self) -> Result<Fast, Reason> {
        let path = self.one_rule().map_or("the query", |(path, _)| path);
        let reason = |construct, detail| Reason { construct, rule: path.to_owned(), place: String::new(), detail };
        if self.options.strict {
            return Err(reason(Construct::NoRule, Some("errors of builtins are strict".to_owned())));
        }
        if self.one_rule().is_none() {
            return Err(reason(Construct::NoRule, None));
        }
        eligible::check(&self.compiled.index, path)?;
        let unsupported = |detail: String| reason(Construct::Unsupported, Some(detail));
        let mut errors = Vec::new();
        let modules: Vec<&Module> = self.modules.iter().collect();
        let none = BTreeSet::new();
        let mut fast = compile_for(Variant::Fast, &modules, &[], &self.options, &none, &mut errors);
        if let Some(error) = errors.first() {
            return Err(unsupported(error.to_string()));
        }
        let policy = fast.engine.compile_with_entrypoint(&path.into());
        let policy = policy.map_err(|error| unsupported(error::parts(&error.to_string()).1))?;
        Fast::compile(&policy, path, &self.compiled.engine.get_data()).map_err(unsupported)
    }

    /// Says why the fast gear does not answer the query, if it does not.
    #[must_use]
    pub fn why_not_fast(&self) -> Option<Reason> {
        self.fast().err()
    }

    /// Evaluates it in the fast gear alone, when it asks for the value of one rule (`data.a.b = x`) that the static check
    /// admits; `None` when it does not. Nothing is compared: this is what the gear itself answers.
    #[must_use]
    pub fn evaluate_fast(&self) -> Option<Result<Vec<Row>, FailedQuery>> {
        let (_, variable) = self.one_rule()?;
        let fast = self.fast().ok()?;
        let row = |value: Value| Row {
            expressions: vec![(self.text.now.clone(), Position { line: 1, column: 1 }, Value::from(true))],
            bindings: Value::from(std::collections::BTreeMap::from([(Value::from(variable), value)])),
        };
        Some(match fast.evaluate(self.input.clone(), &self.options, Moment::now()) {
            Ok(Value::Undefined) => Ok(Vec::new()),
            Ok(value) => Ok(vec![row(value)]),
            Err(error) => Err(error.into()),
        })
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
    let mut rewriter = Rewriter {
        page: &Page::new(&now),
        file: "query",
        names,
        mocked: &mocked,
        annotations: &[],
        variant: Variant::Plain,
        locals: BTreeSet::new(),
        edits: Vec::new(),
    };
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
