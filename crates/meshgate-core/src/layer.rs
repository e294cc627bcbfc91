//! Layers: who a rule, a setting or a waiver speaks for. Global rules hold everywhere, a domain's for its products, a
//! product's for itself.
//!
//! Deliberately absent: the law between them (`meshgate-engine`).

use std::fmt;

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The platform: everything.
    Global,
    /// A domain, by its name.
    Domain(String),
    /// One product, by its folder.
    Product(String),
}

impl Layer {
    /// Returns the word that rules see as `input.context.layer`: `global`, the domain's name, or `product`.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Global => "global",
            Self::Domain(name) => name,
            Self::Product(_) => "product",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("the global layer"),
            Self::Domain(name) => write!(f, "the layer of domain `{name}`"),
            Self::Product(folder) => write!(f, "the layer of the product in `{folder}`"),
        }
    }
}
