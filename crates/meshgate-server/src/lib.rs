//! The sidecar: checks and queries over HTTP, with the same engine and the same bytes as the command line.
//!
//! Deliberately absent: judgement. A route turns a request into a question to the engine and its answer into a response.

mod app;
mod check;
mod data;
mod problem;
mod serve;

pub use app::{App, admin_routes, routes};
pub use serve::{Addresses, ServeError, serve};
