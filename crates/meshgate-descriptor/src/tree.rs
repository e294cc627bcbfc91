//! The spanned tree that both parsers build: an arena, so that deep documents cost no stack and aliases no copies.
//!
//! Deliberately absent: text. A node knows its bytes, the document holds them.

use meshgate_core::span::Span;
use serde_json::Number;

/// The index of a node in its tree.
pub type NodeId = usize;

/// A value and the bytes it was read from.
#[derive(Debug, Clone)]
pub struct Node {
    pub span: Span,
    pub value: NodeValue,
}

#[derive(Debug, Clone)]
pub enum NodeValue {
    Null,
    Bool(bool),
    Number(Number),
    Text(Box<str>),
    List(Vec<NodeId>),
    Map(Vec<Entry>),
    /// A YAML alias; its span is the `*name`.
    Alias(NodeId),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: Box<str>,
    pub key_span: Span,
    pub value: NodeId,
}

/// The nodes of one document.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    pub root: NodeId,
}

impl Tree {
    pub fn push(&mut self, span: Span, value: NodeValue) -> NodeId {
        self.nodes.push(Node { span, value });
        self.nodes.len() - 1
    }

    /// How many values there are, without what aliases repeat.
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// Returns the node behind any aliases. An alias points backwards, so this ends.
    pub fn resolve(&self, id: NodeId) -> Option<&Node> {
        let mut at = id;
        loop {
            match self.node(at)? {
                Node { value: NodeValue::Alias(target), .. } => at = *target,
                node => return Some(node),
            }
        }
    }

    /// Returns the id of the node behind any aliases.
    pub fn resolved(&self, id: NodeId) -> NodeId {
        let mut at = id;
        while let Some(Node { value: NodeValue::Alias(target), .. }) = self.node(at) {
            at = *target;
        }
        at
    }

    /// Returns the value behind any aliases.
    pub fn value(&self, id: NodeId) -> Option<&NodeValue> {
        self.resolve(id).map(|node| &node.value)
    }

    /// Returns what the document comes to when every alias is expanded; saturating.
    pub fn expanded(&self) -> Expanded {
        // A node's children were pushed before it or, for aliases, point backwards: one pass in order is enough.
        let mut sizes: Vec<Expanded> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let of = |id: &NodeId| sizes.get(*id).copied().unwrap_or_default();
            let size = match &node.value {
                NodeValue::List(items) => items.iter().fold(Expanded::default(), |sum, item| sum.with(of(item), 0)),
                NodeValue::Map(entries) => {
                    entries.iter().fold(Expanded::default(), |sum, entry| sum.with(of(&entry.value), entry.key.len()))
                }
                NodeValue::Alias(target) => of(target),
                NodeValue::Text(text) => Expanded { bytes: text.len(), ..Expanded::default() },
                NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => Expanded::default(),
            };
            sizes.push(size);
        }
        sizes.get(self.root).copied().unwrap_or_default()
    }
}

/// The size of a document without aliases.
#[derive(Debug, Clone, Copy)]
pub struct Expanded {
    /// Values.
    pub nodes: usize,
    /// Levels.
    pub depth: usize,
    /// Bytes of text and keys.
    pub bytes: usize,
}

impl Default for Expanded {
    fn default() -> Self {
        Self { nodes: 1, depth: 1, bytes: 0 }
    }
}

impl Expanded {
    fn with(self, child: Self, key: usize) -> Self {
        Self {
            nodes: self.nodes.saturating_add(child.nodes),
            depth: self.depth.max(child.depth.saturating_add(1)),
            bytes: self.bytes.saturating_add(child.bytes).saturating_add(key),
        }
    }
}
