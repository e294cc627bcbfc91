//! From the results of files to the report: order, what is known already, what is to be said of waivers, the verdict.
//!
//! Deliberately absent: looking at descriptors.

use super::options::{Outcome, WaiverReport};
use crate::builtin::BUILTINS;
use crate::engine::Engine;
use crate::governance::Chain;
use crate::judge::{FileResult, Run};
use crate::layers::Layers;
use crate::waivers::{Standing, Use, Waiver};
use meshgate_core::date::Date;
use meshgate_core::decide::Verdict;
use meshgate_core::fault::FaultKind;
use meshgate_core::finding::Finding;
use meshgate_core::model::Format;
use meshgate_core::report::Report;
use meshgate_core::rule::{Rule, RuleId};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError};

/// Days before its end from which a waiver is said to expire soon, where the configuration does not say.
const SOON_DAYS: u32 = 30;

/// What is known of the whole run.
pub(super) struct Whole<'a> {
    pub day: Date,
    pub run: &'a Run<'a>,
    pub layers: Option<&'a Layers>,
    /// Is it the whole mesh that was looked at?
    pub complete: bool,
    /// May it be that there is no descriptor to judge?
    pub nothing_wanted: bool,
    pub notes: Vec<String>,
}

impl Engine {
    pub(super) fn conclude(&self, results: Vec<FileResult>, mut errors: Vec<String>, whole: Whole<'_>) -> Outcome {
        let mut report = Report {
            verdict: Verdict::Allow,
            descriptors: Vec::new(),
            skipped: 0,
            rules: self.rules.len(),
            catalogue: Arc::clone(&self.catalogue),
            findings: Vec::new(),
            faults: self.load_faults.clone(),
        };
        let (mut judged, mut deselected) = (false, false);
        let mut lower: BTreeMap<RuleId, Rule> = BTreeMap::new();
        for result in results {
            judged |= result.judged;
            deselected |= result.deselected;
            report.skipped += result.skipped;
            report.descriptors.extend(result.descriptors);
            report.findings.extend(result.findings);
            report.faults.extend(result.faults);
            errors.extend(result.unread);
            lower.extend(result.rules.into_iter().map(|rule| (rule.id.clone(), rule)));
        }
        let chains = whole.layers.map(Layers::chains).unwrap_or_default();
        let chains: Vec<&Chain> =
            if chains.is_empty() { vec![&*self.chain] } else { chains.into_iter().map(|chain| &**chain).collect() };
        let waivers = waivers(&chains, &whole, &mut report.findings);
        report.rules += lower.keys().filter(|id| !self.catalogue.contains_key(*id)).count();
        let spoke: HashSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
        let own = BUILTINS.iter().filter(|builtin| spoke.contains(builtin.id));
        lower.extend(own.map(|builtin| builtin.rule()).map(|rule| (rule.id.clone(), rule)));
        if !lower.is_empty() {
            let mut catalogue = (*self.catalogue).clone();
            catalogue.extend(lower);
            report.catalogue = Arc::new(catalogue);
        }
        report.normalise();
        let denied = report.descriptors.iter().any(|descriptor| descriptor.verdict == Verdict::Deny);
        if denied || !report.faults.is_empty() || report.findings.iter().any(|finding| finding.denies) {
            report.verdict = Verdict::Deny;
        }
        if report.faults.iter().any(|fault| fault.kind == FaultKind::Load) {
            errors.push("not everything could be loaded; see the faults of kind `load`".to_owned());
        }
        if report.descriptors.is_empty() && whole.nothing_wanted {
            // Nothing to judge is what was asked for.
        } else if report.descriptors.is_empty() {
            let skipped = match report.skipped {
                0 => String::new(),
                1 => "; 1 file is of no known format".to_owned(),
                n => format!("; {n} files are of no known format"),
            };
            let known: Vec<&str> = Format::STANDARDS.iter().map(|format| format.title()).collect();
            errors.push(format!(
                "no descriptor found{skipped}: name a file of a known standard ({}), or a folder that holds one",
                known.join(", ")
            ));
        } else if report.descriptors.iter().all(|one| one.format.is_none() || one.looked.is_empty()) && deselected {
            errors.push("the configuration (`select`, `enforcement`) leaves no rule for any of these files: nothing was checked".to_owned());
        } else if !judged && report.findings.is_empty() && errors.is_empty() {
            errors.push("no rule applies to any of these files: nothing was checked".to_owned());
        }
        // A gate that could not do its job is not open.
        if !errors.is_empty() {
            report.verdict = Verdict::Deny;
        }
        let mut notes = whole.notes;
        notes.extend(self.unsaid(&chains, whole.run));
        errors.dedup();
        Outcome { report, errors, notes, waivers, left_out: 0 }
    }

    /// Says which selections ask for what the caller did not say.
    fn unsaid(&self, chains: &[&Chain], run: &Run<'_>) -> Vec<String> {
        let (mut stages, mut events) = (HashSet::new(), HashSet::new());
        for chain in chains {
            for (number, layer) in chain.layers.iter().enumerate() {
                for rule in layer.rules() {
                    let (stage, event) = chain.plan(number, &rule.id).map(|plan| plan.asks()).unwrap_or_default();
                    stages.extend(stage.then_some(&rule.id));
                    events.extend(event.then_some(&rule.id));
                }
            }
        }
        let mut notes = Vec::new();
        for (what, asked, said) in
            [("stage", stages.len(), &run.context.stage), ("event", events.len(), &run.context.event)]
        {
            if said.is_none() && asked > 0 {
                let rules = if asked == 1 { "1 rule is".to_owned() } else { format!("{asked} rules are") };
                notes.push(format!(
                    "no --{what} is given: {rules} selected by {what}, and left out where only that fits"
                ));
            }
        }
        notes
    }
}

/// What is to be said of waivers, for the report and for whoever asks.
fn waivers(chains: &[&Chain], whole: &Whole<'_>, findings: &mut Vec<Finding>) -> Vec<WaiverReport> {
    let used = whole.run.waivers.lock().unwrap_or_else(PoisonError::into_inner);
    let mut reports: BTreeMap<String, WaiverReport> = BTreeMap::new();
    for chain in chains {
        for layer in &chain.layers {
            let policy = &layer.config.waiver;
            let soon = i64::from(policy.soon_days.unwrap_or(SOON_DAYS));
            for waiver in &layer.waivers {
                let mut now = used.get(&waiver.origin).cloned().unwrap_or_default();
                // Where all is there, what it speaks of is not.
                now.in_view |= whole.complete;
                let standing = chain.standing(layer, waiver, whole.day);
                findings.extend(waiver.remark(&standing, &now, soon));
                reports.entry(waiver.origin.clone()).or_insert_with(|| told(waiver, &standing, &now, soon, whole.day));
            }
        }
    }
    reports.into_values().collect()
}

fn told(waiver: &Waiver, standing: &Standing, now: &Use, soon: i64, day: Date) -> WaiverReport {
    let entry = &waiver.entry;
    let mut scope = Vec::new();
    for (what, pattern) in
        [("product", &entry.product), ("file", &entry.file), ("pointer", &entry.pointer), ("column", &entry.column)]
    {
        scope.extend(pattern.as_ref().map(|pattern| format!("{what} {pattern}")));
    }
    let (state, why) = match standing {
        Standing::Expired => ("expired", None),
        Standing::Refused(why) => ("refused", Some(why.clone())),
        Standing::Active(_) if now.in_view && now.findings.is_empty() => ("unused", None),
        Standing::Active(left) if *left <= soon => ("soon", None),
        Standing::Active(_) => ("active", None),
    };
    WaiverReport {
        rule: entry.rule.to_string(),
        scope,
        reason: entry.reason.clone(),
        approver: entry.approver.clone(),
        expires: entry.expires.0,
        ticket: entry.ticket.clone(),
        origin: waiver.origin.clone(),
        state,
        why,
        days_left: day.days_until(entry.expires.0),
        findings: now.findings.len(),
        in_view: now.in_view,
    }
}
