//! Annotations of GitHub Actions: workflow commands, one a finding. GitHub shows ten errors and ten warnings of a step; the
//! step's log has them all, and so has the summary (`markdown`).
//!
//! Deliberately absent: the step summary's file; who writes files knows where it is.

use crate::summary::{line, loudness};
use meshgate_core::report::Report;
use meshgate_core::severity::Severity;
use meshgate_core::shown;
use std::fmt::Write;

/// Renders a report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    let mut findings: Vec<_> = report.findings.iter().collect();
    // What denies is among the first ten.
    findings.sort_by_key(|finding| std::cmp::Reverse(loudness(finding)));
    for fault in &report.faults {
        let file = fault.file.as_deref().map(|file| format!(" file={},", property(file))).unwrap_or_default();
        let file = if file.is_empty() { " ".to_owned() } else { file };
        let title = property(&format!("fault: {}", fault.rule));
        let _ = writeln!(text, "::error{file}title={title}::{}", data(&format!("{}: {}", fault.kind, fault.message)));
    }
    for finding in findings {
        let command = match loudness(finding) {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let range = finding.location.range;
        let mut place = format!("file={},line={}", property(&finding.location.file), range.start.line);
        // GitHub wants columns only where the place ends on its line.
        if range.end.line == range.start.line {
            let end = range.end.column.saturating_sub(1).max(range.start.column);
            let _ = write!(place, ",col={},endColumn={end}", range.start.column);
        } else {
            let _ = write!(place, ",endLine={}", range.end.line);
        }
        let mut message = finding.message.clone();
        if let Some(waiver) = &finding.waiver {
            message = format!("waived: {message}\n{}", waiver.line());
        }
        if let Some(help) = &finding.help {
            message = format!("{message}\n{help}");
        }
        let title = property(finding.rule.as_str());
        let _ = writeln!(text, "::{command} {place},title={title}::{}", data(&message));
    }
    let _ = writeln!(text, "{}", line(report));
    text
}

fn data(text: &str) -> String {
    // Other systems read `##[…]` in the same log.
    shown::hashes(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"), "%23").into_owned()
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
