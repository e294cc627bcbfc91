//! Recursion between functions, refused before anything runs: regorus would overflow its stack and abort the process.
//!
//! Deliberately absent: recursion through rules (`p if q`, `q if p`), which regorus itself reports when it evaluates.

use crate::error::LoadError;
use regorus::unstable::{Module, Rule, RuleHead};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Refuses functions that can reach themselves; names the cycle.
pub fn check<'a>(modules: impl IntoIterator<Item = &'a Module>) -> Result<(), LoadError> {
    let mut calls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for module in modules {
        let package = path_of(module.package.refr.span().text());
        let aliases = imports(module);
        for rule in &module.policy {
            let (name, span) = match rule.as_ref() {
                Rule::Spec { head: RuleHead::Func { refr, .. }, span, .. } => (refr.span().text(), span),
                Rule::Default { refr, span, .. } => (refr.span().text(), span),
                Rule::Spec { .. } => continue,
            };
            let caller = format!("{package}.{name}");
            let file = span.source.get_path();
            places.entry(caller.clone()).or_insert_with(|| format!("{file}:{}:{}", span.line, span.col));
            let ast = serde_json::to_value(rule.as_ref()).unwrap_or(Value::Null);
            let targets = calls.entry(caller).or_default();
            let source = span.source.get_contents();
            called(&ast, &mut |start, end| {
                if let Some(text) = source.get(start..end) {
                    targets.insert(resolve(text, &package, &aliases));
                }
            });
        }
    }
    for start in calls.keys() {
        if let Some(mut cycle) = cycle(&calls, start) {
            cycle.push(start.clone());
            let place = places.get(start).cloned().unwrap_or_default();
            let message = format!("functions call themselves: {}; Rego has no recursion", cycle.join(" → "));
            return Err(LoadError::new(place, message));
        }
    }
    Ok(())
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
    format!("data.{}", package.trim_start_matches("data."))
}

fn imports(module: &Module) -> BTreeMap<String, String> {
    let named = module.imports.iter().map(|import| {
        let path = import.refr.span().text();
        let last = path.rsplit('.').next().unwrap_or(path);
        let alias = import.r#as.as_ref().map_or(last, |span| span.text());
        (alias.to_owned(), path.to_owned())
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

/// Finds the spans of called functions in a serialised AST; iterative, the AST may be deep.
fn called(ast: &Value, found: &mut dyn FnMut(usize, usize)) {
    let mut open = vec![ast];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(map) => {
                if let Some(function) = map.get("Call").and_then(|call| call.get("fcn")).and_then(Value::as_object) {
                    let span = function.values().next().and_then(|body| body.get("span"));
                    let at = |key: &str| usize::try_from(span?.get(key)?.as_u64()?).ok();
                    if let (Some(start), Some(end)) = (at("start"), at("end")) {
                        found(start, end);
                    }
                }
                open.extend(map.values());
            }
            _ => {}
        }
    }
}
