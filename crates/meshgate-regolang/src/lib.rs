//! Rego as a language: text to a syntax tree, OPA's compiler stages over it, and its types. It finds what is wrong with
//! policies before anything is evaluated, in OPA's words and with OPA's codes.
//!
//! Deliberately absent: evaluation, builtins' implementations, files, clocks and threads.

#![forbid(unsafe_code)]

pub mod compile;
pub mod error;
pub mod number;
pub mod source;
pub mod syntax;
pub mod types;

pub use compile::{Checked, Options, check};
pub use error::{Code, Error};
pub use source::{Place, Source, Span};
