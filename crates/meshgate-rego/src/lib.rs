//! Rego on regorus: bundles' modules and METADATA, checks before evaluation, evaluation rule by rule, tests.
//!
//! Deliberately absent: files and sockets; who owns them hands in what they give.

mod access;
mod annotations;
mod builtins;
mod bundle;
mod checked;
mod clear;
mod clearance;
mod compiled;
mod conftest;
mod context;
mod eligible;
mod error;
mod evaluate;
mod fast;
mod gears;
mod http;
mod index;
mod json;
mod lexical;
mod lint;
mod machine;
mod metadata;
mod modules;
mod options;
mod pool;
mod probe;
mod query;
mod rewrite;
mod settle;
mod slices;
mod syntax;
mod testing;
mod text;
mod wanted;
mod yaml;

pub use access::{Decide, Decider};
pub use builtins::{Signed, certificates, fits, term, verified, verifying};
pub use bundle::{Bundle, Params};
pub use clear::Cleared;
pub use clearance::Clearance;
pub use context::{Gears, asked_others, gears, within};
pub use eligible::{Construct, Reason};
pub use error::LoadError;
pub use evaluate::{QueryError, syntax_tree};
pub use gears::{Difference, Gear, GearCounts, GearSettings};
pub use http::{Network, Request, Response, Transport};
pub use json::{Documents, Json, UniqueJson, parse as parse_json, value as value_of_json};
pub use lint::{Lint, lint};
pub use options::{Module, Options, Types, Version};
pub use pool::{give_back, live_bytes, occasional};
pub use query::{Evaluated, FailedQuery, Query, Ready, Row, Timed, Timing};
pub use regorus::{Value, set_global_memory_limit};
pub use testing::{Failure, FileCoverage, TestOptions, TestResult, TestRun};
pub use text::Position;
