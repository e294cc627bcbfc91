//! Configuration, bundles, plugins, and the one way of a check: the only crate that names the evaluators.
//!
//! Deliberately absent: rendering, HTTP and arguments; the edges own those.

mod builtin;
mod bundle;
mod check;
mod config;
mod discover;
mod embedded;
mod engine;
mod fetch;
mod judge;
mod locate;
mod mesh;
mod policy_test;
mod schemas;
mod show;
mod sources;

pub use builtin::{BUILTINS, Builtin, builtin_rule};
pub use check::{CheckOptions, Outcome};
pub use config::{Config, ConfigError, TEMPLATE};
pub use engine::{Additions, Engine, EngineError};
pub use meshgate_rego::{QueryError, TestResult};
pub use policy_test::test_paths;
pub use schemas::{config_schema, input_schema};
pub use show::{Shown, ShownFile, show};
