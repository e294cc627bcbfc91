//! A policy that somebody sends along with the object that it is to look at, as Open Data Mesh does.
//!
//! It may ask what the rules in force here say of a descriptor (`meshgate.check`): so one and the same rule gates a pipeline
//! and a platform.
//!
//! Deliberately absent: data of bundles, a network, and anything that outlives the question.

use crate::check::CheckOptions;
use crate::engine::Engine;
use meshgate_rego::{Bundle, Decide, Decider, GearSettings, Module, Options, Value as RegoValue, value_of_json};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Bytes of a policy that is sent: what is done before it is evaluated grows faster than it does.
const TEXT_MAX: usize = 64 << 10;
/// Its lines, with what stands between semicolons.
const STATEMENTS_MAX: usize = 2_000;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Validated {
    /// Does the object pass? What failed, does not.
    pub passes: bool,
    /// What the policy said: `{result}`, or `{error}`; with `explanation` where that was asked for.
    pub output: Value,
}

/// Evaluates the policy's package over the object. With `allow`, that is true and nothing denies; with `deny…` or
/// `violation…` alone, nothing does. Call it on a thread with a large stack.
#[must_use]
pub fn validate(engine: &Arc<Engine>, text: &str, object: &Value, explain: bool) -> Validated {
    let failed = |errors: &[String]| Validated { passes: false, output: json!({"error": errors.join("\n")}) };
    if text.len() > TEXT_MAX {
        return failed(&[format!("the policy has {} bytes, at most {TEXT_MAX} are taken", text.len())]);
    }
    let statements = text.bytes().filter(|byte| matches!(byte, b'\n' | b';')).count();
    if statements > STATEMENTS_MAX {
        return failed(&[format!("the policy has {statements} lines, at most {STATEMENTS_MAX} are taken")]);
    }
    let options = Options {
        limits: engine.limits,
        // What a builtin makes no sense of is no reason for a denial to be left out.
        strict: true,
        network: Arc::default(),
        documents: Arc::default(),
        // The object is whatever the sender says.
        types: Arc::default(),
        decider: Decider(Some(Arc::new(Judge(Arc::clone(engine))))),
        gears: GearSettings { fast: false, ..GearSettings::default() },
        ..engine.options.clone()
    };
    let module = Module { file: "policy".to_owned(), text: text.to_owned() };
    let bundle = match Bundle::load_plain(&[module], options) {
        Ok(bundle) => bundle,
        Err(errors) => return failed(&errors.iter().map(ToString::to_string).collect::<Vec<_>>()),
    };
    let Some(package) = bundle.packages().next().map(|(_, package)| package.to_owned()) else {
        return failed(&["the policy has no package".to_owned()]);
    };
    let path: Vec<&str> = package.split('.').collect();
    let input = value_of_json(object);
    let mut notes = Vec::new();
    let found =
        if explain { bundle.value_explained(&path, &input, true, &mut notes) } else { bundle.value(&path, input) };
    let value = match found {
        Ok(value) => value,
        Err(error) => return failed(&[error.message]),
    };
    let passes = passes(&bundle, &package, &value);
    let result = if value == RegoValue::Undefined { Ok(json!({})) } else { serde_json::to_value(&value) };
    let mut output = Map::new();
    match result {
        Ok(result) => output.insert("result".to_owned(), result),
        Err(error) => return failed(&[error.to_string()]),
    };
    if explain {
        output.insert("explanation".to_owned(), json!(notes));
    }
    let warnings: Vec<String> = bundle.warnings().iter().map(ToString::to_string).collect();
    if !warnings.is_empty() {
        output.insert("warnings".to_owned(), json!(warnings));
    }
    Validated { passes, output: Value::Object(output) }
}

/// Answers `meshgate.check`.
struct Judge(Arc<Engine>);

impl Decide for Judge {
    fn decide(&self, _: &RegoValue) -> Result<RegoValue, String> {
        Err("a policy of Open Data Mesh decides about no access".to_owned())
    }

    fn check(&self, descriptor: &RegoValue) -> Result<RegoValue, String> {
        let text = serde_json::to_vec(descriptor).map_err(|error| error.to_string())?;
        // A thread of its own: its limits are those of rules, and the caller's evaluation waits where it is.
        let outcome = self.0.install(|engine| engine.check_text("descriptor.json", &text, &CheckOptions::default()));
        if !outcome.errors.is_empty() {
            return Err(outcome.errors.join("; "));
        }
        let report = &outcome.report;
        let findings = report.findings.iter().map(|finding| {
            json!({"rule": finding.rule.as_str(), "severity": finding.severity.as_str(),
                   "enforcement": finding.enforcement.as_str(), "message": finding.message,
                   "pointer": finding.location.pointer.to_string(), "waived": finding.waiver.is_some()})
        });
        let faults = report.faults.iter().map(|fault| json!({"rule": fault.rule, "message": fault.message}));
        let told = json!({"verdict": report.verdict.as_str(), "findings": findings.collect::<Vec<_>>(),
                          "faults": faults.collect::<Vec<_>>()});
        Ok(value_of_json(&told))
    }
}

/// Is a rule one that denies when it says anything?
fn denies(name: &str) -> bool {
    ["deny", "violation"]
        .iter()
        .any(|word| name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

fn passes(bundle: &Bundle, package: &str, value: &RegoValue) -> bool {
    let of = |name: &str| value.as_object().ok().and_then(|map| map.get(&RegoValue::from(name)));
    let names = bundle.rule_names(package);
    let denying: Vec<&String> = names.iter().filter(|name| denies(name)).collect();
    let denied = denying.iter().any(|name| match of(name) {
        None | Some(RegoValue::Undefined | RegoValue::Bool(false)) => false,
        Some(RegoValue::Set(items)) => !items.is_empty(),
        Some(RegoValue::Array(items)) => !items.is_empty(),
        Some(RegoValue::Object(items)) => !items.is_empty(),
        Some(_) => true,
    });
    let has_allow = names.iter().any(|name| name == "allow");
    let allowed = of("allow") == Some(&RegoValue::Bool(true));
    // Without either there is nothing that could allow.
    !denied && if has_allow || denying.is_empty() { allowed } else { true }
}
