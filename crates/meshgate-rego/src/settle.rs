//! What is made of a module before regorus is given it, so that what may be undefined, what is negated, what shares a name and
//! what is taken apart means what it means in OPA. Each is a text over the author's, so that every place stays known.
//!
//! Deliberately absent: calls and operators; see `rewrite`.

pub mod bodies;
pub mod heads;
pub mod negation;
pub mod objects;
pub mod shadows;
pub mod terms;
