//! Waivers: the time-bound acceptance of a finding. A waived finding is shown, and does not deny.
//!
//! Deliberately absent: faults and diagnostics; nothing that was not judged can be accepted. How a waiver is written and
//! what it covers is the engine's.

use crate::date::Date;

/// Why a finding is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaiverKind {
    /// Somebody approved it, for a time.
    Waiver,
    /// It stands in the baseline, or in the version compared with: it is not new.
    Known,
    /// An `exception` of a conftest policy.
    Exception,
}

impl WaiverKind {
    /// Returns the word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiver => "waiver",
            Self::Known => "known",
            Self::Exception => "exception",
        }
    }
}

/// What a finding was accepted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// Of which kind.
    pub kind: WaiverKind,
    /// Why it is acceptable.
    pub reason: String,
    /// Who accepted it.
    pub approver: Option<String>,
    /// The last day on which it is accepted.
    pub expires: Option<Date>,
    /// Where it was discussed.
    pub ticket: Option<String>,
    /// Where the waiver is written: `file:line:column`, a file, or what was compared with.
    pub origin: String,
}

impl Waived {
    /// Returns one line for people: why, by whom, until when.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = self.reason.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut said = Vec::new();
        said.extend(self.approver.as_ref().map(|approver| format!("approved by {approver}")));
        said.extend(self.expires.map(|day| format!("until {day}")));
        said.extend(self.ticket.clone());
        if !said.is_empty() {
            line = format!("{line} ({})", said.join(", "));
        }
        line
    }
}
