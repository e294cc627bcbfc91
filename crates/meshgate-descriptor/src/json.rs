//! JSON (RFC 8259) with spans. Strict: comments, trailing commas and duplicate keys are diagnostics.
//!
//! Deliberately absent: repair. Written by hand because no kept parser gives spans of keys and values with a bound on
//! depth; a property test holds it to `serde_json`.

use crate::read::Diagnostic;
use crate::tree::{Entry, NodeId, NodeValue, Tree};
use meshgate_core::limits::ReadLimits;
use meshgate_core::span::Span;
use meshgate_core::work::look;
use serde_json::Number;

/// Parses one JSON text.
pub fn parse(text: &str, limits: &ReadLimits, diagnostics: &mut Vec<Diagnostic>) -> Vec<Tree> {
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser = Parser { text, at, depth: 0, limits, tree: Tree::default(), diagnostics };
    let Some(root) = parser.document() else { return Vec::new() };
    parser.tree.root = root;
    vec![parser.tree]
}

/// After how many values it is looked whether the work may go on.
const LOOK_EVERY: usize = 4_096;

/// Keys of an object that is looked through.
const SMALL: usize = 16;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    limits: &'a ReadLimits,
    tree: Tree,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Parser<'_> {
    fn document(&mut self) -> Option<NodeId> {
        let root = self.value()?;
        self.blank();
        if self.at < self.text.len() {
            return self.fail("text after the end of the JSON document");
        }
        Some(root)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fail<T>(&mut self, message: impl Into<String>) -> Option<T> {
        let width = self.rest().chars().next().map_or(0, char::len_utf8);
        let span = Span::new(self.at, self.at + width);
        self.diagnostics.push(Diagnostic::new("read.syntax", message, span, "mend the JSON; nothing else was checked"));
        None
    }

    fn expect(&mut self, byte: u8, what: &str) -> Option<()> {
        self.blank();
        if self.peek() == Some(byte) {
            self.at += 1;
            Some(())
        } else if self.at >= self.text.len() {
            self.fail(format!("the text ends where {what} is expected"))
        } else {
            self.fail(format!("expected {what}"))
        }
    }

    fn value(&mut self) -> Option<NodeId> {
        let nodes = self.tree.len();
        if nodes > self.limits.nodes_max {
            self.diagnostics.push(Diagnostic::too_many_values(self.limits, Span::new(self.at, self.at)));
            return None;
        }
        if nodes % LOOK_EVERY == LOOK_EVERY - 1
            && let Err(stopped) = look()
        {
            self.diagnostics.push(Diagnostic::stopped(stopped));
            return None;
        }
        self.blank();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => {
                let (text, span) = self.string()?;
                Some(self.tree.push(span, NodeValue::Text(text)))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => self.fail("the text ends where a value is expected"),
        }
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Option<NodeId>) -> Option<NodeId> {
        if self.depth >= self.limits.depth_max {
            return self.fail(format!("document nests deeper than {} levels", self.limits.depth_max));
        }
        self.depth += 1;
        let node = parse(self);
        self.depth -= 1;
        node
    }

    fn object(&mut self) -> Option<NodeId> {
        let start = self.at;
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = crate::hash::HashSet::default();
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                self.blank();
                if self.peek() != Some(b'"') {
                    return self.fail("expected a key in double quotes");
                }
                let (key, key_span) = self.string()?;
                // Most objects are small: looking through them is cheaper than remembering their keys.
                let known = match entries.len() {
                    0..=SMALL => entries.iter().any(|entry| entry.key == key),
                    _ => {
                        if seen.is_empty() {
                            seen.extend(entries.iter().map(|entry| entry.key.clone()));
                        }
                        !seen.insert(key.clone())
                    }
                };
                if known {
                    self.diagnostics.push(duplicate(&key, key_span));
                }
                self.expect(b':', "`:`")?;
                let value = self.value()?;
                entries.push(Entry { key, key_span, value });
                self.blank();
                if self.peek() == Some(b'}') {
                    self.at += 1;
                    break;
                }
                self.expect(b',', "`,` or `}`")?;
            }
        }
        Some(self.tree.push(Span::new(start, self.at), NodeValue::Map(entries)))
    }

    fn array(&mut self) -> Option<NodeId> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                items.push(self.value()?);
                self.blank();
                if self.peek() == Some(b']') {
                    self.at += 1;
                    break;
                }
                self.expect(b',', "`,` or `]`")?;
            }
        }
        Some(self.tree.push(Span::new(start, self.at), NodeValue::List(items)))
    }

    fn string(&mut self) -> Option<(Box<str>, Span)> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(b'\n' | b'\r') | None => {
                    self.at = end.min(self.text.len());
                    return self.fail("a string is not closed on its line");
                }
                Some(_) => end += 1,
            }
        }
        let span = Span::new(start, end + 1);
        // Escapes are serde_json's: one meaning of `\ud83d\ude00` is enough.
        match serde_json::from_str::<String>(span.slice(self.text)) {
            Ok(text) => {
                self.at = end + 1;
                Some((text.into_boxed_str(), span))
            }
            Err(_) => self.fail("a string holds an unknown escape or a control character"),
        }
    }

    fn number(&mut self) -> Option<NodeId> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let span = Span::new(start, self.at);
        match serde_json::from_str::<Number>(span.slice(self.text)) {
            Ok(number) => Some(self.tree.push(span, NodeValue::Number(number))),
            Err(_) => {
                self.at = start;
                self.fail(format!("`{}` is not a JSON number", span.slice(self.text)))
            }
        }
    }

    fn word(&mut self) -> Option<NodeId> {
        let words = [("true", NodeValue::Bool(true)), ("false", NodeValue::Bool(false)), ("null", NodeValue::Null)];
        for (word, value) in words {
            if self.rest().starts_with(word) {
                let span = Span::new(self.at, self.at + word.len());
                self.at = span.end;
                return Some(self.tree.push(span, value));
            }
        }
        self.fail("expected a JSON value")
    }
}

/// The diagnostic of a key that stands twice in one object; shared with YAML.
pub fn duplicate(key: &str, span: Span) -> Diagnostic {
    let message = format!("key `{key}` stands twice in the same object");
    Diagnostic::new("read.duplicate_key", message, span, "keep one of them: parsers disagree on which one counts")
}
