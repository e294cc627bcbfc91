//! From remarks, violations and diagnostics to findings: the file, the rule's severity, the line, what to do.
//!
//! Deliberately absent: judgement; nothing is added to or taken from what was said.

mod fingerprint;

use crate::config::Said;
use crate::embedded;
use fingerprint::{Apart, Descriptor};
use meshgate_core::finding::{Excerpt, Finding, Location, Related, Remark};
use meshgate_core::pointer::{Place, Pointer};
use meshgate_core::rule::{Rule, RuleId, Source};
use meshgate_core::severity::{Enforcement, Severity};
use meshgate_core::span::{Lines, Span};
use meshgate_descriptor::{Descriptor as Joined, Diagnostic, Focus, Violation};
use serde_json::Value;
use std::cell::OnceCell;
use std::rc::Rc;

/// One file that findings are placed in.
pub struct Located<'a> {
    file: &'a str,
    text: &'a str,
    lines: Rc<OnceCell<Lines>>,
}

impl<'a> Located<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, lines: Rc::default() }
    }

    pub fn location(&self, pointer: Pointer, span: Span) -> Location {
        let lines = self.lines.get_or_init(|| Lines::of(self.text));
        let range = lines.range(self.text, span);
        let excerpt = Excerpt::of(self.text, lines, span, range.start.line);
        Location { file: self.file.to_owned(), pointer, span, range, excerpt }
    }

    /// Makes a remark of the law of layers and waivers.
    pub fn governance(&self, rule: &'static str, severity: Severity, span: Span, said: Said) -> Finding {
        Finding {
            rule: RuleId::foreign(rule),
            severity,
            enforcement: Enforcement::Block,
            fingerprint: fingerprint::of(rule, Descriptor::File(self.file), &[], Apart::Nothing),
            fingerprint_v1: fingerprint::of_v1(rule, self.file, &[], &said.message),
            message: said.message,
            location: self.location(Pointer::root(), span),
            label: said.label,
            help: Some(said.help),
            docs: None,
            related: Vec::new(),
            fix: None,
            source: Source::Governance,
            waiver: None,
            approvers: Vec::new(),
            denies: severity == Severity::Error,
            new: None,
        }
    }

    /// Makes a finding of what the reader could not read.
    pub fn diagnostic(&self, diagnostic: Diagnostic) -> Finding {
        Finding {
            rule: RuleId::foreign(diagnostic.rule),
            severity: Severity::Error,
            enforcement: Enforcement::Block,
            fingerprint: fingerprint::of(diagnostic.rule, Descriptor::File(self.file), &[], Apart::Nothing),
            fingerprint_v1: fingerprint::of_v1(diagnostic.rule, self.file, &[], &diagnostic.message),
            message: diagnostic.message,
            location: self.location(Pointer::root(), diagnostic.span),
            label: None,
            help: Some(diagnostic.help),
            docs: None,
            related: Vec::new(),
            fix: None,
            source: Source::Read,
            waiver: None,
            approvers: Vec::new(),
            denies: true,
            new: None,
        }
    }
}

/// What was said, as far as it makes a fingerprint.
struct Told<'a> {
    rule: &'a str,
    key: Option<&'a str>,
    message: &'a str,
    is_ours: bool,
}

/// The files of one descriptor.
pub struct Locator<'a> {
    descriptor: &'a Joined,
    parts: Vec<Located<'a>>,
    /// What the descriptor is called, wherever its file lies.
    id: Option<&'a str>,
    /// The documents as values, made when a finding is in one.
    values: Vec<OnceCell<Value>>,
}

impl<'a> Locator<'a> {
    /// The lines of the file itself are known to all of its descriptors.
    pub fn new(descriptor: &'a Joined, file: &Located<'_>, id: Option<&'a str>) -> Self {
        let mut parts: Vec<Located<'a>> =
            descriptor.parts().iter().map(|part| Located::new(&part.file, part.document.text())).collect();
        if let Some(own) = parts.first_mut() {
            own.lines = Rc::clone(&file.lines);
        }
        let values = parts.iter().map(|_| OnceCell::new()).collect();
        Self { descriptor, parts, id, values }
    }

    fn at(&self, part: usize, pointer: Pointer, span: Span) -> Location {
        match self.parts.get(part).or_else(|| self.parts.first()) {
            Some(located) => located.location(pointer, span),
            None => Located::new("", "").location(pointer, span),
        }
    }

    fn place(&self, place: &Place) -> (usize, Location) {
        match self.descriptor.locate(place) {
            Some((part, pointer)) => {
                let span = self.descriptor.span(part, &pointer);
                (part, self.at(part, pointer, span))
            }
            // A place in a file that is not at hand is shown at the top of the descriptor that led there.
            None => (0, self.at(0, Pointer::root(), self.descriptor.span(0, &Pointer::root()))),
        }
    }

    /// What makes a finding the same tomorrow; and what did in the first edition.
    fn fingerprints(&self, part: usize, location: &Location, said: &Told<'_>) -> [String; 2] {
        let value = self.values.get(part).zip(self.descriptor.parts().get(part));
        let value = value.map(|(value, part)| value.get_or_init(|| part.document.to_value()));
        let path = fingerprint::path(value.unwrap_or(&Value::Null), &location.pointer);
        let own = match part {
            0 => self.id,
            // A contract that a product refers to is the same contract when it is judged for itself.
            _ => value.and_then(|value| value.get("id")?.as_str()),
        };
        let descriptor = own.map_or(Descriptor::File(&location.file), Descriptor::Id);
        let apart = match said.key {
            Some(key) => Apart::Key(key),
            None if said.is_ours => Apart::Nothing,
            None => Apart::Message(said.message),
        };
        let (Descriptor::Id(name) | Descriptor::File(name)) = descriptor;
        [fingerprint::of(said.rule, descriptor, &path, apart), fingerprint::of_v1(said.rule, name, &path, said.message)]
    }

    /// The id of the document in a file that the descriptor refers to.
    pub fn id_in(&self, file: &str) -> Option<&str> {
        let part = self.parts.iter().skip(1).position(|part| part.file == file)? + 1;
        let value = self.values.get(part)?.get()?;
        value.get("id")?.as_str()
    }

    /// Makes a finding of a rule's remark.
    pub fn remark(&self, rule: &Rule, remark: Remark) -> Finding {
        let related = remark
            .related
            .into_iter()
            .map(|related| Related { location: self.place(&related.place).1, message: related.message });
        let (part, location) = self.place(&remark.place);
        let told = Told {
            rule: remark.rule.as_str(),
            key: remark.key.as_deref(),
            message: &remark.message,
            is_ours: embedded::is_own(rule),
        };
        let [fingerprint, fingerprint_v1] = self.fingerprints(part, &location, &told);
        Finding {
            severity: rule.severity,
            enforcement: Enforcement::Block,
            fingerprint,
            fingerprint_v1,
            message: remark.message,
            location,
            // A label is one line under a place.
            label: remark.label.map(|label| label.split_whitespace().collect::<Vec<_>>().join(" ")),
            help: rule.remedy.clone(),
            docs: rule.related.first().cloned(),
            related: related.collect(),
            fix: remark.fix,
            source: rule.source,
            rule: remark.rule,
            waiver: None,
            approvers: Vec::new(),
            denies: false,
            new: None,
        }
    }

    /// Makes a finding of what a part of the descriptor could not be read for.
    pub fn diagnostic(&self, part: usize, diagnostic: Diagnostic) -> Finding {
        match self.parts.get(part) {
            Some(located) => located.diagnostic(diagnostic),
            None => Located::new("", "").diagnostic(diagnostic),
        }
    }

    /// Makes a finding of a violation of the standard's schema.
    pub fn violation(&self, violation: Violation, severity: Severity) -> Finding {
        let document = self.descriptor.parts().get(violation.part).map(|part| &part.document);
        let span = document.map(|document| match &violation.focus {
            Focus::Pointer => document.span(&violation.pointer),
            Focus::Value(pointer) => document.span(pointer),
            Focus::Key(pointer) => document.key_span(pointer),
        });
        let location = self.at(violation.part, violation.pointer, span.unwrap_or_default());
        let (rule, key) = (violation.rule, violation.key.as_deref());
        let told = Told { rule, key, message: &violation.message, is_ours: true };
        let [fingerprint, fingerprint_v1] = self.fingerprints(violation.part, &location, &told);
        Finding {
            fingerprint,
            fingerprint_v1,
            rule: RuleId::foreign(violation.rule),
            severity,
            enforcement: Enforcement::Block,
            message: violation.message,
            location,
            label: None,
            help: violation.help,
            docs: None,
            related: Vec::new(),
            fix: None,
            source: Source::Schema,
            waiver: None,
            approvers: Vec::new(),
            denies: false,
            new: None,
        }
    }
}
