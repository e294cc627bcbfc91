//! GitLab's code quality report: a list of issues, shown beside the lines of a merge request.
//!
//! Deliberately absent: what GitLab does not read.

use crate::summary::loudness;
use meshgate_core::report::Report;
use meshgate_core::severity::Severity;
use meshgate_core::shown;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Renders a report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut once = |fingerprint: String| {
        // GitLab drops issues that have the fingerprint of another one.
        let count = seen.entry(fingerprint.clone()).or_default();
        *count += 1;
        if *count == 1 { fingerprint } else { format!("{fingerprint}-{count}") }
    };
    let mut issues: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let severity = match loudness(finding) {
                Severity::Error if finding.denies => "blocker",
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Info => "info",
            };
            let waived = finding.waiver.as_ref().map(|waiver| format!(" (waived: {})", waiver.line()));
            json!({
                "description": shown::text(&format!("{}{}", finding.message, waived.unwrap_or_default())),
                "check_name": finding.rule.as_str(),
                "fingerprint": once(finding.fingerprint.clone()),
                "severity": severity,
                "location": {
                    "path": relative(&finding.location.file),
                    "lines": {"begin": finding.location.range.start.line, "end": finding.location.range.end.line}
                }
            })
        })
        .collect();
    issues.extend(report.faults.iter().map(|fault| {
        let file = fault.file.as_deref().unwrap_or("meshgate.yaml");
        json!({
            "description": shown::text(&format!("fault ({}): {}", fault.kind, fault.message)),
            "check_name": fault.rule,
            "fingerprint": once(format!("fault-{}-{}-{file}", fault.kind, fault.rule)),
            "severity": "blocker",
            "location": {"path": relative(file), "lines": {"begin": 1}}
        })
    }));
    // Plain data with string keys: serialisation cannot fail.
    shown::json(serde_json::to_string_pretty(&issues).unwrap_or_default() + "\n")
}

/// GitLab wants paths of the repository, without `./`.
fn relative(file: &str) -> &str {
    file.strip_prefix("./").unwrap_or(file)
}
