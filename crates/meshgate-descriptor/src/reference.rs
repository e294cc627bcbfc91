//! References: from a `$ref` to the value it names, in the same file or another.
//!
//! | standard | reference | means |
//! |---|---|---|
//! | DPDS, LF ODPS | `{"$ref": "file.json#/pointer"}` | stands for what it names |
//! | DCS | `$ref: '#/definitions/x'` in a field | adds what it names to the field |
//! | ODPS, DPS, LF ODPS | the id (or the path) of a contract | the port's contract; see [`Files::contract`] |
//!
//! Deliberately absent: files and networks. [`Files`] opens what it may.

mod files;

pub use files::{Files, NoFiles, Opened, Unopened, host};

use crate::descriptor::{Descriptor, Target};
use crate::document::Document;
use crate::hash::HashMap;
use crate::read::{Diagnostic, read};
use crate::schema::{Focus, Violation};
use crate::tree::{Entry, NodeId, NodeValue};
use meshgate_core::limits::ReadLimits;
use meshgate_core::model::Format;
use meshgate_core::pointer::Pointer;

/// References that lead on from one another, at most.
const CHAIN_MAX: usize = 32;
/// Names within API definitions that are looked for, at most.
const LOOKS_MAX: usize = 100;
/// Files of one descriptor, at most.
const PARTS_MAX: usize = 256;

/// What resolving the references of a descriptor brought up.
#[derive(Debug, Default)]
pub struct Resolution {
    /// References that hide something from us, by the part they stand in.
    pub diagnostics: Vec<(usize, Diagnostic)>,
    /// References that lead nowhere that matters.
    pub notices: Vec<Violation>,
    /// Diagnostics that were not even looked up, because there are so many.
    more: usize,
}

/// Diagnostics and notices of one descriptor's references that are told; the rest is counted.
const TOLD_MAX: usize = 1000;

impl Resolution {
    /// Is there no room for another diagnostic? Then it is only counted: finding its place costs more than anyone reads.
    pub(crate) fn full(&mut self) -> bool {
        let full = self.diagnostics.len() >= TOLD_MAX;
        self.more += usize::from(full);
        full
    }

    /// Keeps what can be read by a person; that there is more is said.
    pub(crate) fn bound(&mut self) {
        let more = self.more + self.diagnostics.len().saturating_sub(TOLD_MAX);
        if more > 0 {
            self.diagnostics.truncate(TOLD_MAX);
            let message = format!("{more} more references lead nowhere");
            let diagnostic =
                Diagnostic::new("read.unresolved_reference", message, Default::default(), "mend the first ones");
            self.diagnostics.push((0, diagnostic));
        }
        self.notices.truncate(TOLD_MAX);
    }
}

/// Resolves every reference of a descriptor.
pub(crate) fn resolve(descriptor: &mut Descriptor, files: &dyn Files, limits: &ReadLimits) -> Resolution {
    resolve_part(descriptor, 0, files, limits)
}

/// Resolves every reference of one part, and of those that it refers to.
fn resolve_part(descriptor: &mut Descriptor, part: usize, files: &dyn Files, limits: &ReadLimits) -> Resolution {
    let format = descriptor.parts().get(part).map_or(Format::Generic, |part| part.format);
    let mut resolver = Resolver {
        descriptor,
        format,
        files,
        limits,
        resolution: Resolution::default(),
        marks: HashMap::default(),
        opened: HashMap::default(),
        too_many: false,
        looks: 0,
    };
    if matches!(format, Format::Dpds | Format::OdpsLf | Format::Dcs) {
        resolver.part(part);
        let depth = resolver.cut_circles(part);
        resolver.bound(part, depth);
    }
    resolver.resolution
}

/// Opens a contract that a product names by path or id, as a part of the product's descriptor. What could not be read of
/// it is told.
pub(crate) fn contract(
    descriptor: &mut Descriptor,
    name: &str,
    files: &dyn Files,
    limits: &ReadLimits,
    resolution: &mut Resolution,
) -> Result<Option<usize>, Unopened> {
    let lower = name.to_ascii_lowercase();
    let is_path = [".yaml", ".yml", ".json"].iter().any(|extension| lower.ends_with(extension));
    let own = descriptor.parts().first().map(|part| part.file.clone()).unwrap_or_default();
    let recent = files.contract_file(name).and_then(|file| Some((files.recent(&file)?, file)));
    let by_id = recent.is_some();
    let (documents, file, by_id) = match recent {
        Some((documents, file)) => (documents, file, by_id),
        None => {
            let (opened, by_id) = match files.contract(name) {
                Some(opened) => (opened, true),
                None if is_path => (files.open(&own, name)?, false),
                None => return Ok(None),
            };
            let parsed = read(&opened.file, &opened.bytes, limits);
            if let Some(problem) = parsed.diagnostics.first() {
                return Err(Unopened::Unreadable(problem.message.clone()));
            }
            (parsed.documents, opened.file, by_id)
        }
    };
    // Several documents of one file: the one with the id; a path names the first.
    let position = documents.iter().position(|document| document.top_text("id").as_deref() == Some(name));
    let position = position.or((!by_id || documents.len() == 1).then_some(0));
    let Some((index, document)) = position.and_then(|at| documents.into_iter().enumerate().nth(at)) else {
        return if by_id { Ok(None) } else { Err(Unopened::Unreadable("it holds no document".to_owned())) };
    };
    let known = descriptor.parts().iter().position(|part| part.file == file && part.document.same_as(&document));
    if known.is_some() {
        return Ok(known);
    }
    if descriptor.parts().len() >= PARTS_MAX {
        return Err(Unopened::Unreadable(format!("the descriptor refers to more than {PARTS_MAX} files")));
    }
    let format = if document.top("dataContractSpecification") { Format::Dcs } else { Format::Odcs };
    let part = descriptor.add(file, document, index, format);
    let more = resolve_part(descriptor, part, files, limits);
    resolution.diagnostics.extend(more.diagnostics);
    resolution.notices.extend(more.notices);
    resolution.more += more.more;
    Ok(Some(part))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// On the way from the root: a reference to it is a circle.
    Open,
    /// Done: what it comes to, references followed; and whether it was looked at where nothing of the model lies.
    Done { size: Size, opaque: bool },
}

/// What a value comes to with its references followed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Size {
    nodes: usize,
    depth: usize,
    bytes: usize,
}

impl Size {
    const LEAF: Self = Self { nodes: 1, depth: 1, bytes: 0 };

    fn add(&mut self, child: Self, levels: usize) {
        self.nodes = self.nodes.saturating_add(child.nodes);
        self.depth = self.depth.max(child.depth.saturating_add(levels));
        self.bytes = self.bytes.saturating_add(child.bytes);
    }
}

struct Resolver<'a> {
    descriptor: &'a mut Descriptor,
    format: Format,
    files: &'a dyn Files,
    limits: &'a ReadLimits,
    resolution: Resolution,
    marks: HashMap<(usize, NodeId), Mark>,
    /// Files by the reference and the part that it stands in.
    opened: HashMap<(usize, String), Option<usize>>,
    too_many: bool,
    /// Times that a definition was looked through for a name.
    looks: usize,
}

/// Where a walk stands.
struct At {
    part: usize,
    id: NodeId,
    pointer: Pointer,
    /// What `#/…` is looked for in first: an API definition that stands in a port is a document of its own.
    scope: NodeId,
    scope_pointer: Pointer,
    /// References followed on the way here.
    chain: usize,
    /// Levels above, references followed.
    level: usize,
    /// Nothing of the model lies below.
    opaque: bool,
}

/// What holds an API definition or another document of its own, in DPDS.
const DEFINED: &[&str] = &[
    "api",
    "deprecationPolicy",
    "slo",
    "audience",
    "usage",
    "termsAndConditions",
    "billingPolicy",
    "sla",
    "template",
    "tables",
];

impl Resolver<'_> {
    fn part(&mut self, part: usize) {
        let root = self.descriptor.document(part).map(|document| document.tree().root).unwrap_or_default();
        let pointer = Pointer::root();
        let scope_pointer = pointer.clone();
        self.walk(&At { part, id: root, pointer, scope: root, scope_pointer, chain: 0, level: 0, opaque: false });
    }

    /// Walks a value, resolves the references in it, and returns its size with references followed.
    fn walk(&mut self, at: &At) -> Size {
        let Some(document) = self.descriptor.document(at.part) else { return Size::LEAF };
        let id = document.tree().resolved(at.id);
        match self.marks.get(&(at.part, id)) {
            // What was let pass where nothing of the model lies is looked at again where something does.
            Some(Mark::Done { size, opaque }) if !opaque || at.opaque => return *size,
            Some(Mark::Done { .. }) | None => {}
            // A YAML alias cannot lead to its own ancestor, and references are looked up before they are walked.
            Some(Mark::Open) => return Size::LEAF,
        }
        // Deeper than anything may be: `bound` refuses the whole, and our own stack is not tried.
        if at.level > self.levels_max() {
            return Size { depth: usize::MAX, ..Size::LEAF };
        }
        let mut children: Vec<(Option<Box<str>>, NodeId)> = Vec::new();
        match document.tree().value(id) {
            Some(NodeValue::List(items)) => children.extend(items.iter().map(|id| (None, *id))),
            Some(NodeValue::Map(entries)) => {
                children.extend(entries.iter().map(|entry| (Some(entry.key.clone()), entry.value)));
            }
            Some(NodeValue::Text(text)) => return Size { bytes: text.len(), ..Size::LEAF },
            _ => return Size::LEAF,
        }
        let reference =
            children.iter().find(|(key, _)| key.as_deref() == Some("$ref")).map(|(_, value)| {
                match document.tree().value(*value) {
                    Some(NodeValue::Text(text)) => Some(text.to_string()),
                    _ => None,
                }
            });
        // A reference stands for what it names: what is written beside it would not be seen.
        let follows = !at.opaque && self.format != Format::Dcs && reference.is_some();
        let beside = children.iter().filter_map(|(key, _)| key.as_deref()).find(|key| {
            follows
                && !["$ref", "description", "summary", "mediaType", "$comment"].contains(key)
                && !key.starts_with("x-")
        });
        let beside = beside.map(str::to_owned);
        self.marks.insert((at.part, id), Mark::Open);
        // What an earlier walk joined here may be a circle from where this one comes.
        self.descriptor.unlink(at.part, id);
        let mut size = Size::LEAF;
        let own = at.pointer.steps().last().map(|step| step.into_owned()).unwrap_or_default();
        for (index, (key, child)) in children.into_iter().enumerate() {
            let pointer = key.as_ref().map_or_else(|| at.pointer.index(index), |key| at.pointer.key(key));
            let key = key.as_deref().unwrap_or_default();
            // Examples in an API definition are data: a `$ref` in them is no reference.
            if at.opaque && ["example", "examples", "default", "const", "enum"].contains(&key) {
                continue;
            }
            size.bytes = size.bytes.saturating_add(key.len());
            let holds = DEFINED.contains(&own.as_str()) || own.parse::<usize>().is_ok();
            let is_definition = key == "definition" && self.format == Format::Dpds && holds;
            let opaque = at.opaque || is_definition || matches!(key, "internalComponents" | "pricingPlans");
            // LF ODPS writes `#/SLA/…` for what stands in `product`, as it stood at the root once.
            let is_product = key == "product" && self.format == Format::OdpsLf;
            let (scope, scope_pointer) = if is_definition || is_product {
                (child, pointer.clone())
            } else {
                (at.scope, at.scope_pointer.clone())
            };
            let (part, chain, level) = (at.part, at.chain, at.level + 1);
            size.add(self.walk(&At { part, id: child, pointer, scope, scope_pointer, chain, level, opaque }), 1);
        }
        match reference {
            Some(Some(reference)) => {
                if let Some(beside) = beside {
                    let message = format!("`{beside}` stands beside a reference, where it has no effect");
                    self.tell(at, "read.unseen_part", message, "write it into what the reference names");
                }
                if let Some(target) = self.follow(at, id, &reference) {
                    size.add(target, 0);
                }
            }
            // In an API definition, `$ref` may be a property like any other.
            Some(None) if !at.opaque => {
                let help = "write the path of a file, or `#/…`";
                self.tell(at, "read.unresolved_reference", "a reference must be text".to_owned(), help);
            }
            _ => {}
        }
        self.marks.insert((at.part, id), Mark::Done { size, opaque: at.opaque });
        size
    }

    /// Follows one reference, and returns the size of what it names.
    fn follow(&mut self, at: &At, id: NodeId, reference: &str) -> Option<Size> {
        if at.chain >= CHAIN_MAX {
            let message = format!("reference `{reference}` is the {CHAIN_MAX}th in a row");
            self.tell(at, "read.unresolved_reference", message, "refer to the value itself");
            return None;
        }
        if at.opaque
            && let Some((target, pointer)) = self.named(at, reference)
        {
            return self.link(at, id, reference, at.part, target, pointer);
        }
        let (file, fragment) = match reference.split_once('#') {
            Some((file, fragment)) => (file, fragment),
            None => (reference, ""),
        };
        let part = if file.is_empty() { at.part } else { self.open(at, file)? };
        let document = self.descriptor.document(part)?;
        let root = document.tree().root;
        let scoped = file.is_empty() && at.scope != root;
        let found = spellings(fragment).into_iter().find_map(|steps| {
            let in_scope = scoped.then(|| descend(document, at.scope, &steps)).flatten();
            let target = in_scope.or_else(|| descend(document, root, &steps))?;
            Some((steps, in_scope, target))
        });
        let Some((steps, in_scope, target)) = found else {
            let message = format!("reference `{reference}` names nothing");
            let help = if file.is_empty() { "name a value of this document" } else { "name a value of that file" };
            self.tell(at, "read.unresolved_reference", message, help);
            return None;
        };
        let base = if in_scope.is_some() { at.scope_pointer.clone() } else { Pointer::root() };
        let pointer = steps.iter().fold(base, |pointer, step| pointer.key(step));
        self.link(at, id, reference, part, target, pointer)
    }

    /// Finds what a JSON Schema calls itself by `$anchor` or `$id`, within the definition.
    fn named(&mut self, at: &At, reference: &str) -> Option<(NodeId, Pointer)> {
        let (key, name) = match reference.strip_prefix('#') {
            Some(anchor) if anchor.contains(['/', '.']) || anchor.is_empty() => return None,
            Some(anchor) => ("$anchor", anchor),
            None if reference.contains('#') => return None,
            None => ("$id", reference),
        };
        // Each look is through the whole definition: a hundred are enough for any honest one.
        let tree = self.descriptor.document(at.part)?.tree();
        // A schema that is called something within says what it is called itself.
        let Some(NodeValue::Map(own)) = tree.value(at.scope) else { return None };
        if key == "$id" && !own.iter().any(|entry| &*entry.key == key) {
            return None;
        }
        self.looks += 1;
        if self.looks > LOOKS_MAX {
            return None;
        }
        let mut open = vec![(at.scope, at.scope_pointer.clone())];
        while let Some((id, pointer)) = open.pop() {
            match tree.node(id).map(|node| &node.value) {
                Some(NodeValue::List(items)) => {
                    open.extend(items.iter().enumerate().map(|(index, id)| (*id, pointer.index(index))));
                }
                Some(NodeValue::Map(entries)) => {
                    let is = |entry: &Entry| {
                        let text = matches!(tree.value(entry.value), Some(NodeValue::Text(text)) if **text == *name);
                        &*entry.key == key && text
                    };
                    if entries.iter().any(is) {
                        return Some((id, pointer));
                    }
                    open.extend(entries.iter().map(|entry| (entry.value, pointer.key(&entry.key))));
                }
                _ => {}
            }
        }
        None
    }

    /// Joins a reference with what it names, and returns the size of that.
    fn link(
        &mut self,
        at: &At,
        id: NodeId,
        reference: &str,
        part: usize,
        target: NodeId,
        pointer: Pointer,
    ) -> Option<Size> {
        let document = self.descriptor.document(part)?;
        let root = document.tree().root;
        let target = document.tree().resolved(target);
        if self.marks.get(&(part, target)) == Some(&Mark::Open) || (part, target) == (at.part, id) {
            // A schema of an API may well hold itself: it is followed once around.
            if at.opaque {
                return None;
            }
            let message = format!("reference `{reference}` leads back to itself");
            self.tell(at, "read.circular_reference", message, "break the circle: one of its references must go");
            return None;
        }
        let (scope, scope_pointer) =
            if part == at.part { (at.scope, at.scope_pointer.clone()) } else { (root, Pointer::root()) };
        let size = self.walk(&At {
            part,
            id: target,
            pointer: pointer.clone(),
            scope,
            scope_pointer,
            chain: at.chain + 1,
            level: at.level,
            opaque: at.opaque,
        });
        let overlay = at.opaque || self.format == Format::Dcs;
        self.descriptor.set_link(at.part, id, Target { part, id: target, pointer, overlay });
        Some(size)
    }

    /// Opens the file of a reference; a file that is no YAML or JSON has nothing to be followed into.
    fn open(&mut self, at: &At, file: &str) -> Option<usize> {
        let key = (at.part, file.to_owned());
        if let Some(known) = self.opened.get(&key) {
            return *known;
        }
        let from = self.descriptor.parts().get(at.part).map(|part| part.file.clone()).unwrap_or_default();
        let part = match self.files.open(&from, file) {
            Ok(opened) => self.join(at, file, opened),
            Err(unopened) => {
                self.refuse(at, file, unopened);
                None
            }
        };
        self.opened.insert(key, part);
        part
    }

    fn join(&mut self, at: &At, reference: &str, opened: Opened) -> Option<usize> {
        if let Some(known) = self.descriptor.parts().iter().position(|part| part.file == opened.file) {
            return Some(known);
        }
        // A schema in another language (Protobuf, SQL) has nothing that could be followed into; a port would have.
        let lower = opened.file.to_ascii_lowercase();
        if at.opaque && ![".json", ".yaml", ".yml", ".avsc"].iter().any(|extension| lower.ends_with(extension)) {
            self.resolution.notices.push(Violation {
                rule: "reference.unseen",
                part: at.part,
                pointer: at.pointer.key("$ref"),
                focus: Focus::Pointer,
                message: format!("`{reference}` is no YAML or JSON: what it defines is not known to any rule"),
                help: Some("describe its columns in the definition, or in an Avro or JSON schema".to_owned()),
                key: None,
            });
            return None;
        }
        if self.descriptor.parts().len() >= PARTS_MAX {
            if !std::mem::replace(&mut self.too_many, true) {
                let message = format!("descriptor refers to more than {PARTS_MAX} files");
                self.tell(at, "read.too_large", message, "split the descriptor");
            }
            return None;
        }
        let parsed = read(&opened.file, &opened.bytes, self.limits);
        let whole = parsed.diagnostics.iter().all(|diagnostic| diagnostic.rule == "read.duplicate_key");
        let problems = parsed.diagnostics;
        let Some(document) = parsed.documents.into_iter().next().filter(|_| whole) else {
            let why = problems.first().map_or_else(|| "it is empty".to_owned(), |problem| problem.message.clone());
            let message = format!("`{reference}` cannot be read: {why}");
            self.tell(at, "read.unresolved_reference", message, "mend that file");
            return None;
        };
        let bytes: usize = self.descriptor.parts().iter().map(|part| part.document.text().len()).sum();
        if bytes.saturating_add(document.text().len()) > self.limits.file_bytes_max.saturating_mul(2) {
            if !std::mem::replace(&mut self.too_many, true) {
                let message =
                    format!("the files that this refers to have more than {} bytes", 2 * self.limits.file_bytes_max);
                self.tell(at, "read.too_large", message, "split the descriptor");
            }
            return None;
        }
        let part = self.descriptor.add(opened.file, document, 0, self.format);
        self.resolution.diagnostics.extend(problems.into_iter().map(|problem| (part, problem)));
        Some(part)
    }

    fn refuse(&mut self, at: &At, file: &str, unopened: Unopened) {
        let (message, help) = match unopened {
            Unopened::Remote(host) => {
                let message = format!("`{file}` was not read: references over the network are not followed");
                let help =
                    format!("keep a copy beside the descriptor and refer to that, or allow it: --allow-host {host}");
                if at.opaque {
                    let pointer = at.pointer.key("$ref");
                    self.resolution.notices.push(Violation {
                        rule: "reference.remote",
                        part: at.part,
                        pointer,
                        focus: Focus::Pointer,
                        message,
                        help: Some(help),
                        key: None,
                    });
                    return;
                }
                (message, help)
            }
            Unopened::Outside => {
                let message = format!("`{file}` lies outside of the folders that are checked");
                (message, "refer to a file within, or check the folder that holds both".to_owned())
            }
            Unopened::Missing => {
                (format!("`{file}` does not exist"), "mend the path; it is relative to this file".into())
            }
            Unopened::Unreadable(why) => (format!("`{file}` cannot be read: {why}"), "make the file readable".into()),
            Unopened::Alone => {
                let message = format!("`{file}` was not read: the descriptor came as text, without its files");
                (message, "write what it refers to into the descriptor, or check it as a file".to_owned())
            }
        };
        self.tell(at, "read.unresolved_reference", message, &help);
    }

    fn tell(&mut self, at: &At, rule: &'static str, message: String, help: &str) {
        if self.resolution.full() {
            return;
        }
        let span = self.descriptor.span(at.part, &at.pointer.key("$ref"));
        self.resolution.diagnostics.push((at.part, Diagnostic::new(rule, message, span, help)));
    }

    /// Levels that a document may have once its references are followed.
    const fn levels_max(&self) -> usize {
        self.limits.depth_max.saturating_mul(2)
    }

    /// A value that is walked twice may come into a circle that neither walk saw whole.
    fn cut_circles(&mut self, part: usize) -> usize {
        let (cut, depth) = self.descriptor.cut_circles(part);
        for target in cut {
            let message = format!("a reference to `{}` leads back to itself", target.pointer);
            let span = self.descriptor.span(target.part, &target.pointer);
            let help = "break the circle: one of its references must go";
            let diagnostic = Diagnostic::new("read.circular_reference", message, span, help);
            if !self.resolution.full() {
                self.resolution.diagnostics.push((target.part, diagnostic));
            }
        }
        depth
    }

    /// References multiply as aliases do: what they come to is bounded by the same limits.
    fn bound(&mut self, part: usize, depth: usize) {
        let root = self.descriptor.document(part).map(|document| document.tree().resolved(document.tree().root));
        let size = root.and_then(|root| self.marks.get(&(part, root)));
        let Some(Mark::Done { size, .. }) = size else { return };
        let (levels, bytes) = (self.levels_max(), self.limits.file_bytes_max.saturating_mul(2));
        let message = if size.nodes > self.limits.nodes_max {
            format!("document has more than {} values once its references are followed", self.limits.nodes_max)
        } else if size.bytes > bytes {
            format!("document has more than {bytes} bytes of text once its references are followed")
        } else if size.depth.max(depth) > levels {
            format!("document nests deeper than {levels} levels once its references are followed")
        } else {
            return;
        };
        self.descriptor.clear_links();
        let span = self.descriptor.span(part, &Pointer::root());
        let diagnostic = Diagnostic::new("read.too_large", message, span, "write fewer references to references");
        self.resolution.diagnostics.push((part, diagnostic));
    }
}

/// `#/a/b` as the RFC has it; `#a/b` and `#a.b` as descriptors in the field write it, where no key is called so.
fn spellings(fragment: &str) -> Vec<Vec<String>> {
    let unescape = |step: &str| step.replace("~1", "/").replace("~0", "~").replace("%20", " ");
    let split = |text: &str, separator| text.split(separator).map(unescape).collect::<Vec<_>>();
    match fragment.strip_prefix('/') {
        _ if fragment.is_empty() => vec![Vec::new()],
        Some(rest) => vec![split(rest, '/')],
        None => vec![split(fragment, '/'), split(fragment, '.')],
    }
}

fn descend(document: &Document, from: NodeId, steps: &[String]) -> Option<NodeId> {
    let tree = document.tree();
    steps.iter().try_fold(from, |id, step| match tree.value(id)? {
        NodeValue::Map(entries) => entries.iter().find(|entry| *entry.key == **step).map(|entry| entry.value),
        NodeValue::List(items) => items.get(step.parse::<usize>().ok()?).copied(),
        _ => None,
    })
}
