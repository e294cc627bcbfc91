//! Remarks, as evaluators make them, and findings, as reports show them.
//!
//! Deliberately absent: how a finding is drawn.

use crate::pointer::Pointer;
use crate::rule::{RuleId, Source};
use crate::severity::{Enforcement, Severity};
use crate::span::{Range, Span};
use serde_json::Value;

/// A rule's remark about one place, before the host has found the line. Evaluators make these.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// The rule that speaks.
    pub rule: RuleId,
    /// The place: `<pointer>` or `<file>#<pointer>`.
    pub place: crate::pointer::Place,
    /// What is wrong: one fragment, lower case, no period.
    pub message: String,
    /// What to write under the underlined text.
    pub label: Option<String>,
    /// Other places that explain it.
    pub related: Vec<RelatedRemark>,
    /// How to mend it: a JSON Patch (RFC 6902).
    pub fix: Option<Value>,
}

/// Another place that explains a remark.
#[derive(Debug, Clone, PartialEq)]
pub struct RelatedRemark {
    /// The place.
    pub place: crate::pointer::Place,
    /// What to write under it.
    pub message: String,
}

/// Where a finding is: file, pointer and, when the file has text, the span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file as the report names it.
    pub file: String,
    /// The pointer that the rule named.
    pub pointer: Pointer,
    /// The bytes; a missing key is shown at its nearest parent.
    pub span: Span,
    /// The same in lines and columns.
    pub range: Range,
}

/// A finding: a remark with everything the host adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// How bad.
    pub severity: Severity,
    /// What the platform does about it.
    pub enforcement: Enforcement,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub location: Location,
    /// What to write under the underlined text.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// Where to read more.
    pub docs: Option<String>,
    /// Other places that explain it.
    pub related: Vec<Related>,
    /// How to mend it: a JSON Patch.
    pub fix: Option<Value>,
    /// What looked.
    pub source: Source,
}

/// Another place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub location: Location,
    /// What to write under it.
    pub message: String,
}
