//! What only a sidecar does: the descriptors that it serves, decisions about access, questions by path, other programs'
//! protocols, and policies that callers send.
//!
//! Deliberately absent: HTTP.

pub mod access;
pub mod adapters;
pub mod asking;
pub mod files;
pub mod served;
pub mod validate;

pub use access::{Access, Answer, BadRequest, Obligations, Request, dialect};
pub use asking::{Asking, BundleOf};
pub use files::fingerprint_of;
pub use meshgate_core::sql::Dialect;
pub use validate::{Validated, validate};
