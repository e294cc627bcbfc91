//! Bundles and plugins, as a configuration names them.
//!
//! Deliberately absent: loading.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A bundle.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleEntry {
    /// Its name, for messages.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Whose rules they are: `global`, or a domain's name. Default `global`; in a configuration of a domain or a product,
    /// its own.
    #[serde(default)]
    pub layer: Option<String>,
    /// The SHA-256 that its files must have, in hex; a wrong one is told with the right one.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// A plugin.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginEntry {
    /// Its name, for messages.
    pub id: String,
    /// Its component.
    pub path: PathBuf,
    /// Whose rules they are: `global`, or a domain's name. Default `global`; in a configuration of a domain or a product,
    /// its own.
    #[serde(default)]
    pub layer: Option<String>,
    /// The SHA-256 that the component must have, in hex.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Its settings, passed on as they are.
    #[serde(default)]
    pub settings: Value,
    /// Bounds of its own.
    #[serde(default)]
    pub limits: PluginLimits,
    /// What it may do beyond judging its input. Default: nothing.
    #[serde(default)]
    pub capabilities: Capabilities,
}

impl PluginEntry {
    /// A plugin without settings, bounds or grants.
    #[must_use]
    pub fn of(path: PathBuf) -> Self {
        Self {
            id: path.display().to_string(),
            path,
            layer: None,
            sha256: None,
            settings: Value::Null,
            limits: PluginLimits::default(),
            capabilities: Capabilities::default(),
        }
    }
}

/// What a plugin may do beyond judging its input.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Folders that it may read, by the name that it knows each by.
    #[serde(default)]
    pub files: BTreeMap<String, PathBuf>,
    /// Paths of the bundles' data that it may read, as in `org/glossary`, with all that is below.
    #[serde(default)]
    pub data: Vec<String>,
    /// May it know the time? Default false.
    #[serde(default)]
    pub clock: bool,
    /// May it have random bytes? Default false.
    #[serde(default)]
    pub random: bool,
}

/// Bounds of one plugin.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginLimits {
    /// Wall clock of one call, milliseconds.
    #[serde(default)]
    pub deadline_ms: Option<u64>,
    /// Linear memory, MiB.
    #[serde(default)]
    pub memory_mib: Option<usize>,
}
