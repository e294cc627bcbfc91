//! What a plugin finds.
//!
//! Deliberately absent: severity, file and line. The rule has the one, the host knows the others.

use serde_json::Value;

/// A remark about one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// One of the rules that the plugin describes.
    pub rule: String,
    /// The place: a `pointer` of the model, or one below it.
    pub pointer: String,
    /// What is wrong, with the names and values that it is about.
    pub message: String,
    /// A few words to write under the place.
    pub label: Option<String>,
    /// Other places that explain it.
    pub related: Vec<Related>,
    /// How to mend it: a JSON Patch (RFC 6902).
    pub fix: Option<Value>,
}

/// Another place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub pointer: String,
    /// What to write under it.
    pub message: String,
}

impl Finding {
    /// Makes a finding.
    #[must_use]
    pub fn new(rule: &str, pointer: &str, message: impl Into<String>) -> Self {
        Self {
            rule: rule.to_owned(),
            pointer: pointer.to_owned(),
            message: message.into(),
            label: None,
            related: Vec::new(),
            fix: None,
        }
    }

    /// Writes a few words under the place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = Some(text.into());
        self
    }

    /// Points at another place, too.
    #[must_use]
    pub fn related(mut self, pointer: &str, message: impl Into<String>) -> Self {
        self.related.push(Related { pointer: pointer.to_owned(), message: message.into() });
        self
    }

    /// Says how to mend it, by a JSON Patch.
    #[must_use]
    pub fn fix(mut self, patch: Value) -> Self {
        self.fix = Some(patch);
        self
    }
}
