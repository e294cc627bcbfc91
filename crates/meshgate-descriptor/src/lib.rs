//! Text to descriptor: spanned nodes, the raw document, the model, and the way from a pointer back to its bytes.
//!
//! Deliberately absent: files (the engine reads them) and rules. Reading never panics and never half-succeeds in
//! silence: what cannot be read is a [`Diagnostic`] with a place.

mod document;
mod extract;
mod format;
mod json;
mod read;
mod schema;
mod tree;
mod yaml;

pub use document::{Cursor, Document};
pub use format::{model, recognise, references};
pub use schema::{Focus, SchemaCheck, Violation, check as check_schema, declared};
pub use read::{Diagnostic, Parsed, read};
