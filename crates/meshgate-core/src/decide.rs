//! The decision: a pure function from findings and faults to a verdict.
//!
//! Deliberately absent: order, clock, state. Order of findings cannot matter, and adding one never turns deny into allow.

use crate::fault::Fault;
use crate::finding::Finding;
use crate::rule::Source;
use crate::severity::{Enforcement, Severity};

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The gate is open.
    Allow,
    /// The gate is shut.
    Deny,
}

impl Verdict {
    /// Returns the word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// Returns deny when either denies.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Allow, Self::Allow) => Self::Allow,
            _ => Self::Deny,
        }
    }
}

/// Says whether one finding denies: its severity is at or above the threshold, its enforcement is block, and it is not waived.
/// What could not be read always denies: nobody has judged it.
#[must_use]
pub fn denies(finding: &Finding, deny_at: Severity) -> bool {
    let blocks = finding.severity >= deny_at && finding.enforcement == Enforcement::Block;
    finding.source == Source::Read || (blocks && finding.waiver.is_none())
}

/// Decides. A fault denies: an evaluator that failed has not allowed.
#[must_use]
pub fn decide<'a>(findings: impl IntoIterator<Item = &'a Finding>, faults: &[Fault], deny_at: Severity) -> Verdict {
    if faults.is_empty() && !findings.into_iter().any(|finding| denies(finding, deny_at)) {
        Verdict::Allow
    } else {
        Verdict::Deny
    }
}

#[cfg(test)]
mod tests;
