//! The counts of a report, in one place for every renderer.
//!
//! Deliberately absent: words; each renderer has its own.

use meshgate_core::report::Report;
use meshgate_core::severity::Severity;

/// Counts of findings.
pub struct Summary {
    pub errors: usize,
    pub warnings: usize,
    pub infos: usize,
}

impl Summary {
    pub fn of(report: &Report) -> Self {
        let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), infos: count(Severity::Info) }
    }
}
