//! Marks what was there before: in what is compared with, and in the baseline; and takes back what it denied.
//!
//! Deliberately absent: judgement. What is new keeps the verdict that it has.

use crate::baseline::{Baseline, can_be_known};
use crate::judge::{FileResult, Same, same};
use meshgate_core::decide::Verdict;
use meshgate_core::finding::Finding;
use meshgate_core::waiver::{Waived, WaiverKind};
use std::collections::HashSet;

/// What a run knows from before.
pub(super) struct Before<'a> {
    /// What was found in the version compared with.
    pub known: Option<&'a Baseline>,
    /// Do only findings deny that were not found there?
    pub new_only: bool,
    /// The baseline of the configuration.
    pub baseline: Option<&'a Baseline>,
}

/// Marks the findings of a run. All of it is needed at once: known findings are counted, whatever files they moved to.
pub(super) fn mark(results: &mut [FileResult], before: &Before<'_>) {
    let judged = |result: &FileResult| -> Vec<usize> {
        let all = result.judgements.iter().flat_map(|judgement| judgement.findings.clone());
        all.filter(|index| result.findings.get(*index).is_some_and(can_be_known)).collect()
    };
    let places: Vec<Vec<usize>> = results.iter().map(judged).collect();
    let findings: Vec<&Finding> = results
        .iter()
        .zip(&places)
        .flat_map(|(result, places)| places.iter().filter_map(|index| result.findings.get(*index)))
        .collect();
    let of = |baseline: Option<&Baseline>| baseline.map(|baseline| baseline.known(&findings));
    let (known, noted) = (of(before.known), of(before.baseline));
    if known.is_none() && noted.is_none() {
        return;
    }
    let is = |list: &Option<Vec<bool>>, at: usize| list.as_ref().and_then(|list| list.get(at).copied());
    // What a descriptor shares with others is marked once, where it is kept, and counts for all of them.
    let shared: HashSet<Same> =
        results.iter().flat_map(|one| &one.judgements).flat_map(|one| one.elsewhere.clone()).collect();
    let mut excused: HashSet<Same> = HashSet::new();
    let mut at = 0;
    for (result, places) in results.iter_mut().zip(places) {
        for index in places {
            if let Some(finding) = result.findings.get_mut(index) {
                let before_it = (!shared.is_empty() && finding.denies).then(|| same(finding));
                mark_one(finding, is(&known, at), is(&noted, at) == Some(true), before);
                excused.extend(before_it.filter(|same| !finding.denies && shared.contains(same)));
            }
            at += 1;
        }
    }
    for result in results {
        for judgement in result.judgements.iter().filter(|judgement| !judgement.shut) {
            let findings = result.findings.get(judgement.findings.clone()).unwrap_or_default();
            if let Some(descriptor) = result.descriptors.get_mut(judgement.descriptor)
                && !findings.iter().any(|finding| finding.denies)
                && judgement.elsewhere.iter().all(|same| excused.contains(same))
            {
                descriptor.verdict = Verdict::Allow;
            }
        }
    }
}

fn mark_one(finding: &mut Finding, known: Option<bool>, noted: bool, before: &Before<'_>) {
    if let Some(known) = known {
        finding.new = Some(!known);
        if let Some(by) = before.known.filter(|_| known && before.new_only) {
            finding.waiver.get_or_insert_with(|| known_in(&by.name));
        }
    }
    if let Some(baseline) = before.baseline.filter(|_| noted) {
        finding.new = Some(false);
        finding.waiver.get_or_insert_with(|| known_in(&baseline.name));
    }
    if finding.waiver.is_some() {
        finding.denies = false;
        finding.approvers.clear();
    }
}

fn known_in(name: &str) -> Waived {
    Waived {
        kind: WaiverKind::Known,
        reason: format!("known: it is in {name}"),
        approver: None,
        expires: None,
        ticket: None,
        origin: name.to_owned(),
    }
}
