//! A document that was read: raw value and spans by pointer.
//!
//! Deliberately absent: references; those join documents to a descriptor.

use crate::tree::{NodeId, NodeValue, Tree};
use meshgate_core::pointer::Pointer;
use meshgate_core::span::Span;
use serde_json::{Map, Value};
use std::sync::Arc;

/// One document and its text. A YAML file may hold several.
#[derive(Debug, Clone)]
pub struct Document {
    text: Arc<str>,
    tree: Arc<Tree>,
}

impl Document {
    pub(crate) fn new(text: Arc<str>, tree: Tree) -> Self {
        Self { text, tree: Arc::new(tree) }
    }

    /// Returns the whole text of the file.
    #[must_use]
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Says whether this is the same document of the same text.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        let root = |document: &Self| document.tree.node(document.tree.root).map(|node| node.span);
        Arc::ptr_eq(&self.tree, &other.tree) || (self.text == other.text && root(self) == root(other))
    }

    /// Returns a value as it is written.
    pub(crate) fn written(&self, id: NodeId) -> &str {
        self.tree.resolve(id).map_or("", |node| node.span.slice(&self.text))
    }

    /// Says whether the document is a map that has this key.
    pub(crate) fn top(&self, key: &str) -> bool {
        self.has(&[key])
    }

    /// Says whether there is something at the end of a path of keys.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        self.find(&path.iter().fold(Pointer::root(), |pointer, key| pointer.key(key))).is_some()
    }

    /// Says whether there is a map under a key of the root.
    pub(crate) fn top_map(&self, key: &str) -> bool {
        let id = self.find(&Pointer::root().key(key));
        matches!(id.and_then(|id| self.tree.value(id)), Some(NodeValue::Map(_)))
    }

    /// Says whether there is a list under a key of the root.
    pub(crate) fn top_list(&self, key: &str) -> bool {
        let id = self.find(&Pointer::root().key(key));
        matches!(id.and_then(|id| self.tree.value(id)), Some(NodeValue::List(_)))
    }

    /// Says whether this is a list of what would be descriptors.
    pub(crate) fn list_of_descriptors(&self) -> bool {
        let Some(NodeValue::List(items)) = self.tree.value(self.tree.root) else { return false };
        items.iter().any(|item| {
            let Some(NodeValue::Map(entries)) = self.tree.value(*item) else { return false };
            entries.iter().any(|entry| match &*entry.key {
                "dataProductDescriptor" | "dataContractSpecification" | "dataProductSpecification" => true,
                "kind" => self.scalar(entry.value).is_some_and(|kind| kind == "DataProduct" || kind == "DataContract"),
                _ => false,
            })
        })
    }

    /// Returns the keys of the root.
    pub(crate) fn top_keys(&self) -> impl Iterator<Item = &str> {
        let entries: &[_] = match self.tree.value(self.tree.root) {
            Some(NodeValue::Map(entries)) => entries,
            _ => &[],
        };
        entries.iter().map(|entry| &*entry.key)
    }

    /// Returns every scalar under a key of the root, which may stand twice.
    pub(crate) fn top_texts(&self, key: &str) -> Vec<String> {
        let Some(NodeValue::Map(entries)) = self.tree.value(self.tree.root) else { return Vec::new() };
        entries.iter().filter(|entry| *entry.key == *key).filter_map(|entry| self.scalar(entry.value)).collect()
    }

    /// Returns the scalar under a key of the root, as it is written.
    pub(crate) fn top_text(&self, key: &str) -> Option<String> {
        self.scalar(self.find(&Pointer::root().key(key))?)
    }

    fn scalar(&self, id: NodeId) -> Option<String> {
        match self.tree.value(id)? {
            NodeValue::Text(text) => Some(text.trim().to_owned()),
            NodeValue::Number(_) | NodeValue::Bool(_) => Some(self.written(id).to_owned()),
            _ => None,
        }
    }

    /// How many values it has, without what aliases repeat.
    #[must_use]
    pub fn values(&self) -> usize {
        self.tree.len()
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
            Some(NodeValue::Map(entries)) => {
                entries.iter().find(|entry| *entry.key == *key).map(|entry| entry.key_span)
            }
            _ => None,
        }
        .unwrap_or_else(|| self.span(pointer))
    }

    pub(crate) fn find(&self, pointer: &Pointer) -> Option<NodeId> {
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
