//! A bundle's Rego: modules in, a prepared engine and its rules out.
//!
//! Deliberately absent: layers; each layer is a bundle of its own.

use crate::error::LoadError;
use crate::{builtins, calls, metadata};
use meshgate_core::evaluate::Shared;
use meshgate_core::limits::EvaluationLimits;
use meshgate_core::rule::{Rule, RuleId};
use regorus::{Engine, PolicyLengthConfig};
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex};

/// One Rego file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its file as messages name it.
    pub file: String,
    /// Its text.
    pub text: String,
}

impl Module {
    /// Says whether the module holds tests, by its name (`…_test.rego`).
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.file.ends_with("_test.rego")
    }
}

/// A loaded bundle.
pub struct Bundle {
    pub(crate) engine: Engine,
    pub(crate) rules: Vec<Rule>,
    /// The path of each rule's findings, in the order of `rules`.
    pub(crate) paths: Vec<String>,
    pub(crate) limits: EvaluationLimits,
    pub(crate) raw: bool,
    /// What the inputs of a run share, as the interpreter has it.
    pub(crate) shared: Mutex<Option<(Arc<Shared>, regorus::Value)>>,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Bundle {
    /// Says that its rules want the document itself as `input`, without a model.
    #[must_use]
    pub const fn with_raw_input(mut self, raw: bool) -> Self {
        self.raw = raw;
        self
    }

    /// Loads modules (tests are left out) and data documents.
    ///
    /// # Errors
    /// Every module that does not parse, every rule without METADATA or `findings`, recursion, data that conflicts.
    pub fn load(
        modules: &[Module],
        data: &[serde_json::Value],
        limits: EvaluationLimits,
    ) -> Result<Self, Vec<LoadError>> {
        let mut errors = Vec::new();
        let mut rules = Vec::new();
        let live: Vec<&Module> = modules.iter().filter(|module| !module.is_test()).collect();
        let (mut engine, parsed) = compile(&live, data, false, &mut errors);
        errors.extend(modules.iter().filter(|module| module.is_test()).filter_map(disguised));
        for (module, package) in parsed {
            let elsewhere = !package.starts_with("data.meshgate.rules.");
            if elsewhere && engine.has_declared_rule_rooted_at(&module.file, "findings").unwrap_or(false) {
                let message =
                    format!("defines `findings` in `{package}`, where nobody looks: a rule is `meshgate.rules.…`");
                errors.push(LoadError::new(&module.file, message));
            }
            match rule_of(module, &package) {
                Ok(Some(rule)) => rules.push(rule),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        rules.sort_by(|a: &Rule, b| a.id.cmp(&b.id));
        for (a, b) in rules.iter().zip(rules.iter().skip(1)) {
            if a.id == b.id {
                let message = format!("rule `{}` is defined in {} too; a rule is one file", a.id, a.origin);
                errors.push(LoadError::new(&b.origin, message));
            }
        }
        let paths: Vec<String> = rules.iter().map(|rule| format!("data.meshgate.rules.{}.findings", rule.id)).collect();
        if errors.is_empty() {
            prepare(&mut engine, &rules, &paths, &mut errors);
        }
        if errors.is_empty() {
            Ok(Self { engine, rules, paths, limits, raw: false, shared: Mutex::default() })
        } else {
            Err(errors)
        }
    }
}

/// Parses modules and checks them; returns the engine and the package of each module.
pub(crate) fn compile<'a>(
    modules: &[&'a Module],
    data: &[serde_json::Value],
    strict: bool,
    errors: &mut Vec<LoadError>,
) -> (Engine, Vec<(&'a Module, String)>) {
    let mut engine = Engine::new();
    // regorus' defaults refuse a certificate in a policy, and raise builtin errors that OPA makes undefined.
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col: NonZeroU32::new(65_536).unwrap_or(NonZeroU32::MIN),
        max_file_bytes: NonZeroUsize::new(4 << 20).unwrap_or(NonZeroUsize::MIN),
        max_lines: NonZeroUsize::new(200_000).unwrap_or(NonZeroUsize::MIN),
    });
    engine.set_strict_builtin_errors(strict);
    if let Err(error) = builtins::install(&mut engine, strict) {
        errors.push(LoadError::new("builtins", error.to_string()));
    }
    let mut packages = Vec::new();
    for module in modules {
        match engine.add_policy(module.file.clone(), module.text.clone()) {
            Ok(package) => packages.push((*module, package)),
            Err(error) => errors.push(LoadError::of_regorus(&module.file, &error.to_string())),
        }
    }
    for document in data {
        if let Err(error) = engine.add_data(document.clone().into()) {
            errors.push(LoadError::of_regorus("data", &error.to_string()));
        }
    }
    errors.extend(calls::check(engine.get_modules().iter().map(AsRef::as_ref)));
    (engine, packages)
}

/// A rule in a file that is named like a test would silently not apply.
fn disguised(module: &Module) -> Option<LoadError> {
    let rule = module.text.lines().any(|line| line.starts_with("findings contains"));
    rule.then(|| LoadError::new(&module.file, "defines `findings`, but is named like a test: rename the file"))
}

/// Returns the rule that a module defines, if its package is one of a rule.
fn rule_of(module: &Module, package: &str) -> Result<Option<Rule>, LoadError> {
    let Some(id) = package.strip_prefix("data.meshgate.rules.") else { return Ok(None) };
    let id = RuleId::parse(id).map_err(|error| LoadError::new(&module.file, error.to_string()))?;
    metadata::rule(id, &module.file, &module.text).map(Some)
}

/// What regorus only finds when it prepares (unsafe variables, unknown functions) and a package without `findings` are
/// found here, not at the first descriptor.
fn prepare(engine: &mut Engine, rules: &[Rule], paths: &[String], errors: &mut Vec<LoadError>) {
    for (rule, path) in rules.iter().zip(paths) {
        let (_, root) = path.rsplit_once('.').unwrap_or_default();
        if !engine.has_declared_rule_rooted_at(&rule.origin, root).unwrap_or(false) {
            let message = format!("rule `{}` defines no `findings`: write `findings contains {{…}} if {{…}}`", rule.id);
            errors.push(LoadError::new(&rule.origin, message));
        }
    }
    // A query of nothing makes regorus prepare; the rules themselves are not run, they might not end.
    if let (true, Err(error)) = (errors.is_empty(), engine.eval_query("true".to_owned(), false)) {
        errors.push(LoadError::of_regorus("bundle", &error.to_string()));
    }
}
