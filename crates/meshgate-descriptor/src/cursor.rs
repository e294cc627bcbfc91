//! A place in a descriptor, with its pointer: what the formats walk a document with. References are followed on the way.
//!
//! Deliberately absent: what any key means; that is each format's table.

use crate::descriptor::Descriptor;
use crate::document::Document;
use crate::extract::Extract;
use crate::hash::HashSet;
use crate::tree::{Entry, NodeId, NodeValue};
use meshgate_core::pointer::Pointer;
use meshgate_core::span::Span;
use serde_json::Value;

/// A place in a descriptor. Where it stands in another file, its pointer is `<file>#<pointer>`.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    descriptor: &'a Descriptor,
    part: usize,
    id: NodeId,
    pointer: Pointer,
    /// What a reference beside other keys adds: the map's own keys win.
    under: Option<Box<Cursor<'a>>>,
}

impl<'a> Cursor<'a> {
    /// Enters a node, following its reference if it is one.
    pub(crate) fn enter(descriptor: &'a Descriptor, part: usize, id: NodeId, pointer: Pointer) -> Self {
        let Some(target) = descriptor.link(part, id) else {
            return Self { descriptor, part, id, pointer, under: None };
        };
        // Circles were taken out when the references were resolved: this ends.
        let overlay = target.overlay;
        let target = Self::enter(descriptor, target.part, target.id, target.pointer.clone());
        if overlay { Self { descriptor, part, id, pointer, under: Some(Box::new(target)) } } else { target }
    }

    fn value(&self) -> Option<&'a NodeValue> {
        self.descriptor.document(self.part)?.tree().value(self.id)
    }

    fn own(&self) -> &'a [Entry] {
        match self.value() {
            Some(NodeValue::Map(entries)) => entries,
            _ => &[],
        }
    }

    /// Returns the value of a key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        match self.own().iter().find(|entry| *entry.key == *key) {
            Some(entry) => Some(Self::enter(self.descriptor, self.part, entry.value, self.pointer.key(key))),
            None => self.under.as_ref()?.get(key),
        }
    }

    /// Returns the value at the end of a path of keys.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<Self> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.get(first)?, |cursor, key| cursor.get(key))
    }

    /// Returns the elements, if this is a list; nothing otherwise.
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let items: &[NodeId] = match self.value() {
            Some(NodeValue::List(items)) => items,
            _ => &[],
        };
        let (descriptor, part, pointer) = (self.descriptor, self.part, self.pointer.clone());
        items.iter().enumerate().map(move |(index, id)| Self::enter(descriptor, part, *id, pointer.index(index)))
    }

    /// Returns one element, if this is a list that has it.
    #[must_use]
    pub fn item(&self, index: usize) -> Option<Self> {
        let NodeValue::List(items) = self.value()? else { return None };
        Some(Self::enter(self.descriptor, self.part, *items.get(index)?, self.pointer.index(index)))
    }

    /// Returns the elements of the list under a key; nothing when it is no list.
    pub fn list(&self, key: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.get(key).into_iter().flat_map(|cursor| cursor.items())
    }

    /// Returns keys and values, if this is a map; nothing otherwise.
    #[must_use]
    pub fn entries(&self) -> Vec<(&'a str, Self)> {
        let own = self.own().iter();
        let enter = |entry: &'a Entry| {
            let pointer = self.pointer.key(&entry.key);
            (&*entry.key, Self::enter(self.descriptor, self.part, entry.value, pointer))
        };
        let mut entries: Vec<_> = own.map(enter).collect();
        if let Some(under) = &self.under {
            let own: HashSet<&str> = self.own().iter().map(|entry| &*entry.key).collect();
            entries.extend(under.entries().into_iter().filter(|(key, _)| !own.contains(key)));
        }
        entries
    }

    /// Returns a scalar as the document writes it: `1.0` stays `1.0`. Empty text and null are absent.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.text_of(self.part, self.id)
    }

    fn text_of(&self, part: usize, id: NodeId) -> Option<String> {
        let document = self.descriptor.document(part)?;
        let text = match document.tree().value(id)? {
            NodeValue::Text(text) => text,
            NodeValue::Bool(_) | NodeValue::Number(_) => document.written(id),
            _ => return None,
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Returns the scalar under a key as the document writes it.
    #[must_use]
    pub fn string(&self, key: &str) -> Option<String> {
        // Without the key's pointer: this is asked far more often than anything else.
        match self.own().iter().find(|entry| *entry.key == *key) {
            Some(entry) => self.text_of(self.part, entry.value),
            None => self.under.as_ref()?.string(key),
        }
    }

    /// Returns the first of several keys' scalars.
    #[must_use]
    pub fn any_string(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.string(key))
    }

    /// Returns the truth value under a key.
    #[must_use]
    pub fn boolean(&self, key: &str) -> Option<bool> {
        let Some(entry) = self.own().iter().find(|entry| *entry.key == *key) else {
            return self.under.as_ref()?.boolean(key);
        };
        match self.descriptor.document(self.part)?.tree().value(entry.value)? {
            NodeValue::Bool(b) => Some(*b),
            // Quoted, it is a slip that the schema tells; what was meant is plain.
            NodeValue::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            NodeValue::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// Returns the scalars of the list under a key.
    #[must_use]
    pub fn strings(&self, key: &str) -> Vec<String> {
        match self.own().iter().find(|entry| *entry.key == *key) {
            Some(entry) => self.texts_of(entry.value),
            None => self.under.as_ref().map(|under| under.strings(key)).unwrap_or_default(),
        }
    }

    /// The scalars of a list; a reference among them is none.
    fn texts_of(&self, id: NodeId) -> Vec<String> {
        let tree = self.descriptor.document(self.part).map(Document::tree);
        match tree.and_then(|tree| tree.value(id)) {
            Some(NodeValue::List(items)) => items.iter().filter_map(|id| self.text_of(self.part, *id)).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the bytes of this value in its file.
    #[must_use]
    pub fn span(&self) -> Span {
        self.descriptor.document(self.part).map(|document| document.span(&self.pointer)).unwrap_or_default()
    }

    /// Returns the scalars of this list.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.texts_of(self.id)
    }

    /// Says whether this map has any key that is looked for.
    pub(crate) fn has_any(&self, wanted: impl Fn(&str) -> bool + Copy) -> bool {
        self.own().iter().any(|entry| wanted(&entry.key))
            || self.under.as_ref().is_some_and(|under| under.has_any(wanted))
    }

    /// Says whether there is nothing here.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value(), None | Some(NodeValue::Null))
    }

    /// Says whether this is a map.
    #[must_use]
    pub fn is_map(&self) -> bool {
        matches!(self.value(), Some(NodeValue::Map(_)))
    }

    /// Says whether this is a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.value(), Some(NodeValue::List(_)))
    }

    /// Returns this value as JSON, references followed.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self.value() {
            Some(NodeValue::Map(_)) => {
                Value::Object(self.entries().into_iter().map(|(k, v)| (k.to_owned(), v.to_value())).collect())
            }
            Some(NodeValue::List(_)) => Value::Array(self.items().map(|item| item.to_value()).collect()),
            _ => self.descriptor.document(self.part).map_or(Value::Null, |document| document.value_of(self.id)),
        }
    }

    /// Returns the pointer as text: `<pointer>`, or `<file>#<pointer>` in another file.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.descriptor.place(self.part, &self.pointer)
    }

    /// Returns the root of the contract that was opened under a name.
    pub(crate) fn contract_at(&self, name: &str) -> Option<Self> {
        self.descriptor.contract(name)
    }

    pub(crate) fn extract(&self) -> &'a Extract {
        self.descriptor.extract()
    }

    pub(crate) const fn local(&self) -> (usize, &Pointer) {
        (self.part, &self.pointer)
    }
}
