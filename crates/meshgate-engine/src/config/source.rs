//! The text of a configuration, and the way from what is said of it to its place.
//!
//! Deliberately absent: meaning.

use super::ConfigError;
use crate::locate::Located;
use meshgate_core::finding::Finding;
use meshgate_core::limits::ReadLimits;
use meshgate_core::pointer::Pointer;
use meshgate_core::severity::Severity;
use meshgate_core::span::{Lines, Span};
use meshgate_descriptor::Document;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A YAML file of ours.
#[derive(Debug)]
pub struct ConfigSource {
    /// The file as messages name it.
    pub name: String,
    document: Document,
    text: String,
}

impl ConfigSource {
    /// Reads a file of ours: one document, no unknown key.
    ///
    /// # Errors
    /// [`ConfigError`] with the place of what is wrong.
    pub fn read<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<(T, Self), ConfigError> {
        let parsed = meshgate_descriptor::read(name, bytes, &ReadLimits::default());
        if let Some(diagnostic) = parsed.diagnostics.first() {
            let at = Lines::of(&parsed.text).position(&parsed.text, diagnostic.span.start);
            let place = format!("{name}:{}:{}", at.line, at.column);
            return Err(ConfigError { place, message: diagnostic.message.clone() });
        }
        let text = parsed.text.to_string();
        let mut documents = parsed.documents.into_iter();
        let (Some(document), None) = (documents.next(), documents.next()) else {
            let message = "is empty or holds several documents; write one, or run `meshgate init`".to_owned();
            return Err(ConfigError { place: name.to_owned(), message });
        };
        let source = Self { name: name.to_owned(), document, text };
        if !source.value().is_object() {
            return Err(
                source.error(&Pointer::root(), "is no mapping of keys; run `meshgate init` for one to begin with")
            );
        }
        match serde_path_to_error::deserialize(&source.value()) {
            Ok(read) => Ok((read, source)),
            Err(error) => {
                let pointer = error.path().iter().fold(Pointer::root(), |pointer, step| match step {
                    serde_path_to_error::Segment::Seq { index } => pointer.index(*index),
                    serde_path_to_error::Segment::Map { key } => pointer.key(key),
                    _ => pointer,
                });
                Err(source.error(&pointer, super::explain(&error.inner().to_string())))
            }
        }
    }

    /// The whole document.
    #[must_use]
    pub fn value(&self) -> Value {
        self.document.to_value()
    }

    /// An error about one value.
    #[must_use]
    pub fn error(&self, pointer: &Pointer, message: impl Into<String>) -> ConfigError {
        ConfigError { place: self.at(self.document.span(pointer)), message: message.into() }
    }

    /// An error about a key, or about an element of a list.
    #[must_use]
    pub fn key_error(&self, pointer: &Pointer, message: impl Into<String>) -> ConfigError {
        ConfigError { place: self.place(pointer), message: message.into() }
    }

    /// A place, as `file:line:column`.
    #[must_use]
    pub fn place(&self, pointer: &Pointer) -> String {
        self.at(self.span(pointer))
    }

    fn at(&self, span: Span) -> String {
        let at = Lines::of(&self.text).position(&self.text, span.start);
        format!("{}:{}:{}", self.name, at.line, at.column)
    }

    /// A key is pointed at rather than its value, which may be long.
    fn span(&self, pointer: &Pointer) -> Span {
        let in_list = pointer.as_str().rsplit('/').next().is_some_and(|step| step.bytes().all(|b| b.is_ascii_digit()));
        if in_list { self.document.span(pointer) } else { self.document.key_span(pointer) }
    }

    /// A remark of the law of layers and waivers.
    #[must_use]
    pub fn finding(&self, rule: &'static str, severity: Severity, pointer: &Pointer, said: Said) -> Finding {
        let span = self.span(pointer);
        let mut finding = Located::new(&self.name, &self.text).governance(rule, severity, span, said);
        finding.location.pointer = pointer.clone();
        finding
    }
}

/// The words of such a remark.
#[derive(Debug, Clone)]
pub struct Said {
    /// What is wrong.
    pub message: String,
    /// What to write under the place.
    pub label: Option<String>,
    /// What to do.
    pub help: String,
}
