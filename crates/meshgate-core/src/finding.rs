//! Remarks, as evaluators make them, and findings, as reports show them.
//!
//! Deliberately absent: how a finding is drawn.

use crate::pointer::Pointer;
use crate::rule::{RuleId, Source};
use crate::severity::{Enforcement, Severity};
use crate::span::{Lines, Range, Span};
use crate::waiver::Waived;
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
    /// What tells it from others of its rule at its place, as JSON. Without it the message does, where the rule is not ours.
    pub key: Option<String>,
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
    /// The line that the place begins on, for renderers that draw it; `None` when the file has no text.
    pub excerpt: Option<Excerpt>,
}

/// One line of a file, and what to underline in it. A report holds these instead of whole files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line; a very long one is cut around the place.
    pub text: Box<str>,
    /// Its number, from 1.
    pub line: usize,
    /// The bytes of `text` to underline.
    pub start: usize,
    /// Where they end.
    pub end: usize,
    /// Is the beginning of the line cut away?
    pub cut: bool,
}

/// Bytes of a line that are kept on either side of its place, when the line is longer than `WHOLE`.
const MARGIN: usize = 200;
const WHOLE: usize = 1000;

impl Excerpt {
    /// Cuts the line of a place out of a text. A place of many lines is underlined on its first.
    #[must_use]
    pub fn of(text: &str, lines: &Lines, span: Span, line: usize) -> Option<Self> {
        let at = span.start.min(text.len());
        let Span { start, end } = lines.line(text, at);
        let start = if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start };
        let start = start.min(at);
        let whole = text.get(start..end.max(start))?;
        let from = (at - start).min(whole.len());
        let to = span.end.saturating_sub(start).clamp(from, whole.len());
        let cut_start = if from <= WHOLE { 0 } else { floor(whole, from.saturating_sub(MARGIN)) };
        let cut_end = floor(whole, to.min(from + MARGIN).saturating_add(MARGIN).min(whole.len()));
        let kept = whole.get(cut_start..cut_end)?;
        let end = (to - cut_start).min(kept.len());
        let cut = cut_start > 0;
        Some(Self { text: kept.into(), line, start: from - cut_start, end: floor(kept, end), cut })
    }
}

/// The nearest character boundary at or before an index.
fn floor(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
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
    /// What it was accepted by.
    pub waiver: Option<Waived>,
    /// Who may waive it, as patterns; empty where nobody is named, or nobody may.
    pub approvers: Vec<String>,
    /// The same for the same remark about the same thing, whatever lines, positions in lists and our words do; hexadecimal.
    /// Several findings may have one: they are counted.
    pub fingerprint: String,
    /// The fingerprint as the first edition made it, of the message: for what was written then.
    pub fingerprint_v1: String,
    /// Does it shut the gate?
    pub denies: bool,
    /// Is it absent from what the run compares with? `None` where nothing is compared.
    pub new: Option<bool>,
}

/// Another place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub location: Location,
    /// What to write under it.
    pub message: String,
}
