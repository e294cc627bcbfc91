//! `meshgate.yaml`: one struct, unknown keys refused with the place and a suggestion.
//!
//! Deliberately absent: layers, selection, enforcement and waivers; a file that asks for them is refused, not ignored.

use meshgate_core::limits::{EvaluationLimits, ReadLimits};
use meshgate_core::model::Format;
use meshgate_core::pointer::Pointer;
use meshgate_core::severity::Severity;
use meshgate_core::span::Lines;
use meshgate_descriptor::Extract;
use meshgate_rego::GearSettings;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// What `meshgate init` writes.
pub const TEMPLATE: &str = include_str!("config/template.yaml");

/// The configuration. Paths are relative to the file's folder.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The version of this shape; 1.
    pub version: u64,
    /// Use the rules compiled into the program? Default true.
    #[serde(default = "yes")]
    pub embedded: bool,
    /// Folders of Rego rules and data.
    #[serde(default)]
    pub bundles: Vec<BundleEntry>,
    /// WASM plugins.
    #[serde(default)]
    pub plugins: Vec<PluginEntry>,
    /// The lowest severity that denies: `error`, `warning` or `info`. Default `error`.
    #[serde(default)]
    pub deny_at: Option<DenyAt>,
    /// What a violation of a standard's own schema is worth, by format.
    #[serde(default)]
    pub schema: SchemaSeverities,
    /// The names under which teams write what the standards have no field for.
    #[serde(default)]
    pub extract: ExtractNames,
    /// `complete` when every run sees the whole mesh, so that rules may argue from absence.
    #[serde(default)]
    pub mesh: Option<MeshExtent>,
    /// Bounds on what is read and run.
    #[serde(default)]
    pub limits: Limits,
    /// How Rego is evaluated.
    #[serde(default)]
    pub rego: RegoSettings,
    /// What `http.send` may reach. Off when no host is named.
    #[serde(default)]
    pub http: HttpSettings,
    /// The sidecar's addresses.
    #[serde(default)]
    pub server: Server,
    /// The folder that paths are relative to.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn yes() -> bool {
    true
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: 1,
            embedded: true,
            bundles: Vec::new(),
            plugins: Vec::new(),
            deny_at: None,
            schema: SchemaSeverities::default(),
            extract: ExtractNames::default(),
            mesh: None,
            limits: Limits::default(),
            rego: RegoSettings::default(),
            http: HttpSettings::default(),
            server: Server::default(),
            folder: PathBuf::new(),
        }
    }
}

/// A bundle.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleEntry {
    /// Its name, for messages.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
}

/// A plugin.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginEntry {
    /// Its name, for messages.
    pub id: String,
    /// Its component.
    pub path: PathBuf,
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

/// The lowest severity that denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DenyAt {
    /// Errors deny.
    Error,
    /// Warnings too.
    Warning,
    /// Everything denies.
    Info,
}

/// How much of the mesh a run sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MeshExtent {
    /// All of it.
    Complete,
    /// A part; what is not seen may still be there. The default.
    Partial,
}

/// What a violation of a standard's schema is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SchemaSeverity {
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// An info.
    Info,
    /// Nothing: only the verdict is told, in `descriptors[].schema`.
    Off,
}

/// What a violation of each standard's schema is worth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SchemaSeverities {
    /// Open Data Mesh DPDS. Default `warning`: the standard's own examples break its schema.
    #[serde(default)]
    pub dpds: Option<SchemaSeverity>,
    /// Bitol ODPS. Default `error`.
    #[serde(default)]
    pub odps: Option<SchemaSeverity>,
    /// Bitol ODCS. Default `error`.
    #[serde(default)]
    pub odcs: Option<SchemaSeverity>,
    /// LF ODPS. Default `warning`: the standard's own examples break its schema.
    #[serde(default)]
    pub odps_lf: Option<SchemaSeverity>,
    /// Data Contract Specification. Default `error`.
    #[serde(default)]
    pub dcs: Option<SchemaSeverity>,
    /// Data Product Specification. Default `error`.
    #[serde(default)]
    pub dps: Option<SchemaSeverity>,
}

impl SchemaSeverities {
    /// Nothing is worth anything: only other rules count.
    #[must_use]
    pub const fn off() -> Self {
        let off = Some(SchemaSeverity::Off);
        Self { dpds: off, odps: off, odcs: off, odps_lf: off, dcs: off, dps: off }
    }

    /// Returns what a violation is worth in a format; `None` is nothing.
    #[must_use]
    pub fn severity(&self, format: Format) -> Option<Severity> {
        let (said, default) = match format {
            Format::Dpds => (self.dpds, SchemaSeverity::Warning),
            Format::OdpsLf => (self.odps_lf, SchemaSeverity::Warning),
            Format::Odps => (self.odps, SchemaSeverity::Error),
            Format::Odcs => (self.odcs, SchemaSeverity::Error),
            Format::Dcs => (self.dcs, SchemaSeverity::Error),
            Format::Dps => (self.dps, SchemaSeverity::Error),
            Format::Witboost | Format::Generic => return None,
        };
        match said.unwrap_or(default) {
            SchemaSeverity::Error => Some(Severity::Error),
            SchemaSeverity::Warning => Some(Severity::Warning),
            SchemaSeverity::Info => Some(Severity::Info),
            SchemaSeverity::Off => None,
        }
    }
}

/// The names under which teams write what the standards have no field for; looked for before the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtractNames {
    /// Custom properties that hold a classification.
    #[serde(default)]
    pub classification: Vec<String>,
    /// Custom properties that say that a column is personal data.
    #[serde(default)]
    pub pii: Vec<String>,
    /// Tags that say so.
    #[serde(default)]
    pub pii_tags: Vec<String>,
    /// Custom properties that hold a list of tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Custom properties that name a masking.
    #[serde(default)]
    pub masking: Vec<String>,
    /// Custom properties that say that a column is encrypted.
    #[serde(default)]
    pub encrypted: Vec<String>,
    /// Custom properties that name an owner.
    #[serde(default)]
    pub owner: Vec<String>,
    /// Custom properties that say how long data is kept.
    #[serde(default)]
    pub retention: Vec<String>,
}

impl ExtractNames {
    /// Returns these names, and then the defaults.
    #[must_use]
    pub fn resolve(&self) -> Extract {
        let default = Extract::default();
        let both = |own: &[String], default: Vec<String>| own.iter().cloned().chain(default).collect();
        Extract {
            classification: both(&self.classification, default.classification),
            pii: both(&self.pii, default.pii),
            pii_tags: both(&self.pii_tags, default.pii_tags),
            tags: both(&self.tags, default.tags),
            masking: both(&self.masking, default.masking),
            encrypted: both(&self.encrypted, default.encrypted),
            owner: both(&self.owner, default.owner),
            retention: both(&self.retention, default.retention),
        }
    }
}

/// Bounds on what is read and run.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Wall clock of one rule on one descriptor, milliseconds. Default 200.
    #[serde(default)]
    pub rule_deadline_ms: Option<u64>,
    /// Wall clock of one plugin call, milliseconds. Default 1000.
    #[serde(default)]
    pub plugin_deadline_ms: Option<u64>,
    /// Linear memory of one plugin instance, MiB. Default 64.
    #[serde(default)]
    pub plugin_memory_mib: Option<usize>,
    /// Bytes of one descriptor. Default 16777216.
    #[serde(default)]
    pub file_bytes_max: Option<usize>,
    /// Memory of the whole process, MiB; an evaluation that would need more fails. Default 4096.
    #[serde(default)]
    pub memory_mib: Option<u64>,
    /// Memory of one evaluation in the fast gear, MiB. Default 256.
    #[serde(default)]
    pub rego_memory_mib: Option<u64>,
    /// Memory up to which the data of a bundle is copied for each thread, MiB; 0: never. Default 64.
    #[serde(default)]
    pub data_copy_mib: Option<usize>,
}

/// How Rego is evaluated: in the interpreter, or in the fast gear where that is cleared.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegoSettings {
    /// May the fast gear be used? Default true.
    #[serde(default)]
    pub fast: Option<bool>,
    /// Evaluations in both gears that must agree before a rule runs in the fast one alone; with 0 only a bundle's record
    /// clears it. Default 100.
    #[serde(default)]
    pub shadow: Option<u32>,
    /// The share of evaluations that are compared for good, from 0 to 1. Default 0.001.
    #[serde(default)]
    pub compare: Option<f64>,
}

impl RegoSettings {
    /// Returns how gears are chosen.
    #[must_use]
    pub fn gears(&self) -> GearSettings {
        let default = GearSettings::default();
        GearSettings {
            fast: self.fast.unwrap_or(default.fast),
            shadow: self.shadow.unwrap_or(default.shadow),
            compare: self.compare.unwrap_or(default.compare).clamp(0.0, 1.0),
            warm_up: default.warm_up,
        }
    }
}

/// What `http.send` may reach.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Hosts: `host`, or `host:port`. None: `http.send` is off.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Wall clock of one request, milliseconds. Default 5000.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Bytes of one answer. Default 1048576.
    #[serde(default)]
    pub bytes_max: Option<usize>,
}

impl Limits {
    /// Returns the bounds of evaluation.
    #[must_use]
    pub fn evaluation(&self) -> EvaluationLimits {
        let default = EvaluationLimits::default();
        EvaluationLimits {
            rule_deadline: self.rule_deadline_ms.map_or(default.rule_deadline, Duration::from_millis),
            plugin_deadline: self.plugin_deadline_ms.map_or(default.plugin_deadline, Duration::from_millis),
            plugin_memory_bytes_max: self.plugin_memory_mib.map_or(default.plugin_memory_bytes_max, |mib| mib << 20),
            rego_memory_bytes_max: self.rego_memory_mib.map_or(default.rego_memory_bytes_max, |mib| mib << 20),
            data_copy_bytes_max: self.data_copy_mib.map_or(default.data_copy_bytes_max, |mib| mib << 20),
            ..default
        }
    }

    /// Returns the bounds of reading.
    #[must_use]
    pub fn read(&self) -> ReadLimits {
        let default = ReadLimits::default();
        ReadLimits { file_bytes_max: self.file_bytes_max.unwrap_or(default.file_bytes_max), ..default }
    }
}

/// The sidecar's addresses.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where decisions are asked for. Default `127.0.0.1:8181`.
    #[serde(default)]
    pub listen: Option<String>,
    /// Where operators look, or `off`. Default `127.0.0.1:8282`.
    #[serde(default)]
    pub admin: Option<String>,
}

/// The configuration is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    /// File, line and column.
    pub place: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] with the place of what is wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| ConfigError { place: name.clone(), message: format!("cannot be read: {error}") })?;
        let mut config = Self::parse(&name, &bytes)?;
        config.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(config)
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// [`ConfigError`] with the place of what is wrong.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, ConfigError> {
        let parsed = meshgate_descriptor::read(name, bytes, &ReadLimits::default());
        let text = &parsed.text;
        let place = |offset| {
            let at = Lines::of(text).position(text, offset);
            format!("{name}:{}:{}", at.line, at.column)
        };
        if let Some(diagnostic) = parsed.diagnostics.first() {
            return Err(ConfigError { place: place(diagnostic.span.start), message: diagnostic.message.clone() });
        }
        let [document] = parsed.documents.as_slice() else {
            let message = "is empty or holds several documents; write one, or run `meshgate init`".to_owned();
            return Err(ConfigError { place: name.to_owned(), message });
        };
        let value = document.to_value();
        let config: Self = serde_path_to_error::deserialize(&value).map_err(|error| {
            let pointer = error.path().iter().fold(Pointer::root(), |pointer, step| match step {
                serde_path_to_error::Segment::Seq { index } => pointer.index(*index),
                serde_path_to_error::Segment::Map { key } => pointer.key(key),
                _ => pointer,
            });
            ConfigError { place: place(document.span(&pointer).start), message: explain(&error.inner().to_string()) }
        })?;
        if config.version != 1 {
            let at = document.span(&Pointer::root().key("version")).start;
            let message = format!("`version` is {}; this program reads version 1", config.version);
            return Err(ConfigError { place: place(at), message });
        }
        Ok(config)
    }

    /// Returns the plugin whose component is this file.
    #[must_use]
    pub fn plugin_at(&self, file: &Path) -> Option<&PluginEntry> {
        let file = std::fs::canonicalize(file).ok()?;
        let is = |path: PathBuf| std::fs::canonicalize(path).is_ok_and(|path| path == file);
        self.plugins.iter().find(|plugin| is(self.folder.join(&plugin.path)))
    }

    /// Looks for `meshgate.yaml` in a folder and those above it.
    #[must_use]
    pub fn discover(from: &Path) -> Option<PathBuf> {
        // `..` must be gone before the folders above are looked at; a path that does not exist is looked for by its text.
        let absolute = std::fs::canonicalize(from).or_else(|_| std::path::absolute(from)).ok()?;
        // A file that is there and cannot be read is found, and then refused: it must not be as if it were not there.
        absolute.ancestors().map(|folder| folder.join("meshgate.yaml")).find(|path| path.symlink_metadata().is_ok())
    }
}

/// Adds the nearest known key to serde's word on an unknown one.
fn explain(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown field"));
    let nearest = unknown.and_then(|unknown| {
        let scored = quoted.map(|known| (strsim::jaro_winkler(unknown, known), known));
        scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0))
    });
    nearest.map_or_else(|| message.to_owned(), |(_, known)| format!("{message}; did you mean `{known}`?"))
}
