//! Policy tests: every rule `test_…` of a `…_test.rego` file, which passes when it is true.
//!
//! Deliberately absent: coverage and tracing of failures.

use crate::bundle::{Bundle, Module, compile};
use crate::error::LoadError;
use crate::evaluate::guarded;
use meshgate_core::limits::EvaluationLimits;
use regorus::Value;
use regorus::unstable::{Rule, RuleHead};
use std::collections::BTreeSet;

/// What became of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// `<package>.<test>`, without `data.`.
    pub name: String,
    /// The file it is in.
    pub file: String,
    /// Did it pass?
    pub passed: bool,
    /// Why not.
    pub message: Option<String>,
}

impl Bundle {
    /// Runs the tests among the modules.
    ///
    /// # Errors
    /// What does not load.
    pub fn test(
        modules: &[Module],
        data: &[serde_json::Value],
        limits: EvaluationLimits,
    ) -> Result<Vec<TestResult>, Vec<LoadError>> {
        let mut errors = Vec::new();
        let all: Vec<&Module> = modules.iter().collect();
        let (mut engine, packages) = compile(&all, data, false, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let tests: Vec<(String, String)> = engine
            .get_modules()
            .iter()
            .zip(&packages)
            .filter(|(_, (module, _))| module.is_test())
            .flat_map(|(parsed, (module, package))| {
                let heads = parsed.policy.iter().filter_map(|rule| match rule.as_ref() {
                    Rule::Spec { head: RuleHead::Compr { refr, .. }, .. } => Some(refr.span().text().to_owned()),
                    _ => None,
                });
                let names: BTreeSet<String> = heads.filter(|name| name.starts_with("test_")).collect();
                names.into_iter().map(|name| (module.file.clone(), format!("{package}.{name}"))).collect::<Vec<_>>()
            })
            .collect();
        let run = |(file, path): (String, String)| {
            let mut engine = engine.clone();
            let outcome =
                guarded(&mut engine, limits.rule_deadline.max(MINIMUM), |engine| engine.eval_rule(path.clone()));
            let message = match outcome {
                Ok(Value::Bool(true)) => None,
                Ok(Value::Undefined) => Some("is undefined: one of its expressions is not true".to_owned()),
                Ok(value) => Some(format!("is {value}, not true")),
                Err(error) => Some(error.message),
            };
            let name = path.strip_prefix("data.").unwrap_or(&path).to_owned();
            TestResult { name, file, passed: message.is_none(), message }
        };
        Ok(tests.into_iter().map(run).collect())
    }
}

/// A test may take longer than a rule in production.
const MINIMUM: std::time::Duration = std::time::Duration::from_secs(5);
