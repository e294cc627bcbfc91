//! Access policies: packages `meshgate.access.<name>`, whose `grants`, `denials`, `masks`, `row_filters` and `obligations`
//! are sets, and what they say of one request.
//!
//! A package's sets are asked for as one: a module of ours, which nobody else can ask for, joins them, so that what the sets
//! have in common is evaluated once.
//!
//! Deliberately absent: the verdict. What a policy says that cannot be understood is a fault, never left out.

use crate::builtins::Exceeded;
use crate::bundle::Bundle;
use crate::context;
use crate::error::LoadError;
use crate::evaluate::QueryError;
use crate::index::Index;
use crate::modules::Written;
use crate::options::{Module, Options};
use meshgate_core::access::{Condition, Mask, MaskKind, Op, Opinion, partial};
use meshgate_core::fault::{Fault, FaultKind};
use regorus::Value;
use regorus::unstable::{Rule, RuleHead};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

/// Where access policies are.
const ROOT: &str = "data.meshgate.access.";
/// The package of the module that joins them.
const ENTRY: &str = "mg_access_entry";
/// What a policy may say.
const SETS: [&str; 5] = ["grants", "denials", "masks", "row_filters", "obligations"];
/// What others call them.
const OTHER_WORDS: [(&str, &str); 17] = [
    ("allow", "grants"),
    ("allowed", "grants"),
    ("deny", "denials"),
    ("denied", "denials"),
    ("violation", "denials"),
    ("violations", "denials"),
    ("reject", "denials"),
    ("mask", "masks"),
    ("masking", "masks"),
    ("column_mask", "masks"),
    ("column_masks", "masks"),
    ("filter", "row_filters"),
    ("filters", "row_filters"),
    ("rows", "row_filters"),
    ("duty", "obligations"),
    ("duties", "obligations"),
    ("advice", "obligations"),
];
/// Things that one policy may say of one request.
const ITEMS_MAX: usize = 10_000;
/// Conditions within conditions.
const NESTING_MAX: usize = 8;

/// Decides a request, and judges a descriptor, on behalf of a policy: what `meshgate.decide` and `meshgate.check` call.
pub trait Decide: Send + Sync {
    /// The answer to a request, in the shape that `/v1/decide` gives.
    ///
    /// # Errors
    /// What is wrong with the request.
    fn decide(&self, request: &Value) -> Result<Value, String>;

    /// The verdict on a descriptor, and what the rules say of it.
    ///
    /// # Errors
    /// What is no descriptor, and where nothing is judged.
    fn check(&self, _descriptor: &Value) -> Result<Value, String> {
        Err("is for policies of Open Data Mesh, and for those alone".to_owned())
    }
}

/// Who decides on behalf of policies; nobody, unless somebody said so.
#[derive(Clone, Default)]
pub struct Decider(pub Option<Arc<dyn Decide>>);

impl fmt::Debug for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Decider").field(&self.0.is_some()).finish()
    }
}

/// The access policies of one bundle.
pub struct Access {
    policies: Vec<Policy>,
    /// The bundle's modules with the one that joins.
    joined: Box<Bundle>,
}

/// One policy.
#[derive(Debug)]
struct Policy {
    /// `access.name`.
    rule: String,
    /// The rule of ours that joins its sets.
    entry: String,
    /// The sets that it has, as paths.
    sets: Vec<String>,
}

/// The access policies among the rules of an index, or what is wrong with them.
fn policies(index: &Index, errors: &mut Vec<LoadError>) -> Vec<Policy> {
    let mut found: Vec<Policy> = Vec::new();
    for package in index.packages.iter().filter(|package| package.starts_with(ROOT)) {
        let name = package.trim_start_matches(ROOT);
        let below: Vec<(&str, &str)> = index
            .below(package)
            .filter_map(|path| Some((path, path.strip_prefix(package)?.strip_prefix('.')?)))
            .collect();
        let place = |path: &str| {
            index.rules.get(path).and_then(|all| all.first()).map(|first| first.place.clone()).unwrap_or_default()
        };
        let first = below.first().map(|(path, _)| place(path)).unwrap_or_else(|| package.clone());
        let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !plain || name.is_empty() {
            let message = format!("`{package}` is no access policy: its package is `meshgate.access.<name>`, one word");
            errors.push(LoadError::new(first, message));
            continue;
        }
        let mut sets = Vec::new();
        for (path, word) in &below {
            if SETS.contains(word) {
                let definitions = index.rules.get(*path).into_iter().flatten();
                let other = definitions.into_iter().find(|definition| {
                    !matches!(definition.rule.as_ref(), Rule::Spec { head: RuleHead::Set { .. }, .. })
                });
                match other {
                    None => sets.push((*path).to_owned()),
                    Some(other) => {
                        let message =
                            format!("`{word}` of an access policy is a set: write `{word} contains {{…}} if {{…}}`");
                        errors.push(LoadError::new(&other.place, message));
                    }
                }
                continue;
            }
            // `denial contains …`, or `deny contains …`, would never deny.
            let other = OTHER_WORDS.iter().find(|(other, _)| other == word).map(|(_, set)| *set);
            let close = other.or_else(|| SETS.into_iter().find(|set| strsim::damerau_levenshtein(set, word) <= 2));
            if let Some(set) = close.filter(|_| !word.contains('.')) {
                let message = format!("an access policy has no `{word}`; did you mean `{set}`?");
                errors.push(LoadError::new(place(path), message));
            }
        }
        if sets.is_empty() {
            let message = format!("access policy `{name}` says nothing: it has none of {}", SETS.join(", "));
            errors.push(LoadError::new(first, message));
        }
        found.push(Policy { rule: format!("access.{name}"), entry: format!("policy_{name}"), sets });
    }
    found
}

impl Access {
    /// The access policies of a bundle, if it has any.
    pub fn of(bundle: &Bundle) -> Result<Option<Self>, Vec<LoadError>> {
        let mut errors = Vec::new();
        let policies = policies(&bundle.index, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        if policies.is_empty() {
            return Ok(None);
        }
        let mut text = format!("package {ENTRY}\n");
        for Policy { entry, sets, .. } in &policies {
            let pairs: Vec<String> =
                sets.iter().filter_map(|path| Some(format!("\"{}\": {path}", path.rsplit_once('.')?.1))).collect();
            // A policy may be called as a keyword is.
            text.push_str(&format!("\n{entry} := {{{}}}\n", pairs.join(", ")));
        }
        let module = Module { file: "access policies".to_owned(), text };
        let sources = bundle.sources.iter().cloned().chain([Written::of(&module)]).collect();
        // An access policy cannot ask for the decision that it is part of.
        // And what a builtin makes no sense of is no reason to leave out a denial or a mask: it is a fault.
        let options =
            Options { decider: Decider::default(), strict: true, fast_though_strict: true, ..bundle.options.clone() };
        match bundle.part(sources, options) {
            Some(joined) => Ok(Some(Self { policies, joined: Box::new(joined) })),
            None => Err(vec![LoadError::new("access policies", "cannot be joined")]),
        }
    }
}

impl Bundle {
    /// Has it access policies?
    #[must_use]
    pub const fn has_access(&self) -> bool {
        self.access.is_some()
    }

    /// The names of its access policies, `access.name`.
    pub fn access_policies(&self) -> impl Iterator<Item = &str> {
        self.access.iter().flat_map(|access| &access.policies).map(|policy| policy.rule.as_str())
    }

    /// What its access policies say of a request.
    pub fn opinions(&self, input: &Value, opinions: &mut Vec<Opinion>, faults: &mut Vec<Fault>) {
        let Some(access) = &self.access else { return };
        for policy in &access.policies {
            let said = access.joined.value(&[ENTRY, &policy.entry], input.clone());
            match said.and_then(|said| opinion(&policy.rule, &said).map_err(bad_output)) {
                Ok(opinion) => opinions.push(opinion),
                Err(error) => faults.push(Fault {
                    file: None,
                    rule: policy.rule.clone(),
                    kind: error.kind,
                    message: error.message,
                }),
            }
        }
    }

    pub(crate) fn access_gears(&self) -> Option<&Self> {
        self.access.as_ref().map(|access| &*access.joined)
    }
}

fn bad_output(message: String) -> QueryError {
    QueryError::new(FaultKind::BadOutput, "eval_type_error", message)
}

/// Reads what a policy says.
fn opinion(rule: &str, said: &Value) -> Result<Opinion, String> {
    let Value::Object(sets) = said else { return Err("does not answer".to_owned()) };
    let mut opinion = Opinion { rule: rule.to_owned(), ..Opinion::default() };
    for (key, items) in sets.iter() {
        let set = key.as_string().map_err(|error| error.to_string())?;
        let Value::Set(items) = items else { return Err(format!("`{set}` is not a set")) };
        if items.len() > ITEMS_MAX {
            return Err(format!("`{set}` has {} members, at most {ITEMS_MAX} are taken", items.len()));
        }
        for item in items.iter() {
            let told = |message: String| format!("in `{set}`: {message}");
            match set.as_ref() {
                "grants" => opinion.grants.push(sentence(item, "reason").map_err(told)?),
                "denials" => opinion.denials.push(sentence(item, "message").map_err(told)?),
                "masks" => opinion.masks.push(mask(item).map_err(told)?),
                "row_filters" => opinion.row_filters.push(condition(item, 0).map_err(told)?),
                _ => opinion.duties.push(duty(item).map_err(told)?),
            }
        }
    }
    Ok(opinion)
}

fn text<'a>(map: &'a Value, key: &str) -> Option<&'a str> {
    map.as_object().ok()?.get(&Value::from(key))?.as_string().ok().map(AsRef::as_ref)
}

fn known(item: &Value, keys: &[&str]) -> Result<(), String> {
    let Value::Object(map) = item else { return Err(format!("`{}` is no object", crate::builtins::term(item))) };
    let unknown = map.keys().find(|key| !key.as_string().is_ok_and(|key| keys.contains(&key.as_ref())));
    match unknown {
        None => Ok(()),
        Some(key) => Err(format!("unknown key {}; there are {}", crate::builtins::term(key), keys.join(", "))),
    }
}

/// `{reason}` or `{message}`.
fn sentence(item: &Value, key: &str) -> Result<String, String> {
    known(item, &[key])?;
    let said = text(item, key).filter(|said| !said.is_empty());
    said.map(str::to_owned).ok_or_else(|| format!("`{key}` is no text"))
}

fn tree(value: &Value) -> Result<Json, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn mask(item: &Value) -> Result<Mask, String> {
    known(item, &["column", "mask", "args"])?;
    let column = text(item, "column").filter(|column| !column.is_empty()).ok_or("`column` is no text")?;
    let map = item.as_object().map_err(|error| error.to_string())?;
    let kind = match map.get(&Value::from("mask")) {
        Some(Value::Null) => MaskKind::Null,
        Some(Value::String(word)) => {
            let all = MaskKind::ALL.map(MaskKind::as_str).join(", ");
            MaskKind::of(word).ok_or_else(|| format!("unknown mask `{word}` for `{column}`; there are {all}"))?
        }
        _ => return Err(format!("`mask` for `{column}` is no text")),
    };
    let args = map.get(&Value::from("args")).map(tree).transpose()?;
    let args = args.filter(|args| !args.is_null());
    let keys = args.as_ref().map(|args| args.as_object().ok_or("`args` is no object")).transpose()?;
    let allowed: &[&str] = match kind {
        MaskKind::Null | MaskKind::Redact => &[],
        MaskKind::Constant => &["value"],
        MaskKind::Hash => &["salt", "key"],
        MaskKind::Partial => &["first", "last"],
    };
    if let Some(key) = keys.into_iter().flatten().map(|(key, _)| key).find(|key| !allowed.contains(&key.as_str())) {
        return Err(format!("mask `{}` for `{column}` has no argument `{key}`", kind.as_str()));
    }
    let scalar = |value: &Json| value.is_string() || value.is_number() || value.is_boolean();
    let argument = |key: &str| args.as_ref().and_then(|args| args.get(key));
    let fits = match kind {
        MaskKind::Null | MaskKind::Redact => true,
        MaskKind::Constant => argument("value").is_some_and(scalar),
        MaskKind::Hash => match (argument("key"), argument("salt")) {
            (Some(key), None) => key.as_str().is_some_and(|key| !key.is_empty()),
            (None, salt) => salt.is_none_or(Json::is_string),
            (Some(_), Some(_)) => false,
        },
        MaskKind::Partial => partial(args.as_ref()).is_some(),
    };
    if !fits {
        let wanted = match kind {
            MaskKind::Constant => "`args: {\"value\": …}`, a scalar",
            MaskKind::Hash => "`key`, the name of a key in `server.mask_keys`, or `salt`, a text",
            _ => "`first` and `last` to be whole numbers",
        };
        return Err(format!("mask `{}` for `{column}` wants {wanted}", kind.as_str()));
    }
    Ok(Mask { column: column.to_owned(), kind, args })
}

fn condition(item: &Value, depth: usize) -> Result<Condition, String> {
    if depth > NESTING_MAX {
        return Err(format!("conditions within conditions, more than {NESTING_MAX} deep"));
    }
    let Value::Object(map) = item else { return Err(format!("`{}` is no object", crate::builtins::term(item))) };
    for (key, make) in [("any", Condition::Any as fn(_) -> _), ("all", Condition::All as fn(_) -> _)] {
        let Some(inner) = map.get(&Value::from(key)) else { continue };
        known(item, &[key])?;
        let all: Result<Vec<Condition>, String> = match inner {
            Value::Array(items) => items.iter().map(|item| condition(item, depth + 1)).collect(),
            Value::Set(items) => items.iter().map(|item| condition(item, depth + 1)).collect(),
            _ => return Err(format!("`{key}` is no list")),
        };
        return match all? {
            // Of nothing, `all` would be true.
            all if all.is_empty() => Err(format!("`{key}` is empty")),
            all => Ok(make(all)),
        };
    }
    known(item, &["column", "op", "value"])?;
    let column = text(item, "column").filter(|column| !column.is_empty()).ok_or("`column` is no text")?;
    let word = text(item, "op").ok_or_else(|| format!("`op` for `{column}` is no text"))?;
    let op = Op::of(word).ok_or_else(|| {
        format!("unknown operator `{word}` for `{column}`; there are {}", Op::ALL.map(Op::as_str).join(", "))
    })?;
    let value = match map.get(&Value::from("value")) {
        // A set has no order, so what is made of it must not depend on one; it is sorted.
        Some(value) => tree(value)?,
        None => Json::Null,
    };
    if let Some(number) = inexact(&value) {
        return Err(format!("the number {number} for `{column}` is too large to be said exactly: write it as a text"));
    }
    op.takes(&value).map_err(|wanted| format!("`{word}` for `{column}` takes {wanted}, not `{value}`"))?;
    Ok(Condition::Column { column: column.to_owned(), op, value })
}

/// A number that may stand for another one: beyond 2^53 a fraction has no digits left for it.
fn inexact(value: &Json) -> Option<String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Json::Array(items) => items.iter().find_map(inexact),
        Json::Number(number) if number.is_f64() && number.as_f64().is_none_or(|number| number.abs() >= EXACT) => {
            Some(number.to_string())
        }
        _ => None,
    }
}

fn duty(item: &Value) -> Result<Json, String> {
    let Value::Object(_) = item else { return Err(format!("`{}` is no object", crate::builtins::term(item))) };
    if text(item, "kind").is_none_or(str::is_empty) {
        return Err("an obligation has a `kind`, a text".to_owned());
    }
    tree(item)
}

/// `meshgate.decide(request)`. What is no request is an error of the builtin: undefined, unless errors are strict.
pub fn call(values: &[Value]) -> anyhow::Result<Value> {
    asked("meshgate.decide", "policies that the sidecar is asked for", values, |decider, request| {
        decider.decide(request).map_err(|message| {
            context::note(&format!("meshgate.decide: {message}"));
            anyhow::anyhow!("{message}")
        })
    })
}

/// `meshgate.check(descriptor)`. Where nothing can be judged the policy fails: nothing found would be read as nothing wrong.
pub fn check(values: &[Value]) -> anyhow::Result<Value> {
    asked("meshgate.check", "policies of Open Data Mesh", values, |decider, descriptor| {
        decider.check(descriptor).map_err(|message| Exceeded(message).into())
    })
}

/// Asks who decides, once for the same operand; where nobody does, the policy fails.
fn asked(
    name: &'static str,
    whose: &str,
    values: &[Value],
    ask: impl FnOnce(&dyn Decide, &Value) -> anyhow::Result<Value>,
) -> anyhow::Result<Value> {
    context::once(name, values, || match &context::decider().0 {
        Some(decider) => ask(decider.as_ref(), values.first().unwrap_or(&Value::Undefined)),
        None => Err(Exceeded(format!("is for {whose}, and for those alone")).into()),
    })
}
