//! Rego on regorus: bundles' modules and METADATA, checks before evaluation, evaluation rule by rule, tests.
//!
//! Deliberately absent: files and sockets; who owns them hands in what they give.

mod annotations;
mod builtins;
mod bundle;
mod calls;
mod clearance;
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
mod lexical;
mod metadata;
mod modules;
mod output;
mod probe;
mod query;
mod rewrite;
mod safety;
mod syntax;
mod terms;
mod testing;
mod text;

pub use bundle::{Bundle, Module, Options};
pub use clearance::Clearance;
pub use eligible::{Construct, Reason};
pub use error::LoadError;
pub use evaluate::QueryError;
pub use gears::{Difference, Gear, GearCounts, GearSettings};
pub use http::{Network, Request, Response, Transport};
pub use modules::Version;
pub use query::{FailedQuery, Query, Ready, Row};
pub use text::Position;
pub use testing::{Failure, FileCoverage, TestOptions, TestResult, TestRun};
