//! A document that was read: raw value, spans by pointer, and a cursor that the formats walk it with.
//!
//! Deliberately absent: what any key means; that is each format's table.

use crate::tree::{NodeId, NodeValue, Tree};
use meshgate_core::pointer::Pointer;
use meshgate_core::span::Span;
use serde_json::{Map, Value};
use std::sync::Arc;

/// References that follow one another before they are taken for a circle.
const REFERENCES_MAX: usize = 8;

/// One document and its text. A YAML file may hold several.
#[derive(Debug, Clone)]
pub struct Document {
    text: Arc<str>,
    tree: Tree,
}

impl Document {
    pub(crate) const fn new(text: Arc<str>, tree: Tree) -> Self {
        Self { text, tree }
    }

    /// Returns the whole text of the file.
    #[must_use]
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }

    pub(crate) const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Returns a value as it is written.
    pub(crate) fn written(&self, id: NodeId) -> &str {
        self.tree.resolve(id).map_or("", |node| node.span.slice(&self.text))
    }

    /// Returns a cursor at the root.
    #[must_use]
    pub fn root(&self) -> Cursor<'_> {
        Cursor { document: self, id: self.tree.root, pointer: Pointer::root() }
    }

    /// Returns the document as JSON, aliases expanded. Bounded by the reader's limits.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.value_of(self.tree.root)
    }

    pub(crate) fn value_of(&self, id: NodeId) -> Value {
        match self.tree.value(id) {
            None | Some(NodeValue::Null | NodeValue::Alias(_)) => Value::Null,
            Some(NodeValue::Bool(b)) => Value::Bool(*b),
            Some(NodeValue::Number(n)) => Value::Number(n.clone()),
            Some(NodeValue::Text(t)) => Value::String(t.to_string()),
            Some(NodeValue::List(items)) => Value::Array(items.iter().map(|item| self.value_of(*item)).collect()),
            Some(NodeValue::Map(entries)) => {
                let pairs = entries.iter().map(|entry| (entry.key.to_string(), self.value_of(entry.value)));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// Returns the bytes of the value that a pointer names. A value without text of its own (`key:`) is shown at its
    /// key; a value that is not there, at the key of its nearest parent; below the root, at the first key.
    #[must_use]
    pub fn span(&self, pointer: &Pointer) -> Span {
        let mut id = self.tree.root;
        let mut key_span = None;
        for step in pointer.steps() {
            let next = match self.tree.value(id) {
                Some(NodeValue::Map(entries)) => {
                    entries.iter().find(|entry| *entry.key == *step).map(|entry| (entry.value, Some(entry.key_span)))
                }
                Some(NodeValue::List(items)) => {
                    step.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (*item, None))
                }
                _ => None,
            };
            let Some((value, key)) = next else { return key_span.unwrap_or_else(|| self.head(id)) };
            id = value;
            key_span = key;
        }
        let own = self.tree.node(id).map(|node| node.span).unwrap_or_default();
        match (self.tree.value(id), key_span) {
            // A whole table would be underlined for its name: the key says enough.
            (Some(NodeValue::Map(_) | NodeValue::List(_)), Some(key)) => key,
            (Some(NodeValue::Map(_) | NodeValue::List(_)), None) => self.head(id),
            (_, Some(key)) if own.start == own.end => key,
            _ => own,
        }
    }

    /// Returns the bytes of the key that a pointer ends with; the place of its parent when there is none.
    #[must_use]
    pub fn key_span(&self, pointer: &Pointer) -> Span {
        let text = pointer.as_str();
        let Some((parent, _)) = text.rsplit_once('/') else { return self.span(pointer) };
        let key = pointer.steps().last().unwrap_or_default();
        let parent = Pointer::parse(parent).unwrap_or_default();
        let entries = self.find(&parent).and_then(|id| self.tree.value(id));
        match entries {
            Some(NodeValue::Map(entries)) => entries.iter().find(|entry| *entry.key == *key).map(|entry| entry.key_span),
            _ => None,
        }
        .unwrap_or_else(|| self.span(pointer))
    }

    fn find(&self, pointer: &Pointer) -> Option<NodeId> {
        pointer.steps().try_fold(self.tree.root, |id, step| match self.tree.value(id)? {
            NodeValue::Map(entries) => entries.iter().find(|entry| *entry.key == *step).map(|entry| entry.value),
            NodeValue::List(items) => items.get(step.parse::<usize>().ok()?).copied(),
            _ => None,
        })
    }

    /// Returns the whole bytes of the value that a pointer names, if it is there.
    #[must_use]
    pub fn value_span(&self, pointer: &Pointer) -> Option<Span> {
        self.tree.node(self.find(pointer)?).map(|node| node.span)
    }

    /// Returns the first line of a container: its `name`, `id` or first key, whichever says best what it is.
    fn head(&self, id: NodeId) -> Span {
        let own = self.tree.node(id).map(|node| node.span).unwrap_or_default();
        match self.tree.value(id) {
            Some(NodeValue::Map(entries)) => {
                let named = ["name", "property", "role", "id"].iter().find_map(|key| {
                    let entry = entries.iter().find(|entry| *entry.key == **key)?;
                    let node = self.tree.node(entry.value)?;
                    matches!(node.value, NodeValue::Text(_)).then_some(node.span)
                });
                // The root has many keys; its name is no better a place than its first line.
                let first = entries.first().map(|entry| entry.key_span);
                if id == self.tree.root { first } else { named.or(first) }.unwrap_or(own)
            }
            Some(NodeValue::List(items)) => items.first().map_or(own, |first| self.head(*first)),
            _ => own,
        }
    }
}

/// A place in a document, with its pointer.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    document: &'a Document,
    id: NodeId,
    pointer: Pointer,
}

impl<'a> Cursor<'a> {
    fn value(&self) -> Option<&'a NodeValue> {
        self.document.tree.value(self.id)
    }

    /// Returns the value of a key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        let NodeValue::Map(entries) = self.value()? else { return None };
        let entry = entries.iter().find(|entry| *entry.key == *key)?;
        Some(Self { document: self.document, id: entry.value, pointer: self.pointer.key(key) })
    }

    /// Returns the value at the end of a path of keys.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self.clone(), |cursor, key| cursor.get(key))
    }

    /// Returns the elements, if this is a list; nothing otherwise.
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let items: &[NodeId] = match self.value() {
            Some(NodeValue::List(items)) => items,
            _ => &[],
        };
        let (document, pointer) = (self.document, self.pointer.clone());
        items.iter().enumerate().map(move |(index, id)| Self { document, id: *id, pointer: pointer.index(index) })
    }

    /// Returns the elements of the list under a key; nothing when it is no list.
    pub fn list(&self, key: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.get(key).into_iter().flat_map(|cursor| cursor.items())
    }

    /// Returns keys and values, if this is a map; nothing otherwise.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let entries: &[_] = match self.value() {
            Some(NodeValue::Map(entries)) => entries,
            _ => &[],
        };
        let (document, pointer) = (self.document, self.pointer.clone());
        entries
            .iter()
            .map(move |entry| (&*entry.key, Self { document, id: entry.value, pointer: pointer.key(&entry.key) }))
    }

    /// Returns a scalar as the document writes it: `1.0` stays `1.0`. Empty text and null are absent.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let text = match self.value()? {
            NodeValue::Text(text) => text.to_string(),
            NodeValue::Bool(_) | NodeValue::Number(_) => {
                self.document.tree.resolve(self.id)?.span.slice(&self.document.text).to_owned()
            }
            _ => return None,
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Returns the scalar under a key as the document writes it.
    #[must_use]
    pub fn string(&self, key: &str) -> Option<String> {
        self.get(key)?.text()
    }

    /// Returns the truth value under a key.
    #[must_use]
    pub fn boolean(&self, key: &str) -> Option<bool> {
        match self.get(key)?.value()? {
            NodeValue::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Returns the scalars of the list under a key.
    #[must_use]
    pub fn strings(&self, key: &str) -> Vec<String> {
        self.list(key).filter_map(|item| item.text()).collect()
    }

    /// Returns what a reference within the document (`{"$ref": "#/components/…"}`) names, and this itself when it is no
    /// reference; `None` when it names another file, nothing, or itself.
    #[must_use]
    pub fn follow(&self) -> Option<Self> {
        let mut at = self.clone();
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = at.string("$ref") else { return Some(at) };
            let pointer = Pointer::parse(reference.strip_prefix('#')?).ok()?;
            let mut target = self.document.root();
            for step in pointer.steps() {
                target = match target.value()? {
                    NodeValue::Map(_) => target.get(&step)?,
                    NodeValue::List(_) => target.items().nth(step.parse().ok()?)?,
                    _ => return None,
                };
            }
            at = target;
        }
        None
    }

    /// Returns the bytes of this value.
    #[must_use]
    pub fn span(&self) -> Span {
        self.document.span(&self.pointer)
    }

    /// Says whether this is a map.
    #[must_use]
    pub fn is_map(&self) -> bool {
        matches!(self.value(), Some(NodeValue::Map(_)))
    }

    /// Returns this value as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.document.value_of(self.id)
    }

    /// Returns the pointer as text.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.pointer.as_str().to_owned()
    }
}
