//! YAML with spans, over the events of `libyaml-safer`, a port of the parser behind PyYAML: the tools of these standards
//! read with PyYAML, so a text that they accept is accepted here, and a scalar means what it means there (YAML 1.1). Merge
//! keys (`<<`) are applied as PyYAML does: the map's own keys win, then the first merged.
//!
//! Deliberately absent: tags of programming languages (`!!python/…`), which are read as the plain value.

mod scalar;

use crate::hash::{HashMap, HashSet};
use crate::json::duplicate;
use crate::read::Diagnostic;
use crate::tree::{Entry, NodeId, NodeValue, Tree};
use libyaml_safer::{Error, EventData, Mark, Parser, ScalarStyle};
use meshgate_core::limits::ReadLimits;
use meshgate_core::span::Span;
use meshgate_core::work::look;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Parses a YAML stream; each document is a tree. The parser's own panics become diagnostics.
pub fn parse(text: &str, limits: &ReadLimits, diagnostics: &mut Vec<Diagnostic>) -> Vec<Tree> {
    let mut own = Vec::new();
    let trees = catch_unwind(AssertUnwindSafe(|| events(text, limits, &mut own))).unwrap_or_else(|_| {
        let help = "this is YAML that our parser does not survive; please report it, and write the file another way";
        own.push(Diagnostic::new("read.syntax", "the YAML parser failed on this file", Span::default(), help));
        Vec::new()
    });
    diagnostics.append(&mut own);
    trees
}

fn events(text: &str, limits: &ReadLimits, diagnostics: &mut Vec<Diagnostic>) -> Vec<Tree> {
    // The parser counts bytes from behind a byte order mark.
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let byte = |mark: Mark| usize::try_from(mark.index).unwrap_or(usize::MAX).saturating_add(skipped).min(text.len());
    // A block scalar that ends with the file, not with a line, makes the parser panic: every text ends with a line.
    let body = text.as_bytes().get(skipped..).unwrap_or_default().chain(&b"\n"[..]);
    let mut parser = Parser::new();
    parser.set_input(body);
    let mut trees = Vec::new();
    let mut builder = Builder::new(text, limits, 0);
    let mut events = 0_usize;
    loop {
        events += 1;
        if events.is_multiple_of(LOOK_EVERY)
            && let Err(stopped) = look()
        {
            diagnostics.push(Diagnostic::stopped(stopped));
            return Vec::new();
        }
        let event = match parser.parse() {
            Ok(event) => event,
            Err(error) => {
                diagnostics.push(syntax(&error, text, byte));
                return Vec::new();
            }
        };
        let span = Span::new(byte(event.start_mark), byte(event.end_mark));
        let outcome = match event.data {
            EventData::StreamEnd => return trees,
            EventData::DocumentEnd { .. } => {
                let next = Builder::new(text, limits, builder.nodes());
                trees.extend(std::mem::replace(&mut builder, next).finish(diagnostics));
                Ok(())
            }
            EventData::Scalar { value, style, anchor, tag, .. } => {
                builder.scalar(&value, style, anchor, tag.as_deref(), span)
            }
            EventData::SequenceStart { anchor, .. } => builder.open(span, anchor, false),
            EventData::MappingStart { anchor, .. } => builder.open(span, anchor, true),
            EventData::SequenceEnd | EventData::MappingEnd => builder.close(span),
            EventData::Alias { anchor } => builder.alias(&anchor, span),
            EventData::StreamStart { .. } | EventData::DocumentStart { .. } => Ok(()),
        };
        if let Err(diagnostic) = outcome {
            diagnostics.push(*diagnostic);
            return Vec::new();
        }
    }
}

fn syntax(error: &Error, text: &str, byte: impl Fn(Mark) -> usize) -> Diagnostic {
    let start = error.problem_mark().map_or(0, byte);
    let width = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let context = error.context().map(|context| format!("{context}: ")).unwrap_or_default();
    let message = format!("{context}{}", error.problem());
    let help = "mend the YAML; nothing else was checked";
    Diagnostic::new("read.syntax", message, Span::new(start, start + width), help)
}

/// After how many events it is looked whether the work may go on.
const LOOK_EVERY: usize = 4_096;

/// Entries of a map that are compared with each other rather than hashed.
const FEW: usize = 16;

/// A list or map that is still open.
struct Open {
    start: usize,
    anchor: Option<String>,
    end: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<NodeId>),
    Map { entries: Vec<Entry>, merges: Vec<NodeId>, key: Option<(Box<str>, Span, bool)> },
}

struct Builder<'a> {
    text: &'a str,
    limits: &'a ReadLimits,
    tree: Tree,
    /// Values of the documents before this one.
    before: usize,
    open: Vec<Open>,
    anchors: HashMap<String, NodeId>,
    diagnostics: Vec<Diagnostic>,
    /// Keys looked at for merges, so that merges of merges are bounded while they are built.
    merged: usize,
    root: Option<NodeId>,
}

/// Returns what follows anchors (`&a`) and tags (`!!str`).
fn without_properties(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with(['&', '!']) {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or("").trim_start();
    }
    rest
}

type Outcome = Result<(), Box<Diagnostic>>;

impl<'a> Builder<'a> {
    fn new(text: &'a str, limits: &'a ReadLimits, before: usize) -> Self {
        Self {
            text,
            limits,
            tree: Tree::default(),
            before,
            open: Vec::new(),
            anchors: HashMap::default(),
            diagnostics: Vec::new(),
            merged: 0,
            root: None,
        }
    }

    /// Values so far.
    fn nodes(&self) -> usize {
        self.before + self.tree.len()
    }

    fn finish(mut self, diagnostics: &mut Vec<Diagnostic>) -> Option<Tree> {
        diagnostics.append(&mut self.diagnostics);
        self.tree.root = self.root?;
        Some(self.tree)
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        anchor: Option<String>,
        tag: Option<&str>,
        span: Span,
    ) -> Outcome {
        let plain = style == ScalarStyle::Plain;
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        // The line end that `events` lends a text without one is not the value's.
        let lent = block && span.end >= self.text.len() && !self.text.ends_with(['\n', '\r']);
        let value = if lent { value.strip_suffix('\n').unwrap_or(value) } else { value };
        // The scanner ends plain and block scalars at the next token; what lies between is not the value's.
        let trimmed = if plain || block {
            Span::new(span.start, span.start + span.slice(self.text).trim_end().len())
        } else {
            span
        };
        // An anchor or a tag before the value is not the value.
        let trimmed = Span::new(trimmed.end - without_properties(trimmed.slice(self.text)).len(), trimmed.end);
        let is_key = matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. }));
        if is_key {
            let decoded = if tag == Some("tag:yaml.org,2002:binary") { scalar::binary(value) } else { None };
            let value = decoded.as_deref().unwrap_or(value);
            if let Some(anchor) = anchor {
                let node = self.tree.push(trimmed, NodeValue::Text(value.into()));
                self.anchors.insert(anchor, node);
            }
            return self.key(value, trimmed, plain && value == "<<");
        }
        let node = self.tree.push(trimmed, scalar::resolve(value, plain, tag));
        self.place(node, anchor, trimmed.end)
    }

    fn key(&mut self, name: &str, span: Span, merge: bool) -> Outcome {
        if let Some(Open { kind: OpenKind::Map { key, .. }, end, .. }) = self.open.last_mut() {
            *key = Some((name.into(), span, merge));
            *end = span.end;
        }
        Ok(())
    }

    fn open(&mut self, span: Span, anchor: Option<String>, map: bool) -> Outcome {
        if matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. })) {
            let help = "use a plain word as the key";
            return Err(Box::new(Diagnostic::new("read.syntax", "a list or map cannot be a key here", span, help)));
        }
        if self.open.len() >= self.limits.depth_max {
            let message = format!("document nests deeper than {} levels", self.limits.depth_max);
            return Err(Box::new(Diagnostic::new("read.too_large", message, span, "flatten the document")));
        }
        let kind = if map {
            OpenKind::Map { entries: Vec::new(), merges: Vec::new(), key: None }
        } else {
            OpenKind::List(Vec::new())
        };
        self.open.push(Open { start: span.start, anchor, end: span.end, kind });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Outcome {
        let outcome = self.close_container(span);
        if self.merged > self.limits.nodes_max {
            let message = format!("`<<` merges more than {} keys", self.limits.nodes_max);
            return Err(Box::new(Diagnostic::new("read.too_large", message, span, "merge fewer maps")));
        }
        outcome
    }

    fn close_container(&mut self, span: Span) -> Outcome {
        let Some(open) = self.open.pop() else { return Ok(()) };
        // A flow collection ends with its bracket, a block one with its last child.
        let bracket = span.slice(self.text);
        let end = if bracket == "]" || bracket == "}" { span.end } else { open.end };
        let value = match open.kind {
            OpenKind::List(items) => NodeValue::List(items),
            OpenKind::Map { mut entries, merges, .. } => {
                self.check_duplicates(&entries);
                self.merge(&mut entries, &merges);
                NodeValue::Map(entries)
            }
        };
        let node = self.tree.push(Span::new(open.start.min(end), end), value);
        self.place(node, open.anchor, end)
    }

    fn alias(&mut self, anchor: &str, span: Span) -> Outcome {
        let Some(target) = self.anchors.get(anchor).copied() else {
            let message = "an alias names an anchor that does not stand, finished, before it";
            return Err(Box::new(Diagnostic::new("read.syntax", message, span, "do not let a value contain itself")));
        };
        if matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. })) {
            let name = match self.tree.value(target) {
                Some(NodeValue::Text(text)) => text.clone(),
                _ => {
                    let message = "an alias used as a key must name a text";
                    return Err(Box::new(Diagnostic::new("read.syntax", message, span, "write the key out")));
                }
            };
            return self.key(&name, span, false);
        }
        let node = self.tree.push(span, NodeValue::Alias(target));
        self.place(node, None, span.end)
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: NodeId, anchor: Option<String>, value_end: usize) -> Outcome {
        if self.nodes() > self.limits.nodes_max {
            let span = self.tree.node(node).map(|node| node.span).unwrap_or_default();
            return Err(Box::new(Diagnostic::too_many_values(self.limits, span)));
        }
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, node);
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { kind: OpenKind::List(items), end, .. }) => {
                items.push(node);
                *end = value_end.max(*end);
            }
            Some(Open { kind: OpenKind::Map { entries, merges, key }, end, .. }) => {
                if let Some((key, key_span, merge)) = key.take() {
                    if merge {
                        merges.push(node);
                    } else {
                        entries.push(Entry { key, key_span, value: node });
                    }
                }
                *end = value_end.max(*end);
            }
        }
        Ok(())
    }

    fn check_duplicates(&mut self, entries: &[Entry]) {
        // Most maps are small, and looking twice is then cheaper than hashing once.
        if entries.len() <= FEW {
            for (index, entry) in entries.iter().enumerate() {
                if entries.iter().take(index).any(|earlier| earlier.key == entry.key) {
                    self.diagnostics.push(duplicate(&entry.key, entry.key_span));
                }
            }
            return;
        }
        let mut seen = HashSet::with_capacity_and_hasher(entries.len(), Default::default());
        for entry in entries {
            if !seen.insert(&*entry.key) {
                self.diagnostics.push(duplicate(&entry.key, entry.key_span));
            }
        }
    }

    fn merge(&mut self, entries: &mut Vec<Entry>, merges: &[NodeId]) {
        if merges.is_empty() {
            return;
        }
        let mut seen: HashSet<Box<str>> = entries.iter().map(|entry| entry.key.clone()).collect();
        // Of several `<<`, PyYAML lets the last win; of the maps in one list, the first.
        for source in merges.iter().rev() {
            let maps = match self.tree.value(*source) {
                Some(NodeValue::List(items)) => items.clone(),
                _ => vec![*source],
            };
            for map in maps {
                if let Some(NodeValue::Map(merged)) = self.tree.value(map) {
                    self.merged = self.merged.saturating_add(merged.len());
                    if self.merged > self.limits.nodes_max {
                        return;
                    }
                    entries.extend(merged.iter().filter(|entry| seen.insert(entry.key.clone())).cloned());
                } else {
                    let span = self.tree.node(map).map(|node| node.span).unwrap_or_default();
                    let help = "merge a map, as in `<<: *name`";
                    self.diagnostics.push(Diagnostic::new(
                        "read.syntax",
                        "`<<` merges something that is no map",
                        span,
                        help,
                    ));
                }
            }
        }
    }
}
