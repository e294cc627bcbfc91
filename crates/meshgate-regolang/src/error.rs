//! What is wrong with a policy, as OPA says it.
//!
//! Deliberately absent: advice that is ours; see [`Error::help`].

use crate::source::{Source, Span};

/// OPA's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The text cannot be read.
    Parse,
    /// It can, and means nothing.
    Compile,
    /// A variable that nothing gives a value.
    UnsafeVar,
    /// What can never fit.
    Type,
    /// A rule that needs itself.
    Recursion,
}

impl Code {
    /// As it is written in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "rego_parse_error",
            Self::Compile => "rego_compile_error",
            Self::UnsafeVar => "rego_unsafe_var_error",
            Self::Type => "rego_type_error",
            Self::Recursion => "rego_recursion_error",
        }
    }
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Its kind.
    pub code: Code,
    /// Where it is.
    pub span: Span,
    /// The word that is wrong, where that is narrower than the place that OPA tells.
    pub word: Option<Span>,
    /// What OPA says, in one line.
    pub message: String,
    /// The lines that OPA adds: types, the reference with a mark.
    pub details: Vec<String>,
    /// What we add: a name that was probably meant.
    pub help: Option<String>,
    /// That name.
    pub meant: Option<String>,
}

impl Error {
    /// An error without details.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, word: None, message: message.into(), details: Vec::new(), help: None, meant: None }
    }

    /// As OPA prints it: `FILE:LINE: CODE: MESSAGE` and the details, each in a line of its own.
    pub fn text(&self, sources: &[Source]) -> String {
        let mut text = match sources.get(self.span.file as usize) {
            Some(source) => format!("{}:{}: ", source.name, source.place(self.span.start).line),
            None => String::new(),
        };
        text.push_str(self.code.as_str());
        text.push_str(": ");
        text.push_str(&self.message);
        for line in &self.details {
            text.push_str("\n\t");
            text.push_str(line);
        }
        text
    }
}

/// Errors after which no more are told.
pub const ERRORS_MAX: usize = 10;
