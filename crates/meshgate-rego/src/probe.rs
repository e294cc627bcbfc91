//! What a failed test failed at: its expressions are tried one after another, as rules of the test's own package, until
//! one is not true; then the parts of that one are.
//!
//! Deliberately absent: bodies other than the first, and a second failure.

use crate::bundle::{Compiled, Options};
use crate::evaluate::guarded;
use crate::syntax;
use crate::testing::Failure;
use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Ref, Rule};
use regorus::{Engine, Value};

/// Characters of a value that are shown.
const SHOWN_MAX: usize = 400;

/// Tries rules in a package.
struct Prober<'a> {
    compiled: &'a Compiled,
    options: &'a Options,
    /// The package and the imports of the test's module.
    head: String,
    package: String,
}

impl Prober<'_> {
    /// The value of a rule that is added to the package.
    fn value(&self, rule: &str) -> Option<Value> {
        let mut engine: Engine = self.compiled.engine.clone();
        engine.set_enable_coverage(false);
        engine.add_policy("<probe>".to_owned(), format!("{}\n{rule}\n", self.head)).ok()?;
        let path = format!("{}.mg_probe", self.package);
        guarded(&mut engine, self.options, &self.compiled.places, |engine| engine.eval_rule(path)).ok()
    }
}

/// Finds the first expression of a test that is not true.
pub fn failure(module: &str, name: &str, compiled: &Compiled, options: &Options) -> Option<Failure> {
    let mut engine = compiled.engine.clone();
    let parsed: &Ref<Module> = engine.get_modules().iter().find(|one| one.package.span.source.get_path() == module)?;
    let source = parsed.package.span.source.get_contents().clone();
    let rule = parsed.policy.iter().find(|rule| syntax::head(rule).span().text() == name)?;
    let Rule::Spec { bodies, .. } = rule.as_ref() else { return None };
    let statements = &bodies.first()?.query.stmts;
    let end =
        parsed.imports.last().map_or(syntax::range(&parsed.package.span).end, |last| syntax::range(&last.span).end);
    let package = crate::annotations::package(parsed)
        .iter()
        .map(|step| format!("[{}]", serde_json::json!(step)))
        .collect::<String>();
    let prober = Prober { compiled, options, head: source.get(..end)?.to_owned(), package: format!("data{package}") };
    let text = |statement: &LiteralStmt| source.get(syntax::range(&statement.span)).unwrap_or_default().to_owned();
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
        return Some(Failure {
            file: file.to_owned(),
            line: position.line,
            expression: text(statement).trim().to_owned(),
            values,
        });
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
pub fn inputs(modules: &[crate::bundle::Module], compiled: &Compiled, options: &Options) -> Vec<(String, Value)> {
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
        let end =
            module.imports.last().map_or(syntax::range(&module.package.span).end, |last| syntax::range(&last.span).end);
        let package = crate::annotations::package(module)
            .iter()
            .map(|step| format!("[{}]", serde_json::json!(step)))
            .collect::<String>();
        let Some(head) = source.get(..end) else { continue };
        let prober = Prober { compiled, options, head: head.to_owned(), package: format!("data{package}") };
        let asked: Vec<&str> = compiled.index.leads_to(definition).into_iter().collect();
        for body in bodies {
            let mut before = String::new();
            for statement in &body.query.stmts {
                // What else a test puts in the place of something is not there in production.
                if let [with] = statement.with_mods.as_slice() {
                    let value = with.r#as.span().text();
                    let is_input = with.refr.span().text() == "input";
                    let given = is_input.then(|| {
                        prober.value(&format!("mg_probe := mg_value if {{\n{before}\nmg_value := {value}\n}}"))
                    });
                    if let Some(input) = given.flatten().filter(|input| *input != Value::Undefined) {
                        found.extend(asked.iter().map(|path| ((*path).to_owned(), input.clone())));
                    }
                }
                before.push_str(source.get(syntax::range(&statement.span)).unwrap_or_default());
                before.push('\n');
            }
        }
    }
    found
}
