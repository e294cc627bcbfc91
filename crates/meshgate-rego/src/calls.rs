//! Calls between functions, checked before anything runs: a name that is no function is refused, and so is recursion,
//! since regorus would overflow its stack and abort the process.
//!
//! Deliberately absent: recursion through rules (`p if q`, `q if p`), which regorus itself reports when it evaluates, and
//! the number of arguments.

use crate::error::LoadError;
use regorus::unstable::{BUILTINS, Module, Rule, RuleHead};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A call: what is called, as written and resolved, and where.
struct Call {
    written: String,
    resolved: String,
    place: String,
}

/// Refuses calls of unknown functions, and functions that can reach themselves; names the cycle.
pub fn check<'a>(modules: impl IntoIterator<Item = &'a Module>) -> Vec<LoadError> {
    let mut calls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    let mut made: Vec<Call> = Vec::new();
    for module in modules {
        let package = path_of(module.package.refr.span().text());
        let aliases = imports(module);
        for rule in &module.policy {
            let own = calls_of(rule, &package, &aliases);
            let (name, span) = match rule.as_ref() {
                Rule::Spec { head: RuleHead::Func { refr, .. }, span, .. } => (Some(refr.span().text()), span),
                Rule::Default { refr, args, span, .. } if !args.is_empty() => (Some(refr.span().text()), span),
                Rule::Spec { span, .. } | Rule::Default { span, .. } => (None, span),
            };
            if let Some(name) = name {
                let caller = format!("{package}.{}", dotted(name));
                let place = || format!("{}:{}:{}", span.source.get_path(), span.line, span.col);
                places.entry(caller.clone()).or_insert_with(place);
                calls.entry(caller).or_default().extend(own.iter().map(|call| call.resolved.clone()));
            }
            made.extend(own);
        }
    }
    let known = |call: &Call| {
        calls.contains_key(&call.resolved) || BUILTINS.contains_key(call.written.as_str()) || call.written == "print"
    };
    let mut errors: Vec<LoadError> = made
        .iter()
        .filter(|call| !known(call))
        .map(|call| LoadError::new(&call.place, format!("`{}` is no function of Rego or of this bundle", call.written)))
        .collect();
    for start in calls.keys() {
        if let Some(mut cycle) = cycle(&calls, start) {
            cycle.push(start.clone());
            let place = places.get(start).cloned().unwrap_or_default();
            let message = format!("functions call themselves: {}; Rego has no recursion", cycle.join(" → "));
            errors.push(LoadError::new(place, message));
            break;
        }
    }
    errors
}

fn calls_of(rule: &Rule, package: &str, aliases: &BTreeMap<String, String>) -> Vec<Call> {
    let span = rule.span();
    let source = span.source.get_contents();
    let ast = serde_json::to_value(rule).unwrap_or(Value::Null);
    let mut calls = Vec::new();
    called(&ast, &mut |start, end, line, column| {
        if let Some(text) = source.get(start..end) {
            let place = format!("{}:{line}:{column}", span.source.get_path());
            let written = dotted(text);
            calls.push(Call { resolved: resolve(&written, package, aliases), written, place });
        }
    });
    calls
}

/// Returns a way from `start` back to itself, without its last step.
fn cycle(calls: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.to_owned()]];
    while let Some(way) = ways.pop() {
        let here = way.last()?;
        for next in calls.get(here).into_iter().flatten() {
            if next == start {
                return Some(way);
            }
            if calls.contains_key(next) && seen.insert(next.clone()) {
                let mut longer = way.clone();
                longer.push(next.clone());
                ways.push(longer);
            }
        }
    }
    None
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

/// Finds the spans of called functions in a serialised AST; iterative, the AST may be deep.
fn called(ast: &Value, found: &mut dyn FnMut(usize, usize, u64, u64)) {
    let mut open = vec![ast];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(map) => {
                if let Some(function) = map.get("Call").and_then(|call| call.get("fcn")).and_then(Value::as_object) {
                    let span = function.values().next().and_then(|body| body.get("span"));
                    let at = |key: &str| span?.get(key)?.as_u64();
                    let index = |key: &str| usize::try_from(at(key)?).ok();
                    if let (Some(start), Some(end)) = (index("start"), index("end")) {
                        found(start, end, at("line").unwrap_or(1), at("col").unwrap_or(1));
                    }
                }
                open.extend(map.values());
            }
            _ => {}
        }
    }
}
