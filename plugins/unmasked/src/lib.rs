//! The twin of the Rego rule `privacy.unmasked_restricted_column`: the same findings, to the letter.
//!
//! It shows that a rule is a rule whatever it is written in, and is the small plugin that benchmarks call.
//!
//! Deliberately absent: a reason to use it; the Rego rule is shorter, and already there.

mod twin;

pub use twin::{Settings, Unmasked};

meshgate_plugin_sdk::export!(Unmasked);
