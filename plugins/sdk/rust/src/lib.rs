//! Write Meshgate plugins in Rust.
//!
//! A plugin is a type that implements [`Plugin`], and one call of [`export!`]:
//!
//! ```
//! use meshgate_plugin_sdk::{Description, Finding, Input, Plugin, Rule, Severity};
//!
//! struct Loud;
//!
//! impl Plugin for Loud {
//!     type Settings = serde_json::Value;
//!
//!     fn describe() -> Description {
//!         Description::new("loud", "0.1.0")
//!             .rule(Rule::new("naming.loud", Severity::Info, "Column name shouts").remedy("Write it in lower case."))
//!     }
//!
//!     fn evaluate(input: &Input, _: &Self::Settings) -> Result<Vec<Finding>, String> {
//!         let loud = input.columns().filter(|column| column.name.as_deref().is_some_and(|n| n.to_uppercase() == n));
//!         Ok(loud.map(|column| Finding::new("naming.loud", &column.pointer, "this column shouts")).collect())
//!     }
//! }
//!
//! meshgate_plugin_sdk::export!(Loud);
//!
//! // A test needs no WebAssembly:
//! let input = Input::parse(r#"{"contracts":[{"schema":[{"columns":[{"name":"ID","pointer":"/c"}]}]}]}"#).unwrap();
//! assert_eq!(Loud::evaluate(&input, &serde_json::Value::Null).unwrap().len(), 1);
//! ```
//!
//! A panic is reported through the host's log before the plugin stops, so that its message is in the fault.
//!
//! Deliberately absent: WASI, threads, the environment. [`files`], [`data`], [`clock`] and [`random`] are the host's, and
//! there only when the platform grants them; what a plugin does not call it does not import.

#[cfg(target_arch = "wasm32")]
mod arena;
mod describe;
mod finding;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
mod host;
mod model;
mod plugin;

pub use describe::{Description, Rule, Severity};
pub use finding::{Finding, Related};
pub use host::{Level, clock, data, files, log, random};
pub use model::{Column, Context, Contract, Input, Owner, Port, Product, Role, Server, Sla, Table};
pub use plugin::Plugin;
#[doc(hidden)]
pub use serde_json;

#[cfg(not(target_arch = "wasm32"))]
pub use host::testing;
