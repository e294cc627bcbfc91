//! Rego on regorus: bundles' modules and METADATA, checks before evaluation, evaluation rule by rule, tests.
//!
//! Deliberately absent: files and sockets; who owns them hands in what they give.

mod annotations;
mod builtins;
mod bundle;
mod calls;
mod context;
mod error;
mod evaluate;
mod graph;
mod http;
mod index;
mod lexical;
mod metadata;
mod modules;
mod output;
mod probe;
mod query;
mod rewrite;
mod syntax;
mod testing;
mod text;

pub use bundle::{Bundle, Module, Options};
pub use error::LoadError;
pub use evaluate::QueryError;
pub use http::{Network, Request, Response, Transport};
pub use modules::Version;
pub use query::{FailedQuery, Query, Ready, Row};
pub use text::Position;
pub use testing::{Failure, FileCoverage, TestOptions, TestResult, TestRun};
