//! Test Anything Protocol 14: a test point for each file and rule that looked at it.
//!
//! Deliberately absent: subtests; consumers of TAP 13 read this too.

use crate::suites;
use crate::summary::{one_line, place};
use meshgate_core::report::Report;
use serde_json::json;
use std::fmt::Write;

/// Renders a report.
#[must_use]
pub fn render(report: &Report) -> String {
    let suites = suites::of(report);
    let all: usize = suites.values().map(|suite| suite.cases.len()).sum();
    let mut text = format!("TAP version 14\n1..{all}\n");
    let mut number = 0;
    for (file, suite) in &suites {
        for (rule, case) in &suite.cases {
            number += 1;
            let name = format!("{} {}", escape(file), escape(rule));
            let failed = case.fails() || !case.faults.is_empty();
            let directive = if !failed && case.is_waived() { " # SKIP waived" } else { "" };
            let _ = writeln!(text, "{} {number} - {name}{directive}", if failed { "not ok" } else { "ok" });
            if case.findings.is_empty() && case.faults.is_empty() {
                continue;
            }
            // JSON is YAML, and needs no care for what a message holds.
            text.push_str("  ---\n");
            for finding in &case.findings {
                let waived = finding.waiver.as_ref().map(meshgate_core::waiver::Waived::line);
                let said = json!({"at": place(finding), "severity": finding.severity.as_str(),
                    "message": finding.message, "help": finding.help, "waived": waived});
                let _ = writeln!(text, "  - {said}");
            }
            for fault in &case.faults {
                let said = json!({"fault": fault.kind.as_str(), "message": fault.message});
                let _ = writeln!(text, "  - {said}");
            }
            text.push_str("  ...\n");
        }
    }
    text
}

/// A `#` would begin a directive.
fn escape(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('#', "\\#")
}
