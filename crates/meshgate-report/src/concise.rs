//! One line a finding: `file:line:column: severity[rule] message`, as compilers have it and editors read it.
//!
//! Deliberately absent: help; `meshgate explain RULE` has it.

use crate::summary::{line, one_line, place};
use meshgate_core::report::Report;
use meshgate_core::severity::Enforcement;
use std::fmt::Write;

/// Renders a report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let (at, severity, rule) = (place(finding), finding.severity, &finding.rule);
        let _ = write!(text, "{at}: {severity}[{rule}] {}", one_line(&finding.message));
        let mut marks = Vec::new();
        if finding.enforcement != Enforcement::Block {
            marks.push(finding.enforcement.as_str().to_owned());
        }
        if finding.new == Some(true) {
            marks.push("new".to_owned());
        }
        marks.extend(finding.waiver.as_ref().map(|waiver| format!("waived: {}", one_line(&waiver.line()))));
        if !marks.is_empty() {
            let _ = write!(text, " ({})", marks.join("; "));
        }
        text.push('\n');
    }
    for fault in &report.faults {
        let file = fault.file.as_deref().map(|file| format!("{}: ", one_line(file))).unwrap_or_default();
        let (rule, kind) = (one_line(&fault.rule), fault.kind);
        let _ = writeln!(text, "{file}fault[{rule}] {kind}: {}", one_line(&fault.message));
    }
    text.push_str(&line(report));
    text.push('\n');
    text
}
