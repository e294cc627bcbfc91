//! A descriptor: one document and the files that it refers to, joined.
//!
//! Deliberately absent: opening files; see [`Files`](crate::Files).

use crate::cursor::Cursor;
use crate::document::Document;
use crate::extract::Extract;
use crate::tree::{NodeId, NodeValue};
use meshgate_core::model::Format;
use meshgate_core::pointer::{Place, Pointer};
use meshgate_core::span::Span;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A document and the documents it refers to. Part 0 is the document itself.
#[derive(Debug)]
pub struct Descriptor {
    /// The standard it is written in.
    pub format: Format,
    parts: Vec<Part>,
    links: HashMap<(usize, NodeId), Target>,
    /// Contracts that its ports name, by the name, as parts.
    contracts: HashMap<String, usize>,
    extract: Arc<Extract>,
    /// Values that its model may come to.
    nodes_max: usize,
}

/// One file of a descriptor.
#[derive(Debug)]
pub struct Part {
    /// The file as reports name it.
    pub file: String,
    /// What is in it.
    pub document: Document,
    /// The standard that its references follow: its own, when it is a contract; that of the whole otherwise.
    pub(crate) format: Format,
    /// Its name in places: two documents of one file are told apart, and no name begins like a pointer.
    key: String,
}

/// What a reference names.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub part: usize,
    pub id: NodeId,
    pub pointer: Pointer,
    /// Do the keys beside the reference count? In DCS and in API definitions they do.
    pub overlay: bool,
}

/// A step of a walk over joined documents that keeps its own stack.
enum Step {
    /// Into a node, by the reference of another where one leads there.
    Into((usize, NodeId), Option<(usize, NodeId)>),
    /// Out of a node: everything below was looked at.
    Out((usize, NodeId)),
}

impl Descriptor {
    pub(crate) fn new(format: Format, file: &str, document: Document, extract: Arc<Extract>, nodes_max: usize) -> Self {
        let parts = vec![Part { file: file.to_owned(), document, format, key: key(file, 0) }];
        Self { format, parts, links: HashMap::new(), contracts: HashMap::new(), extract, nodes_max }
    }

    /// Returns its files, its own first.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Adds a file, or one of its documents.
    pub(crate) fn add(&mut self, file: String, document: Document, index: usize, format: Format) -> usize {
        let key = key(&file, index);
        self.parts.push(Part { file, document, format, key });
        self.parts.len() - 1
    }

    pub(crate) fn document(&self, part: usize) -> Option<&Document> {
        self.parts.get(part).map(|part| &part.document)
    }

    pub(crate) fn link(&self, part: usize, id: NodeId) -> Option<&Target> {
        if self.links.is_empty() {
            return None;
        }
        self.links.get(&(part, self.document(part)?.tree().resolved(id)))
    }

    pub(crate) fn set_link(&mut self, part: usize, id: NodeId, target: Target) {
        self.links.insert((part, id), target);
    }

    pub(crate) fn unlink(&mut self, part: usize, id: NodeId) {
        self.links.remove(&(part, id));
    }

    /// Takes out every reference that closes a circle below the root of a part, and returns what they named. Whatever
    /// way a document was resolved in, a walk over it ends after this.
    pub(crate) fn cut_circles(&mut self, part: usize) -> Vec<Target> {
        let mut cut = Vec::new();
        if self.links.is_empty() {
            return cut;
        }
        let root = self.document(part).map(|document| document.tree().resolved(document.tree().root));
        // Whether a node is still open, and the nodes to look at: by the reference that leads there, if one does.
        let mut open: HashMap<(usize, NodeId), bool> = HashMap::new();
        let mut steps: Vec<Step> = root.map(|id| Step::Into((part, id), None)).into_iter().collect();
        while let Some(step) = steps.pop() {
            let (node, from) = match step {
                Step::Out(node) => {
                    open.insert(node, false);
                    continue;
                }
                Step::Into(node, from) => (node, from),
            };
            match (open.get(&node), from) {
                (Some(true), Some(from)) => cut.extend(self.links.remove(&from)),
                (Some(_), _) => {}
                (None, _) => {
                    open.insert(node, true);
                    steps.push(Step::Out(node));
                    let (part, id) = node;
                    if let Some(target) = self.links.get(&node) {
                        steps.push(Step::Into((target.part, target.id), Some(node)));
                    }
                    let Some(tree) = self.document(part).map(Document::tree) else { continue };
                    let into = |id: &NodeId| Step::Into((part, tree.resolved(*id)), None);
                    match tree.value(id) {
                        Some(NodeValue::List(items)) => steps.extend(items.iter().map(into)),
                        Some(NodeValue::Map(entries)) => steps.extend(entries.iter().map(|entry| into(&entry.value))),
                        _ => {}
                    }
                }
            }
        }
        cut
    }

    pub(crate) fn set_contract(&mut self, name: String, part: usize) {
        self.contracts.insert(name, part);
    }

    /// Returns the document of a contract that a port names.
    pub(crate) fn contract(&self, name: &str) -> Option<Cursor<'_>> {
        self.contracts.get(name).map(|part| self.part_root(*part))
    }

    pub(crate) const fn nodes_max(&self) -> usize {
        self.nodes_max
    }

    pub(crate) fn extract(&self) -> &Extract {
        &self.extract
    }

    pub(crate) fn clear_links(&mut self) {
        self.links.clear();
    }

    /// Returns a cursor at the root.
    #[must_use]
    pub fn root(&self) -> Cursor<'_> {
        self.part_root(0)
    }

    pub(crate) fn part_root(&self, part: usize) -> Cursor<'_> {
        let root = self.document(part).map(|document| document.tree().root).unwrap_or_default();
        Cursor::enter(self, part, root, Pointer::root())
    }

    /// Returns the document as JSON, references followed.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.root().to_value()
    }

    pub(crate) fn place(&self, part: usize, pointer: &Pointer) -> String {
        match self.parts.get(part).filter(|_| part > 0) {
            Some(part) => Place { file: Some(part.key.clone()), pointer: pointer.clone() }.to_string(),
            None => pointer.as_str().to_owned(),
        }
    }

    /// Returns the part and pointer that a place names. A pointer that leads through a reference ends in the file that
    /// the reference names; one that leads nowhere keeps to its nearest parent's file.
    #[must_use]
    pub fn locate(&self, place: &Place) -> Option<(usize, Pointer)> {
        let (part, pointer) = match &place.file {
            None => (0, place.pointer.clone()),
            // A name may hold `#`, and so may a pointer: the names are known, and the longest that fits is meant.
            Some(_) => {
                let written = place.to_string();
                let rest = |part: &Part| written.strip_prefix(&*part.key)?.strip_prefix('#').map(str::to_owned);
                let fitting = self.parts.iter().enumerate().filter_map(|(index, part)| Some((index, rest(part)?)));
                let (part, rest) = fitting.min_by_key(|(_, rest)| rest.len())?;
                (part, Pointer::parse(&rest).ok()?)
            }
        };
        if self.links.is_empty() {
            return Some((part, pointer));
        }
        let mut cursor = self.part_root(part);
        let mut rest = pointer.steps().peekable();
        while let Some(step) = rest.peek() {
            let next = match step.parse::<usize>() {
                Ok(index) if cursor.is_list() => cursor.item(index),
                _ => cursor.get(step),
            };
            let Some(next) = next else { break };
            cursor = next;
            rest.next();
        }
        let (part, found) = cursor.local();
        Some((part, rest.fold(found.clone(), |pointer, step| pointer.key(&step))))
    }

    /// Returns the bytes of a place in one of its files.
    #[must_use]
    pub fn span(&self, part: usize, pointer: &Pointer) -> Span {
        self.document(part).map(|document| document.span(pointer)).unwrap_or_default()
    }
}

/// A place begins with `/` when it is a pointer in the descriptor itself: the name of another file must not.
fn key(file: &str, index: usize) -> String {
    let file = if file.starts_with('/') { format!("file://{file}") } else { file.to_owned() };
    if index == 0 { file } else { format!("{file}?document={index}") }
}
