//! A document against a schema: JSON Schema's verdicts and pointers, in a data engineer's words.
//!
//! A violation's pointer is the one that a JSON Schema validator names (a missing key: its parent; no alternative fits:
//! the value that has the alternatives). Its focus is the place to look at, often deeper.
//!
//! Deliberately absent: fixing; the document is read, never changed.

use super::lint::cases;
use super::shape::{Record, Shape, Version};
use super::words;
use crate::descriptor::{Descriptor, Target};
use crate::document::Document;
use crate::hash::{HashMap, HashSet};
use crate::tree::{Entry, NodeId, NodeValue};
use meshgate_core::pointer::Pointer;

/// Entries of a map that is looked through rather than hashed.
const SMALL: usize = 16;

/// Violations of one document that are told; the rest is counted.
const VIOLATIONS_MAX: usize = 1000;

/// One way in which a document breaks its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// A rule id of the category `schema`.
    pub rule: &'static str,
    /// The file it is in: a part of the descriptor.
    pub part: usize,
    /// What breaks the schema, as a JSON Schema validator names it.
    pub pointer: Pointer,
    /// Where to look.
    pub focus: Focus,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The key that is missing, or too much: it tells violations of one place apart.
    pub key: Option<String>,
}

/// The place to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Focus {
    /// The value of the violation's pointer.
    Pointer,
    /// Another value.
    Value(Pointer),
    /// A key.
    Key(Pointer),
}

/// Returns what breaks the schema in the document itself, and then in the files that it refers to.
pub fn violations(descriptor: &Descriptor, version: &Version) -> (Vec<Violation>, Vec<Violation>) {
    let Some(document) = descriptor.document(0) else { return (Vec::new(), Vec::new()) };
    let mut check = Check {
        descriptor,
        part: 0,
        document,
        version,
        base: Pointer::root(),
        steps: Vec::new(),
        quiet: 0,
        failed: false,
        found: Vec::new(),
        more: 0,
        seen: HashSet::default(),
        verdicts: HashMap::default(),
        referred: Vec::new(),
    };
    check.shape(version.definition(version.root), document.tree().root);
    let own = check.take();
    while let Some((definition, target)) = check.referred.pop() {
        let Some(document) = descriptor.document(target.part) else { continue };
        check.part = target.part;
        check.document = document;
        check.base = target.pointer;
        check.definition(definition, target.id);
    }
    (own, check.take())
}

/// How far an alternative is from a value: another type, a reference that is none, keys it does not know, violations.
type Distance = (bool, bool, usize, usize);

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

struct Check<'a> {
    descriptor: &'a Descriptor,
    part: usize,
    document: &'a Document,
    version: &'a Version,
    /// Where the check of this part begins.
    base: Pointer,
    steps: Vec<Step<'a>>,
    /// Above zero, only the verdict matters.
    quiet: usize,
    failed: bool,
    found: Vec<Violation>,
    more: usize,
    /// Definitions that were told about a value: a schema that names one twice, or an alias, says it once.
    seen: HashSet<(usize, usize, NodeId)>,
    /// What is known of definitions and values, so that nested alternatives do not cost their product.
    verdicts: HashMap<(usize, usize, NodeId), bool>,
    /// Values in other files, and what they must be.
    referred: Vec<(usize, Target)>,
}

impl<'a> Check<'a> {
    fn pointer(&self) -> Pointer {
        self.steps.iter().fold(self.base.clone(), |pointer, step| match step {
            Step::Key(key) => pointer.key(key),
            Step::Index(index) => pointer.index(*index),
        })
    }

    fn take(&mut self) -> Vec<Violation> {
        let mut found = std::mem::take(&mut self.found);
        if self.more > 0 {
            found.push(Violation {
                rule: "schema.too_many",
                part: self.part,
                pointer: Pointer::root(),
                focus: Focus::Pointer,
                message: format!("{} more values break the schema", self.more),
                help: None,
                key: None,
            });
            self.more = 0;
        }
        found
    }

    fn fail(&mut self, violation: impl FnOnce(&Self) -> Violation) {
        self.failed = true;
        if self.quiet > 0 {
            return;
        }
        if self.found.len() >= VIOLATIONS_MAX {
            self.more += 1;
        } else {
            let violation = violation(self);
            self.found.push(violation);
        }
    }

    fn fail_here(&mut self, rule: &'static str, message: impl FnOnce(&Self) -> String, help: Option<String>) {
        self.fail(|check| Violation {
            rule,
            part: check.part,
            pointer: check.pointer(),
            focus: Focus::Pointer,
            message: message(check),
            help,
            key: None,
        });
    }

    /// A violation that is about a key of the value at hand.
    fn about(&self, rule: &'static str, key: &str, message: String, help: Option<String>) -> Violation {
        let (part, pointer) = (self.part, self.pointer());
        let focus = Focus::Key(pointer.key(key));
        Violation { rule, part, pointer, focus, message, help, key: Some(key.to_owned()) }
    }

    /// Says whether a value fits, and nothing more.
    fn fits(&mut self, shape: &'a Shape, id: NodeId) -> bool {
        let failed = std::mem::replace(&mut self.failed, false);
        self.quiet += 1;
        self.shape(shape, id);
        self.quiet -= 1;
        !std::mem::replace(&mut self.failed, failed)
    }

    fn label(&self) -> String {
        let mut label = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Index(index) => label = format!("[{index}]{label}"),
                Step::Key(key) => {
                    label.insert_str(0, key);
                    return format!("`{label}`");
                }
            }
        }
        if label.is_empty() { "the document".to_owned() } else { format!("`{label}`") }
    }

    fn shape(&mut self, shape: &'a Shape, id: NodeId) {
        let Some(value) = self.document.tree().value(id) else { return };
        match shape {
            Shape::Any => {}
            Shape::Definition(definition) => self.definition(*definition, id),
            Shape::Record(record) => self.record(record, id, value),
            Shape::AllOf(all) => all.iter().for_each(|shape| self.shape(shape, id)),
            Shape::AnyOf(all) => {
                if !all.iter().any(|shape| self.fits(shape, id)) {
                    self.no_alternative(all, id, value);
                }
            }
            Shape::OneOf(all) => match all.iter().filter(|shape| self.fits(shape, id)).count() {
                1 => {}
                0 => self.no_alternative(all, id, value),
                _ => {
                    let wanted = |check: &Self| words::alternatives(all, check.version);
                    self.fail_here(
                        "schema.ambiguous",
                        |check| format!("{} is more than one of: {}", check.label(), wanted(check)),
                        Some("write the keys of one of them".to_owned()),
                    );
                }
            },
            Shape::List { item, min, max, unique } => {
                let NodeValue::List(items) = value else { return self.wrong_type(shape, id) };
                if items.len() < *min || items.len() > *max {
                    self.fail_here(
                        "schema.wrong_length",
                        |check| {
                            let many = words::many(*min, *max, "element");
                            format!("{} expects {many}, found {}", check.label(), items.len())
                        },
                        None,
                    );
                }
                if *unique && !distinct(self.document, items) {
                    self.fail_here("schema.repeated", |check| format!("{} repeats an element", check.label()), None);
                }
                for (index, id) in items.iter().enumerate() {
                    self.steps.push(Step::Index(index));
                    self.shape(item, *id);
                    self.steps.pop();
                }
            }
            scalar => self.scalar(scalar, id, value),
        }
    }

    fn scalar(&mut self, shape: &'a Shape, id: NodeId, value: &'a NodeValue) {
        match (shape, value) {
            (Shape::Null, NodeValue::Null) | (Shape::Boolean, NodeValue::Bool(_)) | (Shape::Map, NodeValue::Map(_)) => {
            }
            (Shape::Integer(bound) | Shape::Number(bound), NodeValue::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if matches!(shape, Shape::Integer(_)) && number.fract() != 0.0 {
                    return self.wrong_type(shape, id);
                }
                let Some(bound) = bound else { return };
                let within = if bound.exclusive { number > bound.least } else { number >= bound.least };
                if !within {
                    let than = if bound.exclusive { "more than" } else { "at least" };
                    let message = |check: &Self| format!("{} expects {than} {}", check.label(), bound.least);
                    self.fail_here("schema.out_of_range", message, None);
                }
            }
            (Shape::Text { pattern, chars_max }, NodeValue::Text(text)) => {
                if chars_max.is_some_and(|max| text.chars().count() > max) {
                    let max = chars_max.unwrap_or_default();
                    let message = |check: &Self| format!("{} has more than {max} characters", check.label());
                    self.fail_here("schema.too_long", message, None);
                }
                if let Some(pattern) = pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
                    let help = Some(format!("the standard wants the form {}", pattern.source));
                    let message = |check: &Self| format!("{} does not have the form the standard wants", check.label());
                    self.fail_here("schema.wrong_form", message, help);
                }
            }
            (Shape::Words(known), NodeValue::Text(text)) => {
                if !known.iter().any(|word| **word == **text) {
                    let near = words::nearest(text, known.iter().map(|word| &**word));
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    let message = |check: &Self| {
                        format!("{} expects {}, found `{}`", check.label(), words::one_of(known), words::short(text))
                    };
                    self.fail_here("schema.unknown_value", message, help);
                }
            }
            _ => self.wrong_type(shape, id),
        }
    }

    fn wrong_type(&mut self, shape: &'a Shape, id: NodeId) {
        let Some(value) = self.document.tree().value(id) else { return };
        self.fail_here(
            "schema.wrong_type",
            |check| {
                let expected = words::expected(shape, check.version);
                format!("{} expects {expected}, found {}", check.label(), words::found(value))
            },
            words::type_help(shape, value, self.document, id),
        );
    }

    fn definition(&mut self, definition: usize, id: NodeId) {
        let shape = self.version.definition(definition);
        // An alias is another place of the same value: the value is what is remembered.
        let node = self.document.tree().resolved(id);
        if self.quiet > 0 {
            if let Some(fits) = self.verdicts.get(&(self.part, definition, node)) {
                self.failed |= !fits;
                return;
            }
            let fits = self.fits(shape, id);
            self.verdicts.insert((self.part, definition, node), fits);
            self.failed |= !fits;
        } else if self.seen.insert((self.part, definition, node)) {
            // What a reference to another file names is looked at when this file is done.
            let target = self.descriptor.link(self.part, node).filter(|target| target.part > 0);
            self.referred.extend(target.map(|target| (definition, target.clone())));
            self.shape(shape, id);
        }
    }

    /// No alternative fits: says what the nearest one lacks.
    fn no_alternative(&mut self, all: &'a [Shape], id: NodeId, value: &'a NodeValue) {
        self.failed = true;
        if self.quiet > 0 {
            return;
        }
        let mut nearest: Option<(Distance, Vec<Violation>)> = None;
        for shape in all {
            let (found, seen) = (std::mem::take(&mut self.found), std::mem::take(&mut self.seen));
            let referred = self.referred.len();
            self.shape(shape, id);
            let of_shape = std::mem::replace(&mut self.found, found);
            self.seen = seen;
            self.referred.truncate(referred);
            let here = self.pointer();
            let other_type = of_shape.iter().any(|v| v.rule == "schema.wrong_type" && v.pointer == here);
            let unknown = self.unknown_keys(shape, value);
            // What has no `$ref` is no reference that lacks one.
            let reference = of_shape.iter().any(|v| v.pointer == here && v.message.ends_with("has no `$ref`"));
            let score = (other_type, reference, unknown, of_shape.len());
            if nearest.as_ref().is_none_or(|(best, _)| score < *best) {
                nearest = Some((score, of_shape));
            }
        }
        let Some(((other_type, ..), violations)) = nearest else { return };
        let keys = words::sole_keys(all, self.version);
        let none = |entries: &[Entry]| entries.iter().all(|entry| !keys.contains(&&*entry.key));
        if matches!(value, NodeValue::Map(entries) if keys.len() > 2 && none(entries)) {
            let message = |check: &Self| format!("{} needs one of {}", check.label(), words::listed(&keys));
            return self.fail_here("schema.missing_key", message, None);
        }
        match violations.into_iter().next() {
            // What the nearest alternative lacks, at the place that has the alternatives.
            Some(first) if !other_type => self.fail(|check| {
                let pointer = check.pointer();
                let focus = match first.focus {
                    Focus::Pointer if first.pointer != pointer => Focus::Value(first.pointer),
                    focus => focus,
                };
                Violation { pointer, focus, ..first }
            }),
            _ => self.fail_here(
                "schema.wrong_type",
                |check| {
                    let wanted = words::alternatives(all, check.version);
                    format!("{} expects {wanted}, found {}", check.label(), words::found(value))
                },
                None,
            ),
        }
    }

    /// Counts the keys of a map that an alternative does not know.
    fn unknown_keys(&mut self, shape: &'a Shape, value: &'a NodeValue) -> usize {
        let NodeValue::Map(entries) = value else { return 0 };
        let mut records = Vec::new();
        super::lint::records(shape, self.version, self.document.tree(), value, &mut records);
        if records.is_empty() {
            return entries.len();
        }
        entries.iter().filter(|entry| !records.iter().any(|record| record.field(&entry.key).is_some())).count()
    }

    fn record(&mut self, record: &'a Record, id: NodeId, value: &'a NodeValue) {
        let NodeValue::Map(entries) = value else {
            if !record.only_maps {
                self.fail_here(
                    "schema.wrong_type",
                    |check| format!("{} expects a map, found {}", check.label(), words::found(value)),
                    None,
                );
            }
            return;
        };
        let has = |key: &str| entries.iter().any(|entry| *entry.key == *key);
        let required = record.fields.iter().filter(|field| field.required).map(|field| &field.key);
        for key in required.chain(&record.needs).filter(|key| !has(key)) {
            let help = Some(words::missing_help(record, key, self.version));
            self.fail(|check| Violation {
                focus: Focus::Pointer,
                ..check.about("schema.missing_key", key, format!("{} has no `{key}`", check.label()), help)
            });
        }
        if record.forbids.len() == 1 && record.forbids.iter().all(|key| has(key)) {
            for key in &record.forbids {
                self.fail(|check| {
                    let message = format!("{} cannot have `{key}` here", check.label());
                    check.about("schema.unknown_key", key, message, Some(format!("take `{key}` away")))
                });
            }
        }
        if entries.len() < record.entries_min {
            let many = words::many(record.entries_min, usize::MAX, "key");
            self.fail_here("schema.wrong_length", |check| format!("{} expects {many}", check.label()), None);
        }
        for entry in entries {
            self.entry(record, entry);
        }
        for shape in record.extends.iter().chain(&record.is) {
            self.shape(shape, id);
        }
        for (condition, then) in &record.conditions {
            if self.fits(condition, id) {
                self.shape(then, id);
            }
        }
        for choice in &record.choices {
            for shape in cases(choice, entries, self.document.tree()) {
                self.shape(shape, id);
            }
        }
        if record.closed || record.sealed {
            self.strangers(record, id, entries);
        }
    }

    fn entry(&mut self, record: &'a Record, entry: &'a Entry) {
        if let Some(names) = record.names.as_ref().filter(|names| !names.matches(&entry.key)) {
            self.fail(|check| Violation {
                rule: "schema.wrong_form",
                part: check.part,
                pointer: check.pointer(),
                focus: Focus::Key(check.pointer().key(&entry.key)),
                message: format!("key `{}` does not have the form the standard wants", words::short(&entry.key)),
                help: Some(format!("the standard wants the form {}", names.source)),
                key: Some(entry.key.to_string()),
            });
        }
        self.steps.push(Step::Key(&entry.key));
        let field = record.field(&entry.key).map(|field| &field.shape);
        let patterns = record.patterns.iter().filter(|(pattern, _)| pattern.matches(&entry.key));
        let mut known = false;
        for shape in field.into_iter().chain(patterns.map(|(_, shape)| shape)) {
            known = true;
            self.shape(shape, entry.value);
        }
        if let Some(rest) = record.rest.as_ref().filter(|_| !known) {
            self.shape(rest, entry.value);
        }
        self.steps.pop();
    }

    /// Keys that a record without room for others does not know.
    fn strangers(&mut self, record: &'a Record, id: NodeId, entries: &'a [Entry]) {
        let mut known = Vec::new();
        if record.sealed && !record.closed {
            self.evaluated(record, id, entries, &mut known);
        } else {
            own(record, entries, &mut known);
        }
        let strangers: Vec<&'a Entry> = if entries.len() <= SMALL {
            entries.iter().filter(|entry| !known.contains(&&*entry.key)).collect()
        } else {
            let known: HashSet<&str> = known.into_iter().collect();
            entries.iter().filter(|entry| !known.contains(&*entry.key)).collect()
        };
        if strangers.is_empty() || self.quiet > 0 {
            self.failed |= !strangers.is_empty();
            return;
        }
        // Keys that belong to a part which does not fit are no strangers: the part's own violation is the news.
        let mut holding = Vec::new();
        self.holding(record, id, entries, &mut holding);
        let mut declared: Vec<&str> = holding.iter().flat_map(|r| &r.fields).map(|field| &*field.key).collect();
        declared.sort_unstable();
        declared.dedup();
        let (misfits, strangers): (Vec<_>, Vec<_>) =
            strangers.into_iter().partition(|entry| declared.contains(&&*entry.key));
        let here = self.pointer();
        let told = self.found.iter().any(|violation| violation.part == self.part && violation.pointer == here);
        if strangers.is_empty() && !misfits.is_empty() && !told {
            let message = |check: &Self| format!("{} does not fit the standard as a whole", check.label());
            self.fail_here("schema.misfit", message, Some("mend what else is said of it".to_owned()));
        }
        let present: HashSet<&str> = entries.iter().map(|entry| &*entry.key).collect();
        let free: Vec<&str> = declared.iter().copied().filter(|key| !present.contains(key)).collect();
        for stranger in strangers {
            // Beyond what is told, they are only counted.
            if self.found.len() >= VIOLATIONS_MAX {
                self.failed = true;
                self.more += 1;
                continue;
            }
            let key = words::short(&stranger.key);
            let elsewhere = words::elsewhere(&holding, &stranger.key, self.version);
            self.fail(|check| {
                let (message, help) = match elsewhere {
                    Some(where_else) => (format!("{} cannot have `{key}` as it is", check.label()), where_else),
                    None => (
                        format!("{} has no key `{key}` in this standard", check.label()),
                        words::unknown_help(&stranger.key, &free, &declared),
                    ),
                };
                check.about("schema.unknown_key", &stranger.key, message, Some(help))
            });
        }
    }

    /// A record and those of its parts that speak of these entries, whether they fit or not.
    fn holding(&mut self, record: &'a Record, id: NodeId, entries: &'a [Entry], found: &mut Vec<&'a Record>) {
        found.push(record);
        let mut parts: Vec<&'a Shape> = record.extends.iter().chain(&record.is).collect();
        parts.extend(record.conditions.iter().filter(|(condition, _)| self.fits(condition, id)).map(|(_, then)| then));
        parts.extend(record.choices.iter().flat_map(|choice| cases(choice, entries, self.document.tree())));
        while let Some(part) = parts.pop() {
            match part {
                Shape::Definition(definition) => parts.push(self.version.definition(*definition)),
                Shape::Record(record) => self.holding(record, id, entries, found),
                Shape::AnyOf(all) | Shape::OneOf(all) | Shape::AllOf(all) => parts.extend(all),
                _ => {}
            }
        }
    }

    /// The keys that a record and those of its parts that hold look at: JSON Schema's "evaluated" properties.
    fn evaluated(&mut self, record: &'a Record, id: NodeId, entries: &'a [Entry], known: &mut Vec<&'a str>) {
        own(record, entries, known);
        for shape in &record.extends {
            self.evaluated_by(shape, id, entries, known);
        }
        for shape in &record.is {
            if self.fits(shape, id) {
                self.evaluated_by(shape, id, entries, known);
            }
        }
        for (condition, then) in &record.conditions {
            if self.fits(condition, id) && self.fits(then, id) {
                self.evaluated_by(condition, id, entries, known);
                self.evaluated_by(then, id, entries, known);
            }
        }
        for choice in &record.choices {
            let mut any = false;
            for shape in cases(choice, entries, self.document.tree()) {
                if self.fits(shape, id) {
                    any = true;
                    self.evaluated_by(shape, id, entries, known);
                }
            }
            if any {
                known.push(&choice.key);
            }
        }
    }

    fn evaluated_by(&mut self, shape: &'a Shape, id: NodeId, entries: &'a [Entry], known: &mut Vec<&'a str>) {
        match shape {
            Shape::Definition(definition) => {
                let shape = self.version.definition(*definition);
                self.evaluated_by(shape, id, entries, known);
            }
            Shape::Record(record) => self.evaluated(record, id, entries, known),
            Shape::AnyOf(all) | Shape::OneOf(all) | Shape::AllOf(all) => {
                for shape in all {
                    if self.fits(shape, id) {
                        self.evaluated_by(shape, id, entries, known);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The keys that a record itself looks at.
fn own<'a>(record: &'a Record, entries: &'a [Entry], known: &mut Vec<&'a str>) {
    for entry in entries {
        let matches = || record.patterns.iter().any(|(pattern, _)| pattern.matches(&entry.key));
        if record.rest.is_some() || record.field(&entry.key).is_some() || matches() {
            known.push(&entry.key);
        }
    }
}

fn distinct(document: &Document, items: &[NodeId]) -> bool {
    let mut seen = HashSet::default();
    items.iter().all(|id| seen.insert(document.value_of(*id).to_string()))
}
