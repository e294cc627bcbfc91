//! Keys that a schema does not forbid and does not know: most likely misspelt, and then without any effect.
//!
//! Deliberately absent: a verdict. A misspelt key in an open map is valid; it is only not what its author meant.

use super::shape::{Choice, Record, Shape, Version};
use super::validate::{Focus, Violation};
use super::words;
use crate::descriptor::Descriptor;
use crate::hash::HashSet;
use crate::tree::{Entry, NodeId, NodeValue, Tree};
use meshgate_core::pointer::Pointer;

/// Returns the keys that look misspelt, in the document and the files that it refers to.
pub fn misspelt(descriptor: &Descriptor, version: &Version) -> Vec<Violation> {
    let Some(document) = descriptor.document(0) else { return Vec::new() };
    let tree = document.tree();
    let mut lint = Lint { descriptor, part: 0, tree, version, found: Vec::new(), seen: HashSet::default(), looks: 0 };
    lint.value(&[version.definition(version.root)], tree.root, &Pointer::root());
    lint.found
}

struct Lint<'a> {
    descriptor: &'a Descriptor,
    part: usize,
    tree: &'a Tree,
    version: &'a Version,
    found: Vec<Violation>,
    /// An alias is looked at once.
    seen: HashSet<(usize, NodeId)>,
    /// Unknown keys that were compared with the known ones.
    looks: usize,
}

/// Unknown keys that are compared: a document of many thousands has not misspelt them.
const LOOKS_MAX: usize = 10_000;

impl<'a> Lint<'a> {
    fn value(&mut self, shapes: &[&'a Shape], id: NodeId, pointer: &Pointer) {
        if !self.seen.insert((self.part, self.tree.resolved(id))) {
            return;
        }
        let target = self.descriptor.link(self.part, id);
        if let Some((target, document)) =
            target.and_then(|target| Some((target, self.descriptor.document(target.part)?)))
        {
            let back = (self.part, self.tree);
            (self.part, self.tree) = (target.part, document.tree());
            self.value(shapes, target.id, &target.pointer);
            (self.part, self.tree) = back;
        }
        match self.tree.value(id) {
            Some(NodeValue::List(items)) => {
                let mut of_items = Vec::new();
                shapes.iter().for_each(|shape| items_of(shape, self.version, &mut of_items));
                if !of_items.is_empty() {
                    for (index, id) in items.iter().enumerate() {
                        self.value(&of_items, *id, &pointer.index(index));
                    }
                }
            }
            Some(value @ NodeValue::Map(entries)) => {
                let mut known = Vec::new();
                shapes.iter().for_each(|shape| records(shape, self.version, self.tree, value, &mut known));
                if !known.is_empty() {
                    self.map(&known, entries, pointer);
                }
            }
            _ => {}
        }
    }

    fn map(&mut self, records: &[&'a Record], entries: &'a [Entry], pointer: &Pointer) {
        let open = !records.iter().any(|record| record.closed || record.sealed);
        // A map of free keys has no misspelt ones; `x-` keys are meant to be free.
        let named = records.iter().any(|record| !record.fields.is_empty());
        let mut absent: Option<Vec<&str>> = None;
        for entry in entries {
            let mut shapes = Vec::new();
            for record in records {
                shapes.extend(record.field(&entry.key).map(|field| &field.shape));
                let matching = record.patterns.iter().filter(|(pattern, _)| pattern.matches(&entry.key));
                shapes.extend(matching.map(|(_, shape)| shape));
            }
            if shapes.is_empty() {
                if open && named {
                    // A key that is there too is not the one that was meant.
                    let absent = absent.get_or_insert_with(|| {
                        let present: HashSet<&str> = entries.iter().map(|entry| &*entry.key).collect();
                        let fields = records.iter().flat_map(|record| &record.fields).map(|field| &*field.key);
                        fields.filter(|key| !present.contains(key)).collect()
                    });
                    self.unknown(absent, entry, pointer);
                }
                shapes.extend(records.iter().filter_map(|record| record.rest.as_ref()));
            }
            if !shapes.is_empty() {
                self.value(&shapes, entry.value, &pointer.key(&entry.key));
            }
        }
    }

    fn unknown(&mut self, absent: &[&'a str], entry: &Entry, pointer: &Pointer) {
        self.looks += 1;
        if self.looks > LOOKS_MAX {
            return;
        }
        if let Some(near) = words::nearest(&entry.key, absent.iter().copied()) {
            let place = pointer.key(&entry.key);
            self.found.push(Violation {
                rule: "schema.misspelt_key",
                part: self.part,
                pointer: place.clone(),
                focus: Focus::Key(place),
                message: format!("`{}` is no key of the standard, and has no effect", words::short(&entry.key)),
                help: Some(format!("did you mean `{near}`?")),
                key: None,
            });
        }
    }
}

fn items_of<'a>(shape: &'a Shape, version: &'a Version, found: &mut Vec<&'a Shape>) {
    match shape {
        Shape::List { item, .. } => found.push(item),
        Shape::Definition(id) => items_of(version.definition(*id), version, found),
        Shape::AnyOf(all) | Shape::OneOf(all) | Shape::AllOf(all) => {
            all.iter().for_each(|shape| items_of(shape, version, found));
        }
        _ => {}
    }
}

/// Collects every record that may speak of a map, alternatives included.
pub(super) fn records<'a>(
    shape: &'a Shape,
    version: &'a Version,
    tree: &Tree,
    value: &NodeValue,
    found: &mut Vec<&'a Record>,
) {
    match shape {
        Shape::Definition(id) => records(version.definition(*id), version, tree, value, found),
        Shape::AnyOf(all) | Shape::OneOf(all) | Shape::AllOf(all) => {
            all.iter().for_each(|shape| records(shape, version, tree, value, found));
        }
        Shape::Record(record) => {
            if let NodeValue::Map(entries) = value {
                of_record(record, version, tree, entries, found);
            }
        }
        _ => {}
    }
}

/// Collects a record and its parts.
pub(super) fn of_record<'a>(
    record: &'a Record,
    version: &'a Version,
    tree: &Tree,
    entries: &[Entry],
    found: &mut Vec<&'a Record>,
) {
    found.push(record);
    let parts = record.extends.iter().chain(&record.is).chain(record.conditions.iter().map(|(_, then)| then));
    let chosen = record.choices.iter().flat_map(|choice| cases(choice, entries, tree));
    let shapes: Vec<&'a Shape> = parts.chain(chosen).collect();
    for shape in shapes {
        match shape {
            Shape::Definition(id) => of_shape(version.definition(*id), version, tree, entries, found),
            other => of_shape(other, version, tree, entries, found),
        }
    }
}

fn of_shape<'a>(shape: &'a Shape, version: &'a Version, tree: &Tree, entries: &[Entry], found: &mut Vec<&'a Record>) {
    match shape {
        Shape::Record(record) => of_record(record, version, tree, entries, found),
        Shape::Definition(id) => of_shape(version.definition(*id), version, tree, entries, found),
        Shape::AnyOf(all) | Shape::OneOf(all) | Shape::AllOf(all) => {
            all.iter().for_each(|shape| of_shape(shape, version, tree, entries, found));
        }
        _ => {}
    }
}

/// The cases of a choice that hold for these entries.
pub(super) fn cases<'a>(
    choice: &'a Choice,
    entries: &[Entry],
    tree: &Tree,
) -> impl Iterator<Item = &'a Shape> + use<'a> {
    let entry = entries.iter().find(|entry| *entry.key == *choice.key);
    let word = match entry.and_then(|entry| tree.value(entry.value)) {
        Some(NodeValue::Text(text)) => Some(text),
        _ => None,
    };
    let one = word.and_then(|word| choice.cases.get(word));
    let all = (choice.vacuous && entry.is_none()).then(|| choice.cases.values());
    one.into_iter().chain(all.into_iter().flatten())
}
