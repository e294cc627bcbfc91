//! Renderers of a report, and the versioned wire types.
//!
//! Deliberately absent: printing. A renderer returns text; who asked for it writes it.

pub mod concise;
pub mod format;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod tap;
pub mod text;

pub mod xml;

mod printing;
mod suites;
mod summary;

pub use format::Format;
