//! Calls and references between functions and rules, checked before anything runs: unknown functions, wrong numbers of
//! arguments, recursion, chains too deep for a stack, and a way of writing that regorus silently yields nothing for.
//!
//! Deliberately absent: references through variables (`data.rules[name]`); regorus reports their recursion when it
//! evaluates, which is a fault, and their depth is bounded by the rules that are named.

use crate::builtins::{self, REFUSED};
use crate::error::LoadError;
use crate::graph::Graph;
use regorus::unstable::{Module, Rule, RuleHead};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Functions and rules that lead on from one another. Each is a frame or several on the stack: 64 MiB hold many more.
const DEPTH_MAX: usize = 256;

/// A call: what is called, as written and resolved, with how many arguments, and where.
struct Call {
    written: String,
    resolved: String,
    arguments: usize,
    place: String,
}

/// A function or rule of the bundle.
#[derive(Default)]
struct Known {
    place: String,
    /// The numbers of arguments of its definitions; rules have none.
    arguments: BTreeSet<usize>,
}

/// Refuses what would abort, loop or silently pass.
pub fn check<'a>(modules: impl IntoIterator<Item = &'a Module>) -> Vec<LoadError> {
    let modules: Vec<&Module> = modules.into_iter().collect();
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for module in &modules {
        let package = path_of(module.package.refr.span().text());
        for rule in &module.policy {
            let (name, arguments) = head(rule);
            let span = rule.span();
            let one = known.entry(format!("{package}.{}", constant(name))).or_default();
            if one.place.is_empty() {
                one.place = format!("{}:{}:{}", span.source.get_path(), span.line, span.col);
            }
            one.arguments.extend(arguments);
        }
    }
    let mut graph = Graph::default();
    let mut made: Vec<Call> = Vec::new();
    for module in &modules {
        let package = path_of(module.package.refr.span().text());
        let aliases = imports(module);
        for rule in &module.policy {
            let own = format!("{package}.{}", constant(head(rule).0));
            let Contents { calls, references } = contents(rule, &package, &aliases);
            graph.add(&own, calls.iter().map(|call| call.resolved.as_str()).filter(|name| known.contains_key(*name)));
            let rules = references.iter().filter_map(|path| named(path, &known));
            graph.add(&own, rules);
            made.extend(calls);
        }
    }
    let mut errors: Vec<LoadError> = made.iter().filter_map(|call| wrong(call, &known)).collect();
    let place = |name: &String| known.get(name).map(|known| known.place.clone()).unwrap_or_default();
    if let Some(cycle) = graph.cycle() {
        let functions = cycle.iter().all(|name| known.get(name).is_some_and(|known| !known.arguments.is_empty()));
        let what = if functions { "functions call themselves" } else { "rules depend on themselves" };
        let message = format!("rego_recursion_error: {what}: {}; Rego has no recursion", cycle.join(" → "));
        errors.push(LoadError::new(cycle.first().map(place).unwrap_or_default(), message));
    } else if let Some((start, depth)) = graph.deepest().filter(|(_, depth)| *depth > DEPTH_MAX) {
        let message = format!(
            "rego_compile_error: `{start}` leads through {depth} rules and functions, one after another; at most {DEPTH_MAX}"
        );
        errors.push(LoadError::new(place(&start), message));
    }
    errors
}

/// What is wrong with a call.
fn wrong(call: &Call, known: &BTreeMap<String, Known>) -> Option<LoadError> {
    let Call { written, resolved, arguments, place } = call;
    let takes = |wanted: &str| {
        let message = format!("rego_type_error: `{written}` takes {wanted}, and is given {arguments}");
        Some(LoadError::new(place, message))
    };
    if let Some(function) = known.get(resolved).filter(|known| !known.arguments.is_empty()) {
        // The value may be taken by one argument more: `f(x, out)` is `out = f(x)`.
        if function.arguments.iter().any(|wanted| arguments == wanted || *arguments == wanted + 1) {
            return None;
        }
        let wanted = function.arguments.iter().map(|wanted| many(*wanted)).collect::<Vec<_>>().join(" or ");
        return takes(&wanted);
    }
    if written == "walk" && *arguments == 1 {
        // regorus takes it and yields nothing: a rule that walks so would find nothing, ever.
        let message = "`walk(x)` cannot be used as a value here: write `walk(x, [path, value])` as a statement";
        return Some(LoadError::new(place, message));
    }
    if let Some((_, why)) = REFUSED.iter().find(|(name, _)| name == written) {
        return Some(LoadError::new(place, format!("`{written}` is not available: {why}")));
    }
    match builtins::arguments(written) {
        _ if written == "print" => None,
        None => {
            let message = format!("rego_type_error: `{written}` is no function of Rego or of this bundle");
            Some(LoadError::new(place, message))
        }
        Some(wanted) => {
            let wanted = usize::from(wanted);
            if *arguments == wanted || *arguments == wanted + 1 { None } else { takes(&many(wanted)) }
        }
    }
}

fn many(arguments: usize) -> String {
    if arguments == 1 { "1 argument".to_owned() } else { format!("{arguments} arguments") }
}

/// The name of a rule, and the number of its arguments if it is a function.
fn head(rule: &Rule) -> (&str, Option<usize>) {
    match rule {
        Rule::Spec { head: RuleHead::Func { refr, args, .. }, .. } => (refr.span().text(), Some(args.len())),
        Rule::Spec { head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. }, .. } => {
            (refr.span().text(), None)
        }
        Rule::Default { refr, args, .. } => (refr.span().text(), (!args.is_empty()).then_some(args.len())),
    }
}

/// The longest beginning of a path that is a rule of the bundle.
fn named<'a>(path: &str, known: &'a BTreeMap<String, Known>) -> Option<&'a str> {
    let ends: Vec<usize> = path.match_indices('.').map(|(at, _)| at).chain([path.len()]).collect();
    let beginnings = ends.into_iter().filter_map(|end| path.get(..end));
    beginnings.filter_map(|name| known.get_key_value(name)).map(|(name, _)| name.as_str()).next_back()
}

/// What a rule calls and refers to.
struct Contents {
    calls: Vec<Call>,
    references: BTreeSet<String>,
}

fn contents(rule: &Rule, package: &str, aliases: &BTreeMap<String, String>) -> Contents {
    let span = rule.span();
    let source = span.source.get_contents();
    let ast = serde_json::to_value(rule).unwrap_or(Value::Null);
    let text = |span: Option<&Value>| source.get(offset(span?, "start")?..offset(span?, "end")?);
    let mut calls = Vec::new();
    let mut references = BTreeSet::new();
    let mut local: BTreeSet<String> = BTreeSet::new();
    // Iterative: the AST may be deep.
    let mut open = vec![&ast];
    while let Some(value) = open.pop() {
        let Value::Object(map) = value else {
            open.extend(value.as_array().into_iter().flatten());
            continue;
        };
        for (key, body) in map {
            match key.as_str() {
                "Call" => {
                    let function = body.get("fcn").and_then(Value::as_object);
                    let span = function.and_then(|function| function.values().next()).and_then(|body| body.get("span"));
                    if let (Some(text), Some(span)) = (text(span), span) {
                        let at = |key: &str| span.get(key).and_then(Value::as_u64).unwrap_or(1);
                        let written = dotted(text);
                        let place = format!("{}:{}:{}", rule.span().source.get_path(), at("line"), at("col"));
                        let arguments = body.get("params").and_then(Value::as_array).map_or(0, Vec::len);
                        calls.push(Call { resolved: resolve(&written, package, aliases), written, arguments, place });
                    }
                    // The function's own name is no reference to a rule.
                    open.extend(body.get("params"));
                    continue;
                }
                "Var" | "RefDot" | "RefBrack" => {
                    // What stands before the first `[` that holds no text.
                    references.extend(text(body.get("span")).map(constant));
                }
                // Names that are the rule's own, whatever else is called so.
                "AssignExpr" if body.get("op").and_then(Value::as_str) == Some("ColEq") => {
                    variables(body.get("lhs"), &text, &mut local);
                }
                "SomeVars" => {
                    let names = body.get("vars").and_then(Value::as_array).into_iter().flatten();
                    local.extend(names.filter_map(|span| text(Some(span)).map(str::to_owned)));
                }
                "SomeIn" => ["key", "value"].iter().for_each(|key| variables(body.get(*key), &text, &mut local)),
                "Every" => {
                    let names = ["key", "value"].iter().filter_map(|key| text(body.get(*key)));
                    local.extend(names.map(str::to_owned));
                }
                // The name of the rule itself is no reference to it.
                "head" | "Default" => {
                    let bodies = body.as_object().into_iter().flat_map(|map| map.values());
                    let bodies: Vec<&Value> = if key == "head" { bodies.collect() } else { vec![body] };
                    for (name, part) in bodies.into_iter().filter_map(Value::as_object).flatten() {
                        match name.as_str() {
                            "refr" => {}
                            "args" => {
                                variables(Some(part), &text, &mut local);
                                open.push(part);
                            }
                            _ => open.push(part),
                        }
                    }
                    continue;
                }
                "args" => variables(Some(body), &text, &mut local),
                _ => {}
            }
            open.push(body);
        }
    }
    let own = |path: &String| !local.contains(path.split('.').next().unwrap_or_default());
    let references = references.iter().filter(|path| own(path)).map(|path| resolve(path, package, aliases)).collect();
    Contents { calls, references }
}

fn offset(span: &Value, key: &str) -> Option<usize> {
    usize::try_from(span.get(key)?.as_u64()?).ok()
}

/// Collects the variables of a pattern.
fn variables<'a>(
    pattern: Option<&Value>,
    text: &impl Fn(Option<&Value>) -> Option<&'a str>,
    found: &mut BTreeSet<String>,
) {
    let mut open: Vec<&Value> = pattern.into_iter().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(map) => {
                if let Some(name) = map.get("Var").and_then(|body| text(body.get("span"))) {
                    found.insert(name.to_owned());
                }
                open.extend(map.values());
            }
            _ => {}
        }
    }
}

/// What stands before the first `[` that holds no text: the part of a path that is known.
fn constant(path: &str) -> String {
    dotted(path).split('[').next().unwrap_or_default().trim_end_matches('.').to_owned()
}

fn path_of(package: &str) -> String {
    format!("data.{}", dotted(package).trim_start_matches("data."))
}

fn imports(module: &Module) -> BTreeMap<String, String> {
    let named = module.imports.iter().map(|import| {
        let path = dotted(import.refr.span().text());
        let last = path.rsplit('.').next().unwrap_or(&path).to_owned();
        let alias = import.r#as.as_ref().map_or(last, |span| span.text().to_owned());
        (alias, path)
    });
    named.collect()
}

fn resolve(text: &str, package: &str, aliases: &BTreeMap<String, String>) -> String {
    let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
    match (first, aliases.get(first), rest) {
        ("data", _, _) => text.to_owned(),
        (_, Some(path), Some(rest)) => format!("{path}.{rest}"),
        (_, Some(path), None) => path.clone(),
        _ => format!("{package}.{text}"),
    }
}

/// Writes `a["b"].c` as `a.b.c`, so that one function has one name. What stays in brackets is no function's name.
fn dotted(path: &str) -> String {
    path.replace("[\"", ".").replace("[`", ".").replace("\"]", "").replace("`]", "").replace(char::is_whitespace, "")
}
