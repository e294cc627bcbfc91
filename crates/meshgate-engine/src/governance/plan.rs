//! What is planned for one rule: where it applies, and what is done about its findings, on any day and in any stage.
//!
//! Deliberately absent: descriptors; a plan is made once for all of them.

use super::{LayerRules, Subject, any};
use crate::config::{Config, Enforced, Where};
use crate::pattern::Pattern;
use meshgate_core::date::Date;
use meshgate_core::rule::{Lifecycle, Rule, RuleId};
use meshgate_core::severity::Enforcement;
use std::sync::Arc;

/// The plan of one rule.
pub struct Plan {
    own: Enforced,
    lifecycle: Lifecycle,
    effective_on: Option<Date>,
    lower: Vec<Lower>,
    /// Of each group one must fit.
    selections: Vec<Vec<Where>>,
}

/// What a lower layer says of it.
struct Lower {
    by: Arc<LayerRules>,
    pattern: Pattern,
    enforced: Enforced,
    delegated: bool,
}

/// A lower layer's wish for less than what holds.
pub struct Loosening<'a> {
    pub by: &'a LayerRules,
    pub pattern: &'a Pattern,
    pub wanted: Enforcement,
    pub held: Enforcement,
}

impl Plan {
    pub fn new(rule: &Rule, own: Enforced) -> Self {
        Self {
            own,
            lifecycle: rule.lifecycle,
            effective_on: rule.effective_on,
            lower: Vec::new(),
            selections: Vec::new(),
        }
    }

    /// Adds what a configuration says of where the rule applies.
    pub fn select(&mut self, config: &Config, rule: &RuleId) {
        let named = config.select.iter().filter(|selection| any(&selection.rules, rule.as_str()));
        let group: Vec<Where> = named.map(|selection| selection.place.clone()).collect();
        if !group.is_empty() {
            self.selections.push(group);
        }
    }

    pub fn lower(&mut self, by: &Arc<LayerRules>, pattern: &Pattern, enforced: &Enforced, delegated: bool) {
        self.lower.push(Lower { by: Arc::clone(by), pattern: pattern.clone(), enforced: enforced.clone(), delegated });
    }

    /// What the owner does, before lower layers: what a rule says of itself bounds it.
    fn owner(&self, stage: Option<&str>, today: Date) -> Enforcement {
        let said = self.own.at(stage, today);
        let most = match (self.lifecycle, self.effective_on) {
            (Lifecycle::Draft, _) => Enforcement::Audit,
            (_, Some(day)) if today < day => Enforcement::Warn,
            _ => Enforcement::Block,
        };
        if said.strictness() <= most.strictness() { said } else { most }
    }

    /// What is done about its findings.
    pub fn enforcement(&self, stage: Option<&str>, today: Date) -> Enforcement {
        let mut held = self.owner(stage, today);
        for lower in &self.lower {
            let wanted = lower.enforced.at(stage, today);
            if lower.delegated || wanted.strictness() > held.strictness() {
                held = wanted;
            }
        }
        held
    }

    /// What lower layers wish and may not.
    pub fn loosening(&self, stage: Option<&str>, today: Date) -> Vec<Loosening<'_>> {
        let mut held = self.owner(stage, today);
        let mut found = Vec::new();
        for Lower { by, pattern, enforced, delegated } in &self.lower {
            let wanted = enforced.at(stage, today);
            if *delegated || wanted.strictness() >= held.strictness() {
                held = wanted;
            } else {
                found.push(Loosening { by, pattern, wanted, held });
            }
        }
        found
    }

    /// Says why the rule does not apply, if it does not.
    pub fn deselected(&self, subject: &Subject<'_>) -> Option<String> {
        self.selections.iter().find_map(|group| {
            let reasons: Option<Vec<String>> = group.iter().map(|place| subject.misfit(place)).collect();
            reasons.map(|reasons| reasons.join("; nor there: "))
        })
    }

    /// Does any selection of it ask for the stage, or for the event?
    pub fn asks(&self) -> (bool, bool) {
        let all = || self.selections.iter().flatten();
        (all().any(|place| place.stage.is_some()), all().any(|place| place.event.is_some()))
    }
}
