//! What a failed test, or a rule that does not hold, failed at: its expressions are tried one after another, as rules of
//! its own package, until one is not true; then the parts of that one are.
//!
//! Deliberately absent: bodies other than the first, a second failure of one definition, and functions.

use crate::compiled::Compiled;
use crate::evaluate::guarded;
use crate::index::Definition;
use crate::lexical::Page;
use crate::options::Options;
use crate::syntax::{self, Node};
use crate::testing::Failure;
use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Ref, Rule};
use regorus::{Engine, Value};
use std::collections::{BTreeSet, VecDeque};

/// Characters of a value that are shown.
const SHOWN_MAX: usize = 400;

/// Tries rules in a package.
struct Prober<'a> {
    compiled: &'a Compiled,
    options: &'a Options,
    /// The package and the imports of the test's module.
    head: String,
    package: String,
    input: &'a Value,
}

impl<'a> Prober<'a> {
    /// One for the package of a module.
    fn of(module: &Ref<Module>, input: &'a Value, compiled: &'a Compiled, options: &'a Options) -> Option<Self> {
        let end =
            module.imports.last().map_or(syntax::range(&module.package.span).end, |last| syntax::range(&last.span).end);
        let head = module.package.span.source.get_contents().get(..end)?.to_owned();
        let steps = crate::annotations::package(module);
        let package = steps.iter().map(|step| format!("[{}]", serde_json::json!(step))).collect::<String>();
        Some(Self { compiled, options, head, package: format!("data{package}"), input })
    }

    /// The value of a rule that is added to the package.
    fn value(&self, rule: &str) -> Option<Value> {
        let mut engine: Engine = self.compiled.engine.clone();
        engine.set_enable_coverage(false);
        engine.set_input(self.input.clone());
        engine.add_policy("<probe>".to_owned(), format!("{}\n{rule}\n", self.head)).ok()?;
        let path = format!("{}.mg_probe", self.package);
        guarded(&mut engine, self.options, &self.compiled.places, |engine| engine.eval_rule(path)).ok()
    }
}

/// Finds the first expression of a test that is not true.
pub fn failure(module: &str, name: &str, compiled: &Compiled, options: &Options) -> Option<Failure> {
    let mut engine = compiled.engine.clone();
    let parsed: &Ref<Module> = engine.get_modules().iter().find(|one| one.package.span.source.get_path() == module)?;
    let rule = parsed.policy.iter().find(|rule| syntax::head(rule).span().text() == name)?;
    of_rule(parsed, rule, &Value::Undefined, compiled, options).map(|(failure, _)| failure)
}

/// Definitions that are told of, at most.
const EXPLAINED_MAX: usize = 50;

/// Why the rules of some paths do not hold: the first expression of each definition that is not true, and of the rules that
/// those refer to, for as long as they do not hold either.
pub fn explain(paths: &[&str], input: &Value, compiled: &Compiled, options: &Options) -> Vec<(String, Failure)> {
    let mut engine = compiled.engine.clone();
    let modules: Vec<Ref<Module>> = engine.get_modules().clone();
    engine.set_input(input.clone());
    let mut found = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: VecDeque<&str> = paths.iter().copied().collect();
    while let Some(path) = open.pop_front() {
        let Some((path, definitions)) = compiled.index.rules.get_key_value(path) else { continue };
        if !seen.insert(path) || found.len() >= EXPLAINED_MAX {
            continue;
        }
        for definition in definitions.iter().filter(|definition| definition.arguments.is_none()) {
            let Some(module) = modules.get(definition.module) else { continue };
            let Some((failure, index)) = of_rule(module, &definition.rule, input, compiled, options) else { continue };
            // What the failing expression asks for may be why.
            let Rule::Spec { bodies, .. } = definition.rule.as_ref() else { continue };
            let statement = bodies.first().and_then(|body| body.query.stmts.get(index));
            for name in statement.map(|statement| names(statement, definition, compiled)).unwrap_or_default() {
                let run = |engine: &mut Engine| engine.eval_rule(name.to_owned());
                let value = guarded(&mut engine, options, &compiled.places, run).unwrap_or(Value::Undefined);
                if holds_not(&value) {
                    open.push_back(name);
                }
            }
            found.push((path.clone(), failure));
        }
    }
    found.truncate(EXPLAINED_MAX);
    found
}

/// Undefined, false, or empty.
pub fn holds_not(value: &Value) -> bool {
    match value {
        Value::Undefined | Value::Bool(false) => true,
        Value::Set(items) => items.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// The rules that a statement refers to, among those that its definition does.
fn names<'a>(statement: &LiteralStmt, definition: &Definition, compiled: &'a Compiled) -> Vec<&'a str> {
    let mut used = BTreeSet::new();
    syntax::visit(vec![Node::Statement(statement)], |node| {
        if let Node::Expr(expr) = node
            && let Some((root, steps)) = syntax::path(expr)
        {
            used.insert(steps.last().cloned().unwrap_or_else(|| root.text().to_owned()));
        }
        true
    });
    let of = compiled.index.leads_to(definition).into_iter();
    of.filter(|path| path.rsplit('.').next().is_some_and(|name| used.contains(name))).collect()
}

/// The first expression of a rule's first body that is not true, and its number.
fn of_rule(
    parsed: &Ref<Module>,
    rule: &Rule,
    input: &Value,
    compiled: &Compiled,
    options: &Options,
) -> Option<(Failure, usize)> {
    let module = parsed.package.span.source.get_path();
    let source = parsed.package.span.source.get_contents().clone();
    let Rule::Spec { bodies, .. } = rule else { return None };
    let statements = &bodies.first()?.query.stmts;
    let prober = Prober::of(parsed, input, compiled, options)?;
    let page = Page::new(&source);
    // A span ends before what closes its last part.
    let text = |statement: &LiteralStmt| {
        let range = syntax::range(&statement.span);
        let end = page.close(statement).unwrap_or(range.end).max(range.end);
        source.get(range.start..end).unwrap_or_default().to_owned()
    };
    for (index, statement) in statements.iter().enumerate() {
        let before: Vec<String> = statements.iter().take(index).map(text).collect();
        let before = before.join("\n");
        let tried = prober.value(&format!("mg_probe if {{\n{before}\n{}\n}}", text(statement)))?;
        if tried == Value::Bool(true) {
            continue;
        }
        let start = syntax::range(&statement.span).start;
        let (file, position) = compiled.places.at(module, start)?;
        let values = parts(statement)
            .into_iter()
            .filter_map(|expr| {
                let range = whole(expr);
                let text = source.get(range)?;
                let with = with(statement, &source);
                let body = format!("{before}\nmg_value := {text}{with}");
                let value = prober.value(&format!("mg_probe := mg_value if {{\n{body}\n}}"))?;
                let value =
                    if value == Value::Undefined { "undefined".to_owned() } else { crate::builtins::term(&value) };
                Some((text.to_owned(), short(&value)))
            })
            .filter(|(text, value)| text != value)
            .collect();
        let expression = text(statement).trim().to_owned();
        return Some((Failure { file: file.to_owned(), line: position.line, expression, values }, index));
    }
    None
}

/// The `with` modifiers of a statement.
fn with(statement: &LiteralStmt, source: &str) -> String {
    let texts = statement.with_mods.iter().filter_map(|with| {
        let start = syntax::range(with.refr.span()).start;
        let end = whole(&with.r#as).end;
        source.get(start..end)
    });
    texts.map(|text| format!(" with {text}")).collect()
}

/// The range of an expression, with the quotes of a text.
fn whole(expr: &Expr) -> std::ops::Range<usize> {
    let range = syntax::range(expr.span());
    match expr {
        Expr::String { .. } | Expr::RawString { .. } => range.start.saturating_sub(1)..range.end + 1,
        _ => range,
    }
}

/// The parts of an expression whose values tell why it is not true.
fn parts(statement: &LiteralStmt) -> Vec<&Ref<Expr>> {
    let (Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. }) = &statement.literal else { return Vec::new() };
    let mut found = match expr.as_ref() {
        Expr::BoolExpr { lhs, rhs, .. } => vec![lhs, rhs],
        Expr::AssignExpr { rhs, .. } => vec![rhs],
        Expr::Membership { value, collection, .. } => vec![value, collection],
        Expr::Call { params, .. } => params.iter().collect(),
        _ => vec![expr],
    };
    // What is compared is mostly the result of a call: its arguments tell more.
    let arguments: Vec<&Ref<Expr>> = found
        .iter()
        .copied()
        .filter_map(|expr| match expr.as_ref() {
            Expr::Call { params, .. } => Some(params.iter()),
            _ => None,
        })
        .flatten()
        .collect();
    found.extend(arguments);
    found.retain(|expr| {
        !matches!(expr.as_ref(), Expr::Number { .. } | Expr::String { .. } | Expr::Bool { .. } | Expr::Null { .. })
    });
    found
}

fn short(value: &str) -> String {
    if value.chars().count() <= SHOWN_MAX {
        return value.to_owned();
    }
    format!("{}…", value.chars().take(SHOWN_MAX).collect::<String>())
}

/// The inputs that tests give (`with input as …`), with the rules that each of those tests leads to.
pub fn inputs(modules: &[crate::options::Module], compiled: &Compiled, options: &Options) -> Vec<(String, Value)> {
    let mut engine = compiled.engine.clone();
    let parsed: Vec<Ref<Module>> = engine.get_modules().clone();
    let mut found = Vec::new();
    for definition in compiled.index.rules.values().flatten() {
        let Some(module) = parsed.get(definition.module) else { continue };
        let name = module.package.span.source.get_path();
        if !modules.iter().any(|one| one.file == *name && one.is_test()) {
            continue;
        }
        let Rule::Spec { bodies, .. } = definition.rule.as_ref() else { continue };
        let source = module.package.span.source.get_contents();
        let Some(prober) = Prober::of(module, &Value::Undefined, compiled, options) else { continue };
        let asked: Vec<&str> = compiled.index.leads_to(definition).into_iter().collect();
        for body in bodies {
            given(&body.query.stmts, source, String::new(), &prober, &mut |input| {
                found.extend(asked.iter().map(|path| ((*path).to_owned(), input.clone())));
            });
        }
    }
    found
}

/// Tells the inputs that statements give, those for every element of a collection among them. `before` is what holds there.
fn given(
    statements: &[LiteralStmt],
    source: &str,
    mut before: String,
    prober: &Prober<'_>,
    tell: &mut dyn FnMut(&Value),
) {
    for statement in statements {
        let range = syntax::range(&statement.span);
        // What else a test puts in the place of something is not there in production.
        if let [with] = statement.with_mods.as_slice()
            && with.refr.span().text() == "input"
        {
            let value = term(source.get(whole(&with.r#as).start..).unwrap_or_default());
            let all = prober.value(&format!("mg_probe := [mg_value |\n{before}\nmg_value := {value}\n]"));
            if let Some(Value::Array(inputs)) = all {
                inputs.iter().for_each(&mut *tell);
            }
        }
        if let Literal::Every { key, value, domain, query, .. } = &statement.literal {
            let key = key.as_ref().map(|key| format!("{}, ", key.text())).unwrap_or_default();
            let domain = term(source.get(whole(domain).start..).unwrap_or_default());
            let inner = format!("{before}some {key}{} in {domain}\n", value.text());
            given(&query.stmts, source, inner, prober, tell);
            continue;
        }
        let text = source.get(range.start..).unwrap_or_default();
        // An assignment may be of use to what follows; anything else only narrows it.
        if let Some((name, value)) = text.split_once(" := ").filter(|(name, _)| !name.contains(char::is_whitespace)) {
            let with: String = with(statement, source);
            if with.is_empty() {
                before.push_str(&format!("{name} := {}\n", term(value)));
            }
        }
    }
}

/// The term that a text begins with, to the bracket that closes it: spans end before that.
fn term(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None => match c {
                '"' | '`' => quote = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => match depth.checked_sub(1) {
                    Some(left) => depth = left,
                    None => return text.get(..at).unwrap_or(text),
                },
                '\n' | ';' | ',' | ' ' if depth == 0 => return text.get(..at).unwrap_or(text),
                _ => {}
            },
        }
    }
    text
}
