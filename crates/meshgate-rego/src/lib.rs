//! Rego on regorus: bundles' modules and METADATA, checks before evaluation, evaluation rule by rule, tests.
//!
//! Deliberately absent: files and sockets; who owns them hands in what they give.

mod access;
mod annotations;
mod builtins;
mod bundle;
mod calls;
mod clear;
mod clearance;
mod conftest;
mod context;
mod eligible;
mod error;
mod evaluate;
mod fast;
mod gears;
mod graph;
mod heads;
mod http;
mod index;
mod json;
mod lexical;
mod lint;
mod metadata;
mod modules;
mod output;
mod pool;
mod probe;
mod query;
mod rewrite;
mod safety;
mod slices;
mod syntax;
mod terms;
mod testing;
mod text;
mod wanted;

pub use access::{Decide, Decider};
pub use builtins::term;
pub use bundle::{Bundle, Module, Options};
pub use clear::Cleared;
pub use clearance::Clearance;
pub use context::{asked_others, within};
pub use eligible::{Construct, Reason};
pub use error::LoadError;
pub use evaluate::{QueryError, syntax_tree};
pub use gears::{Difference, Gear, GearCounts, GearSettings};
pub use http::{Network, Request, Response, Transport};
pub use json::{Json, parse as parse_json, value as value_of_json};
pub use lint::{Lint, lint};
pub use modules::Version;
pub use pool::occasional;
pub use query::{Evaluated, FailedQuery, Query, Ready, Row, Timed, Timing};
pub use regorus::{Value, set_global_memory_limit};
pub use testing::{Failure, FileCoverage, TestOptions, TestResult, TestRun};
pub use text::Position;
