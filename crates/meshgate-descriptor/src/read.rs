//! The reader: text in, documents and diagnostics out.
//!
//! Deliberately absent: guessing. A text that does not parse is a diagnostic, never an empty document.

use crate::document::Document;
use crate::tree::Tree;
use crate::{json, yaml};
use meshgate_core::limits::ReadLimits;
use meshgate_core::span::Span;
use meshgate_core::work::Stopped;
use std::sync::Arc;

/// Why a text could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A rule id of the category `read`.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do.
    pub help: String,
}

impl Diagnostic {
    pub(crate) fn new(rule: &'static str, message: impl Into<String>, span: Span, help: impl Into<String>) -> Self {
        Self { rule, message: message.into(), span, help: help.into() }
    }

    /// The file holds more values than are read.
    pub(crate) fn too_many_values(limits: &ReadLimits, span: Span) -> Self {
        let message = format!("file holds more than {} values", limits.nodes_max);
        Self::new("read.too_large", message, span, "split the file, or raise `limits.nodes_max` in meshgate.yaml")
    }

    /// Reading was stopped.
    pub(crate) fn stopped(why: Stopped) -> Self {
        Self::new("read.too_large", why.message(), Span::default(), "ask again, with less at once")
    }
}

/// What became of a text.
#[derive(Debug)]
pub struct Parsed {
    /// The text without what is not text (bytes that are no UTF-8 are shown as `�`).
    pub text: Arc<str>,
    /// The documents, in order.
    pub documents: Vec<Document>,
    /// Why it, or a part of it, could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads YAML or JSON: JSON when the name says so or the text begins like it, YAML otherwise.
///
/// ```
/// use meshgate_core::{limits::ReadLimits, pointer::Pointer};
/// let parsed = meshgate_descriptor::read("c.yaml", b"kind: DataContract\nid: c-1\n", &ReadLimits::default());
/// let span = parsed.documents[0].span(&Pointer::root().key("id"));
/// assert_eq!(span.slice(&parsed.text), "c-1");
/// ```
#[must_use]
pub fn read(file: &str, bytes: &[u8], limits: &ReadLimits) -> Parsed {
    let failed = |text: Arc<str>, diagnostic| Parsed { text, documents: Vec::new(), diagnostics: vec![diagnostic] };
    if bytes.len() > limits.file_bytes_max {
        let message = format!("file has {} bytes, at most {} are read", bytes.len(), limits.file_bytes_max);
        let help = "split the file, or raise `limits.file_bytes_max` in meshgate.yaml";
        return failed(Arc::from(""), Diagnostic::new("read.too_large", message, Span::default(), help));
    }
    let text: Arc<str> = match std::str::from_utf8(bytes) {
        Ok(text) => Arc::from(text),
        Err(error) => {
            let at = error.valid_up_to();
            let message = format!("byte {at} is not UTF-8");
            let lossy = String::from_utf8_lossy(bytes);
            let span = Span::new(at, at + '\u{fffd}'.len_utf8());
            return failed(Arc::from(lossy), Diagnostic::new("read.not_utf8", message, span, "save the file as UTF-8"));
        }
    };
    let is_json = file.to_ascii_lowercase().ends_with(".json");
    let begins_as_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let mut diagnostics = Vec::new();
    let trees = if is_json {
        json::parse(&text, limits, &mut diagnostics)
    } else if begins_as_json {
        // A flow mapping is YAML too: JSON first, and YAML's own word only when it is not JSON.
        let mut of_json = Vec::new();
        let trees = json::parse(&text, limits, &mut of_json);
        if of_json.is_empty() { trees } else { yaml::parse(&text, limits, &mut diagnostics) }
    } else {
        yaml::parse(&text, limits, &mut diagnostics)
    };
    if trees.len() > DOCUMENTS_MAX {
        let message = format!("file holds {} documents, at most {DOCUMENTS_MAX} are read", trees.len());
        return failed(text, Diagnostic::new("read.too_large", message, Span::default(), "split the file"));
    }
    let mut values = 0;
    let documents = trees
        .into_iter()
        .filter(|tree| within(tree, limits, &mut values, &mut diagnostics))
        .map(|tree| Document::new(Arc::clone(&text), tree))
        .collect();
    if diagnostics.len() > DIAGNOSTICS_MAX {
        let more = diagnostics.len() - DIAGNOSTICS_MAX;
        diagnostics.truncate(DIAGNOSTICS_MAX);
        let help = "mend the first ones and check again";
        diagnostics.push(Diagnostic::new(
            "read.syntax",
            format!("{more} more places cannot be read"),
            Span::default(),
            help,
        ));
    }
    Parsed { text, documents, diagnostics }
}

/// Documents of one file.
const DOCUMENTS_MAX: usize = 10_000;
/// Diagnostics of one file that are told; the rest is counted.
const DIAGNOSTICS_MAX: usize = 1000;

/// Says whether a document, its aliases expanded, is within the limits (a "billion laughs" is not), and the documents before
/// it with it.
fn within(tree: &Tree, limits: &ReadLimits, values: &mut usize, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let size = tree.expanded();
    *values = values.saturating_add(size.nodes);
    // Text grows by aliases too; twice the largest file is more than any honest document comes to.
    let bytes_max = limits.file_bytes_max.saturating_mul(2);
    let (message, help) = if size.bytes > bytes_max {
        let message = format!("document has more than {bytes_max} bytes of text once its aliases are expanded");
        (message, "write fewer aliases of long texts")
    } else if *values > limits.nodes_max {
        let message = format!("file has more than {} values once its aliases are expanded", limits.nodes_max);
        (message, "write fewer aliases of aliases, or split the document")
    } else if size.depth > limits.depth_max {
        (format!("document nests deeper than {} levels", limits.depth_max), "flatten the document")
    } else {
        return true;
    };
    diagnostics.push(Diagnostic::new("read.too_large", message, Span::default(), help));
    false
}
