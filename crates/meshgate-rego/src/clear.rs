//! Making the record of clearance: the inputs that a bundle's own tests give are put to every rule that they test, in both
//! gears.
//!
//! Deliberately absent: inputs of our own making. What no test gives an answer for is not cleared.

use crate::bundle::Bundle;
use crate::clearance::Clearance;
use crate::compiled::compile;
use crate::error::LoadError;
use crate::evaluate::guarded_at;
use crate::gears::{Difference, Gear, GearSettings};
use crate::options::{Module, Options};
use crate::probe;
use regorus::{Engine, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What became of the entry points of a bundle.
#[derive(Debug, Clone, Default)]
pub struct Cleared {
    /// The record.
    pub record: Clearance,
    /// Entry points on which the gears differed.
    pub differences: Vec<Difference>,
    /// Entry points that tests ask for and that are not cleared, and why.
    pub not: BTreeMap<String, String>,
}

impl Bundle {
    /// Puts the inputs of the tests among the modules to the rules that they test, in both gears.
    ///
    /// # Errors
    /// What does not load.
    pub fn clear(modules: &[Module], data: &[Value], options: impl Into<Options>) -> Result<Cleared, Vec<LoadError>> {
        let mut options: Options = options.into();
        options.gears = GearSettings { fast: true, shadow: 0, compare: 0.0, warm_up: 0 };
        options.limits.rule_deadline = options.limits.rule_deadline.max(std::time::Duration::from_secs(5));
        let bundle = Self::load(modules, data, options.clone())?;
        let mut errors = Vec::new();
        let all: Vec<&Module> = modules.iter().collect();
        let tests = Options { world: true, ..options };
        let compiled = compile(&all, data, &tests, &BTreeSet::new(), &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut cleared = Cleared { record: Clearance::of(modules, data), ..Cleared::default() };
        let mut answered: BTreeMap<String, bool> = BTreeMap::new();
        for (path, input) in probe::inputs(modules, &compiled, &tests) {
            if !bundle.index.rules.contains_key(&path) {
                continue;
            }
            let agreed = bundle.gears.agree(&path, &input, &bundle.asked(false), |moment| {
                let mut engine: Engine = bundle.engine.clone();
                engine.set_input(input.clone());
                let run = |engine: &mut Engine| engine.eval_rule(path.clone());
                guarded_at(moment, &mut engine, &bundle.options, &bundle.places, run)
            });
            match agreed {
                None => {
                    let reason = match bundle.gears.gear(&path, &bundle.asked(false)) {
                        Gear::Interpreter(reason) => reason.to_string(),
                        gear => gear.to_string(),
                    };
                    cleared.not.insert(path, reason);
                }
                Some(Ok(value)) => *answered.entry(path).or_default() |= says_something(&value),
                Some(Err(difference)) => {
                    cleared.not.insert(path, "the gears differ".to_owned());
                    cleared.differences.push(difference);
                }
            }
        }
        for (path, said) in answered {
            if cleared.not.contains_key(&path) {
                continue;
            }
            if said {
                cleared.record.cleared.insert(path);
            } else {
                cleared.not.insert(path, "no test has an input that it answers with a value".to_owned());
            }
        }
        Ok(cleared)
    }
}

/// An answer that is undefined or empty is none to agree on.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Undefined => false,
        Value::Set(items) => !items.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}
