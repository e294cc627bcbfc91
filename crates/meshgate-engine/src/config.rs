//! `meshgate.yaml`: one struct, unknown keys refused with the place and a suggestion.
//!
//! Deliberately absent: the law between configurations (`governance`), and which of them there are (`layers`).

mod entries;
mod governance;
pub mod operating;
mod serving;
mod settings;
mod source;

pub use entries::{BundleEntry, Capabilities, PluginEntry, PluginLimits};
pub use governance::{Enforced, Extends, Patterns, Selection, WaiverEntry, WaiverFile, WaiverPolicy, Where};
pub use serving::{KeyFile, OdmOutput, OdmSettings, Server, ServerLimits};
pub use settings::{
    BuiltinErrors, DenyAt, ExtractNames, HttpSettings, Limits, MeshExtent, RegoSettings, SchemaSeverities,
    SchemaSeverity, TypeErrors,
};
pub use source::{ConfigSource, Said};

use crate::pattern::Pattern;
use crate::reading;
use meshgate_core::pointer::Pointer;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// The profile that is in force where nothing is said.
pub const BASELINE: &str = "baseline";
/// The profile that has every rule.
pub const ALL: &str = "all";

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
    /// The profiles whose rules are in force: of the embedded rules `starter`, `baseline`, `strict`, `gdpr`,
    /// `production`; `all` is
    /// every rule. A rule that names no profile always is. Default `baseline`.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// What parameters of rules are set to: by rule, by name. `meshgate explain RULE` shows those of a rule.
    #[serde(default)]
    pub params: BTreeMap<String, serde_json::Map<String, Value>>,
    /// WASM plugins.
    #[serde(default)]
    pub plugins: Vec<PluginEntry>,
    /// The lowest severity that denies: `error`, `warning` or `info`. Default `error`.
    #[serde(default)]
    pub deny_at: Option<DenyAt>,
    /// A configuration that goes before this one, which then speaks for a layer below it.
    #[serde(default)]
    pub extends: Option<Extends>,
    /// The folders of each domain. What lies in one belongs to it, whatever its descriptor says.
    #[serde(default)]
    pub domains: BTreeMap<String, Vec<PathBuf>>,
    /// Rules, by pattern, that a lower layer may loosen or waive: by the name of a domain, or `product` for every product.
    #[serde(default)]
    pub delegate: BTreeMap<String, Patterns>,
    /// Where rules apply.
    #[serde(default)]
    pub select: Vec<Selection>,
    /// What is done about the findings of rules, by pattern; the most specific counts, `default` where none fits. Default
    /// `block`.
    #[serde(default)]
    pub enforcement: BTreeMap<Pattern, Enforced>,
    /// Findings that are accepted for a time.
    #[serde(default)]
    pub waivers: Vec<WaiverEntry>,
    /// Files of waivers, or folders of such files.
    #[serde(default)]
    pub waiver_files: Vec<PathBuf>,
    /// Who may waive what, and for how long.
    #[serde(default)]
    pub waiver: WaiverPolicy,
    /// What `meshgate baseline` wrote: findings in it do not deny.
    #[serde(default)]
    pub baseline: Option<PathBuf>,
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
    /// The configuration that it extends, read and found to be the right one.
    #[serde(skip)]
    pub base: Option<Arc<Self>>,
    /// Its text, for the places of what is said about it.
    #[serde(skip)]
    pub source: Option<Arc<ConfigSource>>,
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
            profiles: Vec::new(),
            params: BTreeMap::new(),
            plugins: Vec::new(),
            deny_at: None,
            extends: None,
            domains: BTreeMap::new(),
            delegate: BTreeMap::new(),
            select: Vec::new(),
            enforcement: BTreeMap::new(),
            waivers: Vec::new(),
            waiver_files: Vec::new(),
            waiver: WaiverPolicy::default(),
            baseline: None,
            schema: SchemaSeverities::default(),
            extract: ExtractNames::default(),
            mesh: None,
            limits: Limits::default(),
            rego: RegoSettings::default(),
            http: HttpSettings::default(),
            server: Server::default(),
            folder: PathBuf::new(),
            base: None,
            source: None,
        }
    }
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
        Self::read_by(path, reading::regular(path, CONFIG_BYTES_MAX))
    }

    fn read_by(path: &Path, bytes: std::io::Result<Vec<u8>>) -> Result<Self, ConfigError> {
        let name = crate::layers::shown(path);
        let bytes =
            bytes.map_err(|error| ConfigError { place: name.clone(), message: format!("cannot be read: {error}") })?;
        let mut config = Self::parse(&name, &bytes)?;
        config.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(config)
    }

    /// Reads the root configuration: a file, and the one that it extends.
    ///
    /// # Errors
    /// [`ConfigError`] with the place of what is wrong.
    pub fn read_root(path: &Path) -> Result<Self, ConfigError> {
        // What is named may be a pipe.
        let mut config = Self::read_by(path, reading::named(path, CONFIG_BYTES_MAX))?;
        if let (Some(extends), Some(source)) = (&config.extends, &config.source) {
            let base = Self::extended(&config, extends, source)?;
            config.base = Some(Arc::new(base));
        }
        Ok(config)
    }

    fn extended(config: &Self, extends: &Extends, source: &ConfigSource) -> Result<Self, ConfigError> {
        let at = Pointer::root().key("extends");
        let path = config.folder.join(&extends.path);
        let read = reading::whole(&path, CONFIG_BYTES_MAX);
        let bytes =
            read.map_err(|error| source.error(&at.key("path"), format!("{} cannot be read: {error}", path.display())))?;
        let digest = crate::bundle::hex(&Sha256::digest(&bytes));
        if !digest.eq_ignore_ascii_case(&extends.sha256) {
            let message = format!("{} has the SHA-256 {digest}, not this one", path.display());
            return Err(source.error(&at.key("sha256"), message));
        }
        let mut base = Self::parse(&crate::layers::shown(&path), &bytes)?;
        base.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let own = |base: &Self, pointer: Pointer, message: &str| match &base.source {
            Some(source) => source.error(&pointer, message),
            None => ConfigError { place: path.display().to_string(), message: message.to_owned() },
        };
        if base.extends.is_some() {
            return Err(own(&base, at, "a configuration that is extended cannot extend another one"));
        }
        // What is not pinned could be changed by whoever may change the tree.
        let why = "`sha256` is missing: what an extended configuration names must be pinned";
        if let Some(index) = base.bundles.iter().position(|entry| entry.sha256.is_none()) {
            return Err(own(&base, Pointer::root().key("bundles").index(index).key("path"), why));
        }
        if let Some(index) = base.plugins.iter().position(|entry| entry.sha256.is_none()) {
            return Err(own(&base, Pointer::root().key("plugins").index(index).key("path"), why));
        }
        let open = !base.waiver_files.is_empty()
            || base.baseline.is_some()
            || base.plugins.iter().any(|entry| !entry.capabilities.files.is_empty());
        if open {
            let why = "an extended configuration names no `waiver_files`, `baseline` or folders of plugins: they are not pinned";
            return Err(own(&base, Pointer::root().key("version"), why));
        }
        Ok(base)
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// [`ConfigError`] with the place of what is wrong.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, ConfigError> {
        let (mut config, source) = ConfigSource::read::<Self>(name, bytes)?;
        let root = Pointer::root();
        if config.version != 1 {
            let message = format!("`version` is {}; this program reads version 1", config.version);
            return Err(source.error(&root.key("version"), message));
        }
        for (index, selection) in config.select.iter().enumerate() {
            if let Some(message) = selection.place.wrong() {
                return Err(source.error(&root.key("select").index(index).key("where"), message));
            }
        }
        for (index, waiver) in config.waivers.iter().enumerate() {
            if let Some((key, message)) = waiver.wrong() {
                return Err(source.error(&root.key("waivers").index(index).key(key), message));
            }
        }
        config.source = Some(Arc::new(source));
        Ok(config)
    }

    /// Bytes of a descriptor that are read.
    #[must_use]
    pub fn file_bytes_max(&self) -> usize {
        self.limits.read().file_bytes_max
    }

    /// Returns the plugin whose component is this file.
    #[must_use]
    pub fn plugin_at(&self, file: &Path) -> Option<&PluginEntry> {
        let file = std::fs::canonicalize(file).ok()?;
        let is = |path: PathBuf| std::fs::canonicalize(path).is_ok_and(|path| path == file);
        self.plugins.iter().find(|plugin| is(self.folder.join(&plugin.path)))
    }

    /// Looks for `meshgate.yaml` in a folder and those above it, as far as they belong together: the outermost is the root, so that a
    /// configuration deeper in a tree cannot stand in for the one above it.
    #[must_use]
    pub fn discover(from: &Path) -> Option<PathBuf> {
        Self::outermost(from, CONFIG_FILE)
    }

    /// Looks for a file that somebody may take for a configuration, and that is none.
    #[must_use]
    pub fn misnamed(from: &Path) -> Option<PathBuf> {
        Self::outermost(from, MISNAMED)
    }

    fn outermost(from: &Path, name: &str) -> Option<PathBuf> {
        // `..` must be gone before the folders above are looked at; a path that does not exist is looked for by its text.
        let absolute = std::fs::canonicalize(from).or_else(|_| std::path::absolute(from)).ok()?;
        // A file that is there and cannot be read is found, and then refused: it must not be as if it were not there.
        let there = |folder: &&Path| folder.join(name).symlink_metadata().is_ok();
        reach(&absolute).into_iter().rfind(there).map(|folder| folder.join(name))
    }
}

/// The folders from this one upwards that belong together, this one first: up to the one that holds `.git`, or to the end.
///
/// But a `.git` hides nothing that is above: a submodule has one, and whoever writes in a tree can make one. Behind the first,
/// what another repository holds belongs to it, and so do configurations of the same owner, or of the system's.
pub(crate) fn reach(folder: &Path) -> Vec<&Path> {
    let all: Vec<&Path> = folder.ancestors().collect();
    let is_there = |at: &Path, name: &str| at.join(name).symlink_metadata().is_ok();
    let Some(border) = all.iter().position(|at| is_there(at, ".git")) else { return all };
    let owner = all.get(border).and_then(|at| owner(at));
    let belongs = |at: &&Path| {
        let own = |name: &str| self::owner(&at.join(name)).is_some_and(|uid| uid == 0 || Some(uid) == owner);
        is_there(at, ".git") || own(CONFIG_FILE) || own(MISNAMED)
    };
    let end = all.iter().rposition(belongs).unwrap_or(border).max(border);
    all.into_iter().take(end + 1).collect()
}

/// Who owns a file, as a number; `None` where there is none, or the system does not say.
#[cfg(unix)]
fn owner(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(path.symlink_metadata().ok()?.uid())
}

#[cfg(not(unix))]
fn owner(_path: &Path) -> Option<u32> {
    None
}

/// Bytes of a configuration.
const CONFIG_BYTES_MAX: usize = 16 << 20;

/// The name of a configuration.
pub const CONFIG_FILE: &str = "meshgate.yaml";

/// What somebody may take for it.
pub const MISNAMED: &str = "meshgate.yml";
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
