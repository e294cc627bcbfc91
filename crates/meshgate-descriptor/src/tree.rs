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

    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// Returns the value behind any aliases. An alias points backwards, so this ends.
    pub fn value(&self, id: NodeId) -> Option<&NodeValue> {
        let mut at = id;
        loop {
            match self.node(at).map(|node| &node.value)? {
                NodeValue::Alias(target) => at = *target,
                value => return Some(value),
            }
        }
    }

    /// Returns how many values the document has and how deep it nests when every alias is expanded; saturating.
    pub fn expanded(&self) -> (usize, usize) {
        // A node's children were pushed before it or, for aliases, point backwards: one pass in order is enough.
        let mut sizes: Vec<(usize, usize)> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let of = |ids: &mut dyn Iterator<Item = NodeId>| {
                ids.fold((1_usize, 1_usize), |(count, depth), id| {
                    let (c, d) = sizes.get(id).copied().unwrap_or((1, 1));
                    (count.saturating_add(c), depth.max(d.saturating_add(1)))
                })
            };
            let size = match &node.value {
                NodeValue::List(items) => of(&mut items.iter().copied()),
                NodeValue::Map(entries) => of(&mut entries.iter().map(|entry| entry.value)),
                NodeValue::Alias(target) => sizes.get(*target).copied().unwrap_or((1, 1)),
                _ => (1, 1),
            };
            sizes.push(size);
        }
        sizes.get(self.root).copied().unwrap_or((0, 0))
    }
}
