//! One query over modules, data and input, as `opa eval` answers it: a list of bindings. What `meshgate eval` and the
//! conformance runner ask.
//!
//! Deliberately absent: rules of ours; no METADATA is wanted here.

use crate::compiled::{Compiled, compile, compile_for};
use crate::context::Moment;
use crate::eligible::{self, Construct, Reason};
use crate::error::{self, LoadError};
use crate::evaluate::{self, QueryError};
use crate::fast::Fast;
use crate::index;
use crate::lexical::{self, Page, Token};
use crate::modules::Written;
use crate::options::{Module, Options, Version};
use crate::pool::Copies;
use crate::probe;
use crate::rewrite::{Names, Rewriter, Variant, mocked_in};
use crate::settle::{negation, objects};
use crate::syntax;
use crate::testing::{Coverage, Failure, FileCoverage, printed};
use crate::text::{Edit, Position, Text};
use regorus::unstable::{Expr, Literal, LiteralStmt, Parser, Query as Body, Ref};
use regorus::{Engine, Source, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use thiserror::Error;

/// What is asked of what.
#[derive(Debug, Clone, Default)]
pub struct Query<'a> {
    /// The query, for example `data.a.p = x`.
    pub text: &'a str,
    /// Modules.
    pub modules: &'a [Module],
    /// Data documents, merged.
    pub data: &'a [Value],
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

/// What an evaluation gave.
#[derive(Debug)]
pub struct Evaluated {
    /// The answers.
    pub answer: Result<Vec<Row>, FailedQuery>,
    /// What `print` said.
    pub prints: Vec<String>,
    /// Which lines were evaluated, by file.
    pub coverage: Option<BTreeMap<String, FileCoverage>>,
    /// What is odd about the modules, but no error.
    pub warnings: Vec<LoadError>,
}

impl Default for Evaluated {
    fn default() -> Self {
        Self { answer: Ok(Vec::new()), prints: Vec::new(), coverage: None, warnings: Vec::new() }
    }
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
        if errors.is_empty() {
            errors = self.check(&mocked);
        }
        if !errors.is_empty() {
            return Err(FailedQuery::of_load(errors));
        }
        let input = match (self.input_term, &self.input) {
            (Some(term), _) => term_value(&mut compiled.engine, term, &self.options)?,
            (None, Some(input)) => crate::json::value(input),
            (None, None) => Value::Undefined,
        };
        Ok(Ready { compiled, modules: self.modules.to_vec(), mocked, text, input, options: self.options.clone() })
    }

    /// What is wrong with the query itself: it is checked as the body of a rule is.
    fn check(&self, mocked: &BTreeSet<String>) -> Vec<LoadError> {
        const FILE: &str = "query";
        let condition = if self.options.version == Version::V0 { "" } else { " if" };
        let body = format!("package mg_query\n\nmg_query{condition} {{\n{}\n}}\n", self.text);
        let rule = Module { file: FILE.to_owned(), text: body };
        let modules: Vec<&Module> = self.modules.iter().chain([&rule]).collect();
        let mut errors = Vec::new();
        compile(&modules, &[], &self.options, mocked, &mut errors);
        // Three lines stand before it.
        let own = |error: LoadError| {
            let mut place = error.place.rsplitn(3, ':');
            let (column, line, file) = (place.next()?, place.next()?.parse::<usize>().ok()?, place.next()?);
            let place = format!("{FILE}:{}:{column}", line.saturating_sub(3).max(1));
            // What does not parse is told by the evaluation, as a query; and a query for all of `data` holds itself only here.
            let elsewhere = ["rego_parse_error", "rego_recursion_error"];
            let is_own = file == FILE && !elsewhere.iter().any(|code| error.message.starts_with(code));
            is_own.then(|| LoadError::new(place, error.message))
        };
        errors.into_iter().filter_map(own).collect()
    }

    /// Evaluates it, with what it printed and, when that is wanted, which lines were evaluated.
    #[must_use]
    pub fn evaluate_with(&self, coverage: bool) -> Evaluated {
        let mut ready = match self.prepare() {
            Ok(ready) => ready,
            Err(error) => return Evaluated { answer: Err(error), ..Evaluated::default() },
        };
        let warnings = ready.compiled.warnings.clone();
        ready.compiled.engine.set_gather_prints(true);
        ready.compiled.engine.set_enable_coverage(coverage);
        let mut engine = ready.compiled.engine.clone();
        let answer = ready.evaluate_on(&mut engine);
        let prints = engine.take_prints().unwrap_or_default();
        let mut lines = Coverage::default();
        if coverage {
            lines.add(&engine);
        }
        Evaluated {
            answer,
            prints: prints.iter().map(|line| printed(line, &ready.compiled)).collect(),
            coverage: coverage.then(|| lines.files(&ready.compiled, self.modules)),
            warnings,
        }
    }

    /// Evaluates it; each answer binds the query's variables. No answers: undefined.
    ///
    /// # Errors
    /// [`FailedQuery`] when the modules do not load or the evaluation fails.
    pub fn evaluate(&self) -> Result<Vec<serde_json::Value>, FailedQuery> {
        let rows = self.prepare()?.evaluate()?;
        rows.iter()
            .map(|row| serde_json::to_value(&row.bindings))
            .collect::<Result<_, _>>()
            .map_err(|error| FailedQuery { code: "eval_internal_error", message: error.to_string(), load: Vec::new() })
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
            // A row of regorus' still has what the expressions were in the rows before: the last of each place counts.
            let mut last: Vec<(String, Position, Value)> = Vec::new();
            for (text, at, value) in expressions {
                match last.iter_mut().find(|(_, known, _)| *known == at) {
                    Some(known) => known.2 = value,
                    None => last.push((text, at, value)),
                }
            }
            Row { expressions: last, bindings: visible(&row.bindings) }
        });
        let rows: Vec<Row> = rows.collect();
        // A query that is one expression is answered by its value, whatever that is; several must all hold.
        let alone = rows
            .iter()
            .all(|row| row.expressions.len() == 1 && row.bindings.as_object().is_ok_and(|map| map.is_empty()));
        let defined = |row: &Row| row.expressions.iter().all(|(_, _, value)| *value != Value::Undefined);
        let all = |row: &Row| row.expressions.iter().all(|(_, _, value)| holds(value));
        Ok(rows.into_iter().filter(|row| if alone { defined(row) } else { all(row) }).collect())
    }

    /// The interpreter in which arithmetic on what is no number is undefined.
    fn careful(&self) -> Option<Engine> {
        let mut errors = Vec::new();
        let modules: Vec<Written> = self.modules.iter().map(Written::of).collect();
        let mut compiled = compile_for(Variant::Careful, &modules, &[], &self.options, &self.mocked, &mut errors);
        compiled.engine.add_data(self.compiled.engine.get_data()).ok()?;
        if self.input != Value::Undefined {
            compiled.engine.set_input(self.input.clone());
        }
        errors.is_empty().then_some(compiled.engine)
    }

    /// The path of a query for the value of one rule, and the variable that takes it: `data.a.b`, or `data.a.b = x`.
    fn one_rule(&self) -> Option<(&str, Option<&str>)> {
        let text = self.text.now.as_str();
        let (path, variable) = match text.split_once('=') {
            Some((path, variable)) => (path.trim(), Some(variable.trim())),
            None => (text.trim(), None),
        };
        let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (variable.is_none_or(is_name) && path.split('.').all(is_name)).then_some((path, variable))
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
        let modules: Vec<Written> = self.modules.iter().map(Written::of).collect();
        let none = BTreeSet::new();
        let mut fast = compile_for(Variant::Fast, &modules, &[], &self.options, &none, &mut errors);
        if let Some(error) = errors.first() {
            return Err(unsupported(error.to_string()));
        }
        let policy = fast.engine.compile_with_entrypoint(&path.into());
        let policy = policy.map_err(|error| unsupported(error::parts(&error.to_string()).1))?;
        Fast::compile(&policy, path, self.options.strict).map_err(unsupported)
    }

    /// Times the query's rule, or the query, in the interpreter, and in the fast gear if it is eligible.
    ///
    /// # Errors
    /// [`FailedQuery`] when the evaluation fails.
    pub fn time(&self, duration: Duration) -> Result<Timed, FailedQuery> {
        let plain = |engine: &mut Engine| self.evaluate_on(engine).map(|_| ());
        let rule = self
            .one_rule()
            .map(|(path, _)| path.to_owned())
            .filter(|path| self.compiled.index.rules.contains_key(path));
        let mut used = self.compiled.engine.clone();
        let interpreter = timing(duration, || {
            match &rule {
                // As a bundle does it: the interpreter is used again.
                Some(path) => {
                    let engine = &mut used;
                    engine.set_input(self.input.clone());
                    let run = |engine: &mut Engine| engine.eval_rule(path.clone());
                    evaluate::guarded(engine, &self.options, &self.compiled.places, run)?;
                    Ok(())
                }
                None => plain(&mut self.compiled.engine.clone()),
            }
        })?;
        let data = self.data();
        let fast = match self.fast() {
            Err(reason) => Err(reason.to_string()),
            Ok(fast) => Ok(timing(duration, || {
                fast.evaluate(self.input.clone(), &data, &self.options, Moment::now())?;
                Ok(())
            })?),
        };
        Ok(Timed { interpreter, fast })
    }

    /// The text of the first expression of the query that is not true, if one is not.
    #[must_use]
    pub fn not_true(&self) -> Option<String> {
        let source = Source::from_contents("query".to_owned(), self.text.now.clone()).ok()?;
        let mut parser = Parser::new(&source).ok()?;
        parser.enable_rego_v1().ok()?;
        let query = parser.parse_user_query().ok()?;
        let mut end = 0;
        for statement in &query.stmts {
            let range = syntax::range(&statement.span);
            let page = Page::new(&self.text.now);
            end = page.close(statement).unwrap_or(range.end).max(end);
            let so_far = Self {
                compiled: self.compiled.clone(),
                modules: Vec::new(),
                mocked: BTreeSet::new(),
                text: Text::new(self.text.now.get(..end)?),
                input: self.input.clone(),
                options: self.options.clone(),
            };
            if so_far.evaluate().is_ok_and(|rows| rows.is_empty()) {
                return self.text.now.get(range.start..end).map(str::to_owned);
            }
        }
        None
    }

    fn data(&self) -> Copies {
        Copies::new(self.compiled.engine.get_data(), self.options.limits.data_copy_bytes_max)
    }

    /// Why the rules that the query asks for do not hold: for each definition, by its rule, what is not true.
    #[must_use]
    pub fn explain(&self) -> Vec<(String, Failure)> {
        let asked = self.text.now.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        let paths: Vec<&str> = asked.filter(|word| word.starts_with("data.")).collect();
        probe::explain(&paths, &self.input, &self.compiled, &self.options)
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
        let at = Position { line: 1, column: 1 };
        let row = |value: Value| match variable {
            Some(name) => Row {
                expressions: vec![(self.text.now.clone(), at, Value::from(true))],
                bindings: Value::from(BTreeMap::from([(Value::from(name), value)])),
            },
            None => Row { expressions: vec![(self.text.now.clone(), at, value)], bindings: Value::new_object() },
        };
        Some(match fast.evaluate(self.input.clone(), &self.data(), &self.options, Moment::now()) {
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

/// How long evaluations took, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How many.
    pub times: u64,
    /// The mean.
    pub mean: u64,
    /// The median.
    pub p50: u64,
    /// What 99 of 100 stay below.
    pub p99: u64,
}

/// Both gears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// The interpreter.
    pub interpreter: Timing,
    /// The fast gear, or why it is not for this query.
    pub fast: Result<Timing, String>,
}

/// Evaluations that are timed at the most.
const SAMPLES_MAX: usize = 1_000_000;

fn timing(duration: Duration, mut run: impl FnMut() -> Result<(), FailedQuery>) -> Result<Timing, FailedQuery> {
    let start = Instant::now();
    let mut samples = Vec::new();
    while samples.is_empty() || (start.elapsed() < duration && samples.len() < SAMPLES_MAX) {
        let one = Instant::now();
        run()?;
        samples.push(u64::try_from(one.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    samples.sort_unstable();
    let at = |share: usize| samples.get(samples.len() * share / 100).or(samples.last()).copied().unwrap_or(0);
    let times = u64::try_from(samples.len()).unwrap_or(u64::MAX);
    Ok(Timing { times, mean: samples.iter().sum::<u64>() / times.max(1), p50: at(50), p99: at(99) })
}

/// Bindings without the variables that rewriting made.
fn visible(bindings: &Value) -> Value {
    let Ok(map) = bindings.as_object() else { return bindings.clone() };
    let own = |name: &Value| !name.as_string().is_ok_and(|name| name.starts_with("__template_"));
    Value::from(
        map.iter()
            .filter(|(name, _)| own(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<BTreeMap<_, _>>(),
    )
}

fn parsed(text: &str) -> Result<Ref<Body>, LoadError> {
    let parsed = Source::from_contents("query".to_owned(), text.to_owned()).and_then(|source| {
        let mut parser = Parser::new(&source)?;
        parser.enable_rego_v1()?;
        parser.parse_user_query()
    });
    parsed.map_err(|error| {
        let (place, message) = error::parts(&error.to_string());
        LoadError::new(place.unwrap_or_else(|| "query".to_owned()), format!("rego_parse_error: {message}"))
    })
}

/// `some x in xs` among other expressions of a query becomes `x = xs[_]`: regorus gives no more answers after an element for
/// which one of those does not hold.
fn stepped(query: &Body, page: &Page<'_>) -> Vec<Edit> {
    let edits = |statement: &LiteralStmt| {
        let Literal::SomeIn { key, value, collection, .. } = &statement.literal else { return None };
        // What can be stepped into as it is written.
        let is_plain = matches!(
            collection.as_ref(),
            Expr::Var { .. }
                | Expr::RefDot { .. }
                | Expr::RefBrack { .. }
                | Expr::Array { .. }
                | Expr::Set { .. }
                | Expr::Object { .. }
                | Expr::Call { .. }
                | Expr::ArrayCompr { .. }
                | Expr::SetCompr { .. }
                | Expr::ObjectCompr { .. }
        );
        if !is_plain || !statement.with_mods.is_empty() {
            return None;
        }
        let start = syntax::range(&statement.span).start;
        let value_end = syntax::range(value.span()).end;
        let is_in = |one: &Token| one.range.start >= value_end && page.word(one) == Some("in");
        let at = page.tokens.iter().position(is_in)?;
        let within = page.tokens.get(at).filter(|_| !page.is_mark(at + 1, b'('))?;
        let some = page.tokens.get(page.at(start)).filter(|one| page.word(one) == Some("some"))?;
        let pattern = page.text.get(some.range.end..within.range.start)?;
        let (step, pattern) = match key {
            // A key that is no plain name may hold a comma.
            Some(key) if matches!(key.as_ref(), Expr::Var { .. }) => pattern.split_once(',')?,
            Some(_) => return None,
            None => ("_", pattern),
        };
        let end = page.close(statement)?;
        Some([
            Edit::new(start..within.range.end, format!("{} =", pattern.trim())),
            Edit::new(end..end, format!("[{}]", step.trim())),
        ])
    };
    if query.stmts.len() < 2 { Vec::new() } else { query.stmts.iter().filter_map(edits).flatten().collect() }
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
    let mut query = parsed(&text.now)?;
    let steps = stepped(&query, &Page::new(&text.now));
    if !steps.is_empty() {
        text.edit(steps);
        query = parsed(&text.now)?;
    }
    // As modules are settled, round by round.
    loop {
        let nodes = || vec![syntax::Node::Query(&query)];
        let mut locals = BTreeSet::new();
        index::declared(nodes(), &mut locals);
        let page = Page::new(&text.now);
        let mut edits = negation::below(nodes(), &page, &locals, names)
            .map_err(|unread| LoadError::new(at(text, unread.0), negation::UNREAD))?;
        if edits.is_empty() {
            locals.extend(names.all());
            objects::below(nodes(), &locals, &|| &page, &mut edits);
        }
        if edits.is_empty() {
            break;
        }
        text.edit(edits);
        query = parsed(&text.now)?;
    }
    let mocked = mocked_in(vec![syntax::Node::Query(&query)], names);
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
