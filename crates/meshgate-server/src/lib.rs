//! The sidecar: decisions over HTTP, in the APIs that clients already know, with the same engine and the same bytes as the
//! command line.
//!
//! Deliberately absent: judgement. A route turns a request into a question to the engine and its answer into a response.

mod admin;
mod api;
mod app;
mod authzen;
mod body;
mod check;
mod credentials;
mod decide;
mod ext_authz;
mod front;
mod held;
mod hosts;
mod listen;
mod loader;
mod log;
mod metrics;
mod odm;
mod opa;
mod pace;
mod problem;
mod request;
mod serve;
mod tls;
mod unique;
mod voice;
mod watch;
mod workers;

pub use loader::Loader;
pub use log::{DecisionLog, LogTo, spooled_files};
pub use serve::{Addresses, ServeError, Serving, serve};
pub use voice::Voice;
pub use watch::Source;
pub use workers::STACK_BYTES;
