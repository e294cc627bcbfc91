//! The counts of a report and the words that every renderer has in common.
//!
//! Deliberately absent: markup; each renderer has its own.

use meshgate_core::decide::Verdict;
use meshgate_core::finding::Finding;
use meshgate_core::report::Report;
use meshgate_core::rule::Source;
use meshgate_core::severity::{Enforcement, Severity};

/// Counts of findings. What is waived is counted for itself.
pub struct Summary {
    pub errors: usize,
    pub warnings: usize,
    pub infos: usize,
    pub waived: usize,
}

impl Summary {
    pub fn of(report: &Report) -> Self {
        let mut counts = Self { errors: 0, warnings: 0, infos: 0, waived: 0 };
        for finding in &report.findings {
            match (&finding.waiver, finding.severity) {
                (Some(_), _) => counts.waived += 1,
                (None, Severity::Error) => counts.errors += 1,
                (None, Severity::Warning) => counts.warnings += 1,
                (None, Severity::Info) => counts.infos += 1,
            }
        }
        counts
    }

    /// The counts that are not zero: `2 errors, 1 waived`.
    pub fn words(&self) -> String {
        let mut said = Vec::new();
        for (count, one) in [(self.errors, "error"), (self.warnings, "warning"), (self.infos, "info")] {
            if count > 0 {
                said.push(many(count, one));
            }
        }
        if self.waived > 0 {
            said.push(format!("{} waived", self.waived));
        }
        if said.is_empty() { "no findings".to_owned() } else { said.join(", ") }
    }
}

/// The whole report in one line.
pub fn line(report: &Report) -> String {
    let skipped = match report.skipped {
        0 => String::new(),
        n => format!(" ({} of no known format skipped)", many(n, "file")),
    };
    let (descriptors, rules) = (many(report.descriptors.len(), "descriptor"), many(report.rules, "rule"));
    let faults = many(report.faults.len(), "fault");
    let (verdict, counts) = (verdict(report.verdict), Summary::of(report).words());
    format!("{verdict}: {counts} · {descriptors}{skipped}, {rules}, {faults}")
}

/// The verdict as people say it.
pub const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allowed",
        Verdict::Deny => "denied",
    }
}

pub fn many(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// How loud a finding is, where a format has only that: an error that does not block is a warning.
pub fn loudness(finding: &Finding) -> Severity {
    if finding.source == Source::Read {
        return Severity::Error;
    }
    let most = match finding.enforcement {
        _ if finding.waiver.is_some() => Severity::Info,
        Enforcement::Block => Severity::Error,
        Enforcement::Warn => Severity::Warning,
        Enforcement::Audit | Enforcement::Off => Severity::Info,
    };
    let own = if finding.denies { Severity::Error } else { finding.severity };
    own.min(most)
}

/// Why a finding at the threshold does not deny; `None` where nothing keeps it.
pub fn softened(finding: &Finding) -> Option<&'static str> {
    match finding.enforcement {
        _ if finding.source == Source::Read => None,
        Enforcement::Block => None,
        Enforcement::Warn => Some("does not deny: it is enforced as `warn`"),
        Enforcement::Audit | Enforcement::Off => Some("does not deny: it is enforced as `audit`"),
    }
}

/// Who may waive a finding.
pub fn waivable(finding: &Finding) -> String {
    format!("may be waived by {}", finding.approvers.join(" or "))
}

/// A text in one line.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A place, as `file:line:column`.
pub fn place(finding: &Finding) -> String {
    let at = finding.location.range.start;
    format!("{}:{}:{}", finding.location.file, at.line, at.column)
}
