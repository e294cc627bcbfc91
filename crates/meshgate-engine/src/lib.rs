//! Configuration, bundles, plugins, and the one way of a check: the only crate that names the evaluators.
//!
//! Deliberately absent: rendering, HTTP and arguments; the edges own those.

mod applying;
mod base;
mod baseline;
mod builtin;
mod bundle;
mod changed;
mod check;
mod config;
mod discover;
mod embedded;
mod engine;
mod governance;
mod judge;
mod known;
mod layers;
mod locate;
mod mesh;
mod pattern;
mod plugins;
mod policies;
pub mod reading;
mod schemas;
mod show;
mod sidecar;
mod sources;
mod transport;
mod waivers;
mod walls;
pub mod writing;

pub use applying::{Applying, ApplyingTo};
pub use base::{Base, Baseline};
pub use builtin::{BUILTINS, Builtin, builtin_rule};
pub use check::{CheckOptions, Listener, Outcome, Progress, WaiverReport};
pub use config::{
    CONFIG_FILE, Capabilities, Config, ConfigError, OdmOutput, OdmSettings, PluginEntry, PluginLimits,
    SchemaSeverities, SchemaSeverity, Server as ServerSettings, ServerLimits, TEMPLATE, operating::*,
};
pub use engine::{Additions, Engine, EngineError};
pub use meshgate_plugin::{Called, Capability, Inspection, Level, LogLine, Plugin};
pub use meshgate_rego::{
    Cleared, Difference, Evaluated, FailedQuery, Failure, FileCoverage, Gear, GearCounts, Gears, Json as RegoJson,
    Lint, LoadError as RegoError, Position, QueryError, Row, Signed, TestOptions, TestResult, TestRun, Timed, Timing,
    UniqueJson, Value as RegoValue, asked_others, certificates, gears, give_back, live_bytes, occasional, parse_json,
    syntax_tree, term, value_of_json, verified, verifying, within,
};
pub use plugins::{PluginBench, PluginCache, PluginListener, PluginTest, bench_plugin, inspect_plugin, test_plugins};
pub use policies::{
    Ask, Explained, bench, clear_path, document, evaluate, explain, gear_of, lint_paths, test_paths, write_clearance,
};
pub use schemas::{config_schema, input_schema};
pub use show::{Shown, ShownFile, show, shown};
pub use sidecar::{
    Access, Answer, Asking, BadRequest, BundleOf, Dialect, Obligations, Request, Validated, dialect, fingerprint_of,
    validate,
};
