//! Policies that were written for conftest: `deny`, `violation` and `warn` of the packages that the user names, over the
//! document as it is.
//!
//! Deliberately absent: silence. conftest passes everything when a namespace holds no rule, and drops results that are
//! neither texts nor objects with a `msg`; here, both are errors.

use crate::annotations::{Annotation, Scope};
use crate::error::LoadError;
use crate::index::Index;
use meshgate_core::finding::Remark;
use meshgate_core::pointer::Place;
use meshgate_core::rule::{Lifecycle, Rule, RuleId, Source};
use meshgate_core::severity::Severity;
use regorus::Value;
use regorus::unstable::{Rule as Parsed, RuleHead};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// How bad the findings of a rule are, by its name; `None` is no rule of conftest's.
fn severity(name: &str) -> Option<Severity> {
    let is = |word: &str| {
        let rest = name.strip_prefix(word)?;
        let words = rest.strip_prefix('_').is_none_or(|words| {
            words.split('_').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        });
        (rest.is_empty() || rest.starts_with('_')).then_some(()).filter(|()| words)
    };
    match (is("deny").or_else(|| is("violation")), is("warn")) {
        (Some(()), _) => Some(Severity::Error),
        (None, Some(())) => Some(Severity::Warning),
        (None, None) => None,
    }
}

/// The namespace and the name of a path, if it is that of a rule of conftest's.
fn split(path: &str) -> Option<(&str, &str, Severity)> {
    let (package, name) = path.strip_prefix("data.")?.rsplit_once('.')?;
    Some((package, name, severity(name)?))
}

/// Finds the rules of the namespaces, with their paths.
pub fn rules(
    index: &Index,
    annotations: &[Annotation],
    namespaces: &[String],
    errors: &mut Vec<LoadError>,
) -> Vec<(Rule, String)> {
    let mut found = Vec::new();
    for namespace in namespaces {
        let before = found.len();
        for (path, definitions) in &index.rules {
            let Some((_, name, severity)) = split(path).filter(|(package, ..)| package == namespace) else { continue };
            let Some(first) = definitions.first() else { continue };
            let is_set = |rule: &Parsed| matches!(rule, Parsed::Spec { head: RuleHead::Set { .. }, .. });
            if let Some(other) = definitions.iter().find(|definition| !is_set(&definition.rule)) {
                let message = format!("`{name}` is not a set of messages: write `{name} contains msg if {{ … }}`");
                errors.push(LoadError::new(&other.place, message));
            }
            found.push((rule(namespace, name, severity, &first.place, annotations), path.clone()));
        }
        let start = format!("data.{namespace}.");
        for (path, definitions) in index.rules.range(start.clone()..).take_while(|(path, _)| path.starts_with(&start)) {
            // `deny["x"] contains …`: a rule with steps behind its name is no set of messages.
            let Some((name, _)) = path.get(start.len()..).and_then(|rest| rest.split_once('.')) else { continue };
            let is_package = index.has_package(&format!("{start}{name}"));
            if let (Some(_), false, Some(first)) = (severity(name), is_package, definitions.first()) {
                let message = format!("`{name}` is not a set of messages: write `{name} contains msg if {{ … }}`");
                errors.push(LoadError::new(&first.place, message));
                found.push((rule(namespace, name, Severity::Error, &first.place, annotations), path.clone()));
            }
        }
        if found.len() == before {
            errors.push(unknown(namespace, index));
        }
    }
    found
}

fn unknown(namespace: &str, index: &Index) -> LoadError {
    let known: BTreeSet<&str> =
        index.rules.keys().filter_map(|path| split(path)).map(|(package, ..)| package).collect();
    let close = known.iter().map(|known| (strsim::damerau_levenshtein(namespace, known), known));
    let help = match close.filter(|(distance, _)| *distance <= 2).min() {
        Some((_, close)) => format!("; did you mean `{close}`?"),
        None if known.is_empty() => "; no package here does".to_owned(),
        None => format!("; these do: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    };
    LoadError::new(
        format!("--conftest-namespace {namespace}"),
        format!("holds no rule `deny`, `violation` or `warn`{help}"),
    )
}

fn rule(namespace: &str, name: &str, severity: Severity, place: &str, annotations: &[Annotation]) -> Rule {
    let mut steps = namespace.split('.').chain([name]).map(str::to_owned).collect::<Vec<_>>();
    let of = |scopes: &[Scope], path: &[String]| {
        annotations.iter().find(|one| scopes.contains(&one.scope) && one.path == path).map(|one| &one.value)
    };
    let own = of(&[Scope::Document, Scope::Rule], &steps);
    steps.pop();
    let package = of(&[Scope::Package], &steps);
    let text = |key: &str| {
        let found = own.and_then(|map| map.get(key)).or_else(|| package.and_then(|map| map.get(key)));
        found.and_then(Json::as_str).map(|text| text.trim().to_owned())
    };
    Rule {
        id: RuleId::foreign(format!("{namespace}.{name}")),
        title: text("title").unwrap_or_else(|| format!("`{name}` of the conftest namespace `{namespace}`")),
        description: text("description").unwrap_or_default(),
        severity,
        remedy: None,
        note: None,
        related: Vec::new(),
        applies_to: Vec::new(),
        lifecycle: Lifecycle::Enabled,
        effective_on: None,
        profiles: Vec::new(),
        params: Vec::new(),
        errors_undefined: false,
        source: Source::Rego,
        origin: place.rsplitn(3, ':').last().unwrap_or(place).to_owned(),
    }
}

/// The names that an `exception` excepts: rules of its namespace without their `deny_`, `violation_` or `warn_`, `""` for the
/// bare ones. conftest has a set of lists of them.
pub fn excepted(value: &Value) -> Result<BTreeSet<String>, String> {
    let odd = || "`exception` is not a set of lists of rules' names: write `exception contains rules if { rules := [\"x\"] }`";
    let (Value::Set(_) | Value::Array(_)) = value else { return Err(odd().to_owned()) };
    let json = serde_json::to_value(value).map_err(|error| error.to_string())?;
    let lists = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names = BTreeSet::new();
    for list in lists {
        for name in list.as_array().ok_or_else(odd)? {
            names.insert(name.as_str().ok_or_else(odd)?.to_owned());
        }
    }
    Ok(names)
}

/// Is a rule one of those that are excepted by this name?
pub fn is_excepted(rule: &RuleId, namespace: &str, names: &BTreeSet<String>) -> bool {
    let name = rule.as_str().strip_prefix(namespace).and_then(|rest| rest.strip_prefix('.'));
    let bare = name.map(|name| name.split_once('_').map_or("", |(_, rest)| rest));
    bare.is_some_and(|bare| names.contains(bare))
}

/// Says which rules of conftest's would better be something else.
pub fn warnings(index: &Index, namespaces: &[String]) -> Vec<LoadError> {
    let exceptions = namespaces.iter().filter_map(|namespace| {
        let first = index.rules.get(&format!("data.{namespace}.exception"))?.first()?;
        let message =
            "`exception` is deprecated: it has no approver and never expires; write a waiver into meshgate.yaml";
        Some(LoadError::new(&first.place, message))
    });
    exceptions.collect()
}

/// Reads the value of such a rule: a set of texts, or of objects with a `msg`. What else an object holds is told with it.
pub fn remarks(rule: &RuleId, value: &Value, findings_max: usize) -> Result<Vec<Remark>, String> {
    let Value::Set(set) = value else { return Err(format!("`{rule}` is not a set of messages")) };
    if set.len() > findings_max {
        return Err(format!("{} findings, at most {findings_max} are taken", set.len()));
    }
    set.iter().map(|item| remark(rule, item)).collect()
}

fn remark(rule: &RuleId, item: &Value) -> Result<Remark, String> {
    let mut json = serde_json::to_value(item).map_err(|error| error.to_string())?;
    let (message, label) = match &mut json {
        Json::String(text) => (std::mem::take(text), None),
        Json::Object(map) => match map.remove("msg") {
            Some(Json::String(text)) => {
                let rest = (!map.is_empty()).then(|| json.to_string());
                (text, rest)
            }
            _ => return Err(format!("a result is `{json}`, without a `msg` that is a text")),
        },
        other => return Err(format!("a result is `{other}`, neither a text nor an object with a `msg`")),
    };
    if message.is_empty() {
        return Err("a result has an empty message".to_owned());
    }
    let place = Place::parse("").map_err(|error| error.to_string())?;
    Ok(Remark { rule: rule.clone(), place, message, label, related: Vec::new(), fix: None, key: None })
}
