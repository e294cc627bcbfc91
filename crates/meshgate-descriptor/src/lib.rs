//! Text to descriptor: spanned nodes, the raw document, the model, and the way from a pointer back to its bytes.
//!
//! Deliberately absent: files (the engine reads them) and rules. Reading never panics and never half-succeeds in
//! silence: what cannot be read is a [`Diagnostic`] with a place.

mod cursor;
mod descriptor;
mod document;
mod extract;
mod format;
mod hash;
mod json;
mod read;
mod reference;
mod schema;
mod tree;
mod yaml;

pub use cursor::Cursor;
pub use descriptor::{Descriptor, Part};
pub use document::Document;
pub use extract::Extract;
pub use format::{Recognised, join, link, model, outline, plain, recognise};
pub use read::{Diagnostic, Parsed, read};
pub use reference::{Files, NoFiles, Opened, Resolution, Unopened, host};
pub use schema::{Focus, SchemaCheck, Violation, check as check_schema, declared};
