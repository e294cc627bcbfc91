//! The report as formats for people print it: every text that others wrote is shown, so that none of it hides or commands.
//!
//! Deliberately absent: the formats for programs. They keep names and places as they are, in escapes of their own, and show
//! only what is read by people (see `shown` there).

use meshgate_core::finding::{Excerpt, Location};
use meshgate_core::pointer::Pointer;
use meshgate_core::report::Report;
use meshgate_core::rule::RuleId;
use meshgate_core::shown;
use std::borrow::Cow;

/// Returns the report with nothing hidden in its names, places and messages.
pub fn for_people(report: &Report) -> Report {
    let mut report = report.clone();
    for descriptor in &mut report.descriptors {
        line(&mut descriptor.file);
        descriptor.id.as_mut().map(line);
        descriptor.domain.as_mut().map(line);
        if descriptor.looked.iter().any(|rule| matches!(shown::line(rule.as_str()), Cow::Owned(_))) {
            let mut looked = descriptor.looked.to_vec();
            looked.iter_mut().for_each(id);
            descriptor.looked = looked.into();
        }
    }
    for finding in &mut report.findings {
        id(&mut finding.rule);
        text(&mut finding.message);
        place(&mut finding.location);
        finding.label.as_mut().map(text);
        finding.help.as_mut().map(text);
        finding.docs.as_mut().map(line);
        finding.approvers.iter_mut().for_each(line);
        for related in &mut finding.related {
            place(&mut related.location);
            text(&mut related.message);
        }
        if let Some(waiver) = &mut finding.waiver {
            text(&mut waiver.reason);
            waiver.approver.as_mut().map(line);
            waiver.ticket.as_mut().map(line);
            line(&mut waiver.origin);
        }
    }
    for fault in &mut report.faults {
        line(&mut fault.rule);
        text(&mut fault.message);
        fault.file.as_mut().map(line);
    }
    report
}

fn line(text: &mut String) {
    if let Cow::Owned(shown) = shown::line(text) {
        *text = shown;
    }
}

fn text(text: &mut String) {
    if let Cow::Owned(shown) = shown::text(text) {
        *text = shown;
    }
}

fn id(rule: &mut RuleId) {
    if let Cow::Owned(shown) = shown::line(rule.as_str()) {
        *rule = RuleId::foreign(shown);
    }
}

fn place(location: &mut Location) {
    line(&mut location.file);
    if let Cow::Owned(shown) = shown::line(location.pointer.as_str())
        && let Ok(pointer) = Pointer::parse(&shown)
    {
        location.pointer = pointer;
    }
    let Some(excerpt) = &mut location.excerpt else { return };
    if let Cow::Owned(_) = shown::text(&excerpt.text) {
        let part = |from: usize, to: usize| shown::text(excerpt.text.get(from..to).unwrap_or_default());
        let (before, marked) = (part(0, excerpt.start), part(excerpt.start, excerpt.end));
        let behind = part(excerpt.end, excerpt.text.len());
        let (start, end) = (before.len(), before.len() + marked.len());
        *excerpt = Excerpt { text: [before, marked, behind].concat().into(), start, end, ..excerpt.clone() };
    }
}

#[cfg(test)]
mod tests;
