//! From remarks and diagnostics to findings: the rule's severity, the line, what to do.
//!
//! Deliberately absent: judgement; nothing is added to or taken from what was said.

use meshgate_core::finding::{Finding, Location, Related, Remark};
use meshgate_core::pointer::{Place, Pointer};
use meshgate_core::rule::{Rule, RuleId, Source};
use meshgate_core::severity::{Enforcement, Severity};
use meshgate_core::span::{Lines, Span};
use meshgate_descriptor::{Diagnostic, Document};

/// One file that findings are placed in.
pub struct Locator<'a> {
    pub file: &'a str,
    pub text: &'a str,
    pub lines: Lines,
}

impl<'a> Locator<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, lines: Lines::of(text) }
    }

    fn location(&self, pointer: Pointer, span: Span) -> Location {
        let range = self.lines.range(self.text, span);
        Location { file: self.file.to_owned(), pointer, span, range }
    }

    fn place(&self, document: &Document, place: &Place) -> Location {
        match &place.file {
            // A place in a file that is not at hand is shown at the top of the descriptor that led there.
            Some(file) if file != self.file => self.location(Pointer::root(), document.span(&Pointer::root())),
            _ => self.location(place.pointer.clone(), document.span(&place.pointer)),
        }
    }

    /// Makes a finding of a rule's remark.
    pub fn remark(&self, document: &Document, rule: &Rule, remark: Remark) -> Finding {
        let related = remark
            .related
            .into_iter()
            .map(|related| Related { location: self.place(document, &related.place), message: related.message });
        Finding {
            severity: rule.severity,
            enforcement: Enforcement::Block,
            message: remark.message,
            location: self.place(document, &remark.place),
            label: remark.label,
            help: rule.remedy.clone(),
            docs: rule.related.first().cloned(),
            related: related.collect(),
            fix: remark.fix,
            source: rule.source,
            rule: remark.rule,
        }
    }

    /// Makes a finding of what the reader could not read.
    pub fn diagnostic(&self, diagnostic: Diagnostic) -> Finding {
        Finding {
            rule: RuleId::foreign(diagnostic.rule),
            severity: Severity::Error,
            enforcement: Enforcement::Block,
            message: diagnostic.message,
            location: self.location(Pointer::root(), diagnostic.span),
            label: None,
            help: Some(diagnostic.help),
            docs: None,
            related: Vec::new(),
            fix: None,
            source: Source::Read,
        }
    }
}
