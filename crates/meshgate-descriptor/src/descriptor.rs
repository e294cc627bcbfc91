//! A descriptor: one document and the files that it refers to, joined.
//!
//! Deliberately absent: opening files; see [`Files`](crate::Files).

use crate::cursor::Cursor;
use crate::document::Document;
use crate::extract::Extract;
use crate::hash::HashMap;
use crate::tree::{NodeId, NodeValue};
use meshgate_core::model::Format;
use meshgate_core::pointer::{Place, Pointer};
use meshgate_core::span::Span;
use serde_json::Value;
use std::sync::Arc;

/// A node of a part.
type Spot = (usize, NodeId);

/// Which nodes hold one another, and all nodes in an order.
struct Components {
    of: HashMap<Spot, usize>,
    /// Each behind those of other components that it leads to.
    order: Vec<Spot>,
}

/// A document and the documents it refers to. Part 0 is the document itself.
#[derive(Debug)]
pub struct Descriptor {
    /// The standard it is written in.
    pub format: Format,
    parts: Vec<Part>,
    links: HashMap<Spot, Target>,
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

/// Notes that a node leads back to one of a lower number.
fn lower(numbers: &mut HashMap<Spot, (usize, usize)>, node: Spot, number: usize) {
    if let Some((_, low)) = numbers.get_mut(&node) {
        *low = number.min(*low);
    }
}

impl Descriptor {
    pub(crate) fn new(format: Format, file: &str, document: Document, extract: Arc<Extract>, nodes_max: usize) -> Self {
        let parts = vec![Part { file: file.to_owned(), document, format, key: key(file, 0) }];
        Self { format, parts, links: HashMap::default(), contracts: HashMap::default(), extract, nodes_max }
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

    /// What a walk comes to from a node: its children, and what its reference names.
    fn edges(&self, (part, id): Spot) -> Vec<Spot> {
        let mut found: Vec<Spot> =
            self.links.get(&(part, id)).map(|target| (target.part, target.id)).into_iter().collect();
        if let Some(tree) = self.document(part).map(Document::tree) {
            match tree.value(id) {
                Some(NodeValue::List(items)) => found.extend(items.iter().map(|item| (part, tree.resolved(*item)))),
                Some(NodeValue::Map(entries)) => {
                    found.extend(entries.iter().map(|entry| (part, tree.resolved(entry.value))));
                }
                _ => {}
            }
        }
        found
    }

    /// Takes out the references by which values below the root of a part hold themselves, and returns what they named, and
    /// how deep what is left is. Whatever way a document was resolved in, a walk over it ends after this.
    pub(crate) fn cut_circles(&mut self, part: usize) -> (Vec<Target>, usize) {
        let root = self.document(part).map(|document| (part, document.tree().resolved(document.tree().root)));
        let (Some(root), false) = (root, self.links.is_empty()) else { return (Vec::new(), 0) };
        let Components { of: components, order } = self.components(root);
        let within = |from: &Spot, target: &Target| {
            let named = components.get(&(target.part, target.id));
            components.get(from).is_some_and(|component| named == Some(component))
        };
        // Children alone make no circle: without the references within a component, there is none.
        let circular: Vec<Spot> =
            self.links.iter().filter(|(from, target)| within(from, target)).map(|(from, _)| *from).collect();
        let mut cut: Vec<Target> = circular.iter().filter_map(|from| self.links.remove(from)).collect();
        cut.sort_by(|a, b| (a.part, a.pointer.as_str()).cmp(&(b.part, b.pointer.as_str())));
        if !cut.is_empty() {
            // Without them the order is another one.
            return (cut, self.depth(&self.components(root).order));
        }
        let depth = self.depth(&order);
        (cut, depth)
    }

    /// The levels of the last of some nodes, each of which stands behind those that it leads to.
    fn depth(&self, order: &[Spot]) -> usize {
        let mut levels: HashMap<Spot, usize> = HashMap::default();
        let mut last = 0;
        for node in order {
            // What a reference names stands in its place, and not below it.
            let named = self.links.get(node).map(|target| (target.part, target.id));
            let level =
                |next: &Spot| levels.get(next).map(|level| level.saturating_add(usize::from(named != Some(*next))));
            last = self.edges(*node).iter().filter_map(level).max().unwrap_or(1);
            levels.insert(*node, last);
        }
        last
    }

    /// The strongly connected components below a node (Tarjan's algorithm, with a stack of its own), and the nodes, each
    /// behind those of other components that it leads to.
    fn components(&self, root: Spot) -> Components {
        let mut numbers: HashMap<Spot, (usize, usize)> = HashMap::default();
        let mut components: HashMap<Spot, usize> = HashMap::default();
        let (mut open, mut order) = (Vec::new(), Vec::new());
        let mut steps = vec![(root, self.edges(root))];
        numbers.insert(root, (0, 0));
        open.push(root);
        while let Some((node, edges)) = steps.last_mut() {
            let node = *node;
            if let Some(next) = edges.pop() {
                match numbers.get(&next).map(|(number, _)| *number) {
                    None => {
                        let number = numbers.len();
                        numbers.insert(next, (number, number));
                        open.push(next);
                        steps.push((next, self.edges(next)));
                    }
                    Some(number) if !components.contains_key(&next) => lower(&mut numbers, node, number),
                    Some(_) => {}
                }
                continue;
            }
            steps.pop();
            let (number, low) = numbers.get(&node).copied().unwrap_or_default();
            if let Some((before, _)) = steps.last() {
                lower(&mut numbers, *before, low);
            }
            if number == low {
                let component = components.len();
                while let Some(member) = open.pop() {
                    components.insert(member, component);
                    order.push(member);
                    if member == node {
                        break;
                    }
                }
            }
        }
        Components { of: components, order }
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
        match self.document(0) {
            // Without references nobody needs to know where it is.
            Some(document) if self.links.is_empty() => document.to_value(),
            _ => self.root().to_value(),
        }
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
