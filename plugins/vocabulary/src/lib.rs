//! The vocabulary plugin: every word of a column's name belongs to the domain's vocabulary, and a word that does not is
//! met with the term that was probably meant.
//!
//! Deliberately absent: WebAssembly, but for the few lines of `guest.rs`; the judgement is plain Rust with plain tests.

#[cfg(target_arch = "wasm32")]
mod guest;
mod judge;
mod settings;
mod words;

pub use judge::{Remark, judge};
pub use settings::Settings;
