//! Maps and sets that hash faster than std's, seeded anew in each process as std's are: their keys are a document's.
//!
//! Deliberately absent: an order. What is told has one of its own.

use foldhash::quality::RandomState;

pub type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;
pub type HashSet<T> = std::collections::HashSet<T, RandomState>;
