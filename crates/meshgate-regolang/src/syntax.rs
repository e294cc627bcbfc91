//! From text to a tree: tokens, the parser, the tree, and what walks, compares and prints it.
//!
//! Deliberately absent: anything that looks at more than one module.

pub mod ast;
pub mod compare;
mod lex;
pub mod module;
mod parse;
pub mod print;
pub mod token;
pub mod walk;

pub use lex::tokens;
pub use module::{Version, module, query};
