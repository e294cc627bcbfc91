//! Marks what was there before: in what is compared with, and in the baseline; and takes back what it denied.
//!
//! Deliberately absent: judgement. What is new keeps the verdict that it has.

use crate::baseline::{Baseline, can_be_known};
use crate::judge::{FileResult, Same, same};
use meshgate_core::decide::Verdict;
use meshgate_core::finding::Finding;
use meshgate_core::waiver::{Waived, WaiverKind};
use std::collections::HashSet;

/// Marks the findings of a run: what was found in the version compared with (`earlier`), which is waived when only what is
/// `new_only` denies; and what the baseline of the configuration has. All results are needed at once: known findings are
/// counted, whatever files they moved to.
pub(super) fn mark(
    results: &mut [FileResult],
    earlier: Option<&Baseline>,
    new_only: bool,
    baseline: Option<&Baseline>,
) {
    if earlier.is_none() && baseline.is_none() {
        return;
    }
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
    let (known, noted) = (of(earlier), of(baseline));
    // What a descriptor shares with others is marked once, where it is kept, and counts for all of them.
    let shared: HashSet<Same> =
        results.iter().flat_map(|one| &one.judgements).flat_map(|one| one.elsewhere.clone()).collect();
    let mut excused: HashSet<Same> = HashSet::new();
    let mut at = 0;
    for (result, places) in results.iter_mut().zip(places) {
        for index in places {
            if let Some(finding) = result.findings.get_mut(index) {
                let before = (!shared.is_empty() && finding.denies).then(|| same(finding));
                let is_known = known.as_ref().map(|known| known.contains(&at));
                let is_noted = noted.as_ref().is_some_and(|noted| noted.contains(&at));
                if is_known.is_some() || is_noted {
                    finding.new = Some(!(is_noted || is_known == Some(true)));
                }
                let waives = earlier.filter(|_| new_only && is_known == Some(true)).or(baseline.filter(|_| is_noted));
                if let Some(by) = waives {
                    finding.waiver.get_or_insert_with(|| known_in(&by.name));
                    finding.denies = false;
                    finding.approvers.clear();
                }
                excused.extend(before.filter(|same| !finding.denies && shared.contains(same)));
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
