//! The report: what a check found, ready to be rendered, and free of time so that equal inputs give equal bytes.
//!
//! Deliberately absent: `Serialize`. Wire shapes are versioned types of `meshgate-report`.

use crate::decide::Verdict;
use crate::fault::Fault;
use crate::finding::Finding;
use crate::rule::{Rule, RuleId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was found in one run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The whole verdict.
    pub verdict: Verdict,
    /// One entry for each descriptor, in the order of their files.
    pub descriptors: Vec<DescriptorReport>,
    /// Files of a folder that are in no known format.
    pub skipped: usize,
    /// Rules that were loaded.
    pub rules: usize,
    /// What is known of them, and of those of other layers that looked.
    pub catalogue: Arc<BTreeMap<RuleId, Rule>>,
    /// Findings, by file, line, column, rule, message.
    pub findings: Vec<Finding>,
    /// Faults, by file, rule, kind.
    pub faults: Vec<Fault>,
}

/// What was made of one descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorReport {
    /// The file as it was named.
    pub file: String,
    /// The format's short name; `None` when the text could not be read.
    pub format: Option<&'static str>,
    /// `data-product`, `data-contract` or `other`; `None` when the text could not be read.
    pub kind: Option<&'static str>,
    /// The product's or contract's id.
    pub id: Option<String>,
    /// Its own verdict.
    pub verdict: Verdict,
    /// What the standard's own schema says; `None` where none is checked.
    pub schema: Option<SchemaVerdict>,
    /// The domain that it belongs to.
    pub domain: Option<String>,
    /// The rules that looked at it, in the order of their ids.
    pub looked: Arc<[RuleId]>,
}

/// What a standard's own schema says of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaVerdict {
    /// It is valid.
    Valid,
    /// It is not.
    Invalid,
}

impl SchemaVerdict {
    /// Returns the word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
        }
    }
}

impl Report {
    /// Orders findings and faults, and drops findings that say the same of the same place.
    pub fn normalise(&mut self) {
        // Of the same finding for a contract and for its product the one counts that denies.
        self.findings.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| b.denies.cmp(&a.denies)));
        self.findings.dedup_by(|a, b| {
            a.rule == b.rule
                && a.location.file == b.location.file
                && a.location.pointer == b.location.pointer
                // Two documents of one file share pointers.
                && a.location.range == b.location.range
                && a.message == b.message
        });
        self.faults.sort();
        self.faults.dedup();
        self.descriptors.sort_by(|a, b| a.file.cmp(&b.file).then_with(|| a.id.cmp(&b.id)));
    }
}

fn key(finding: &Finding) -> (&str, crate::span::Range, &str, &str, &str) {
    let location = &finding.location;
    (&location.file, location.range, finding.rule.as_str(), &finding.message, location.pointer.as_str())
}
