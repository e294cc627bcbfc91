//! Rego on regorus: bundles' modules and METADATA, checks before evaluation, evaluation rule by rule, tests.
//!
//! Deliberately absent: files (the engine reads them), the VM, and builtins that regorus lacks: a policy that calls one
//! is an error when it is loaded or evaluated, never a silent pass.

mod builtins;
mod bundle;
mod calls;
mod error;
mod evaluate;
mod graph;
mod metadata;
mod output;
mod query;
mod tests_run;

pub use bundle::{Bundle, Module};
pub use error::LoadError;
pub use evaluate::QueryError;
pub use query::{FailedQuery, Query};
pub use tests_run::TestResult;
