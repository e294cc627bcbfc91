//! Renderers of a report, and the versioned wire types.
//!
//! Deliberately absent: printing. A renderer returns text; who asked for it writes it.

pub mod json;
pub mod text;

mod summary;
