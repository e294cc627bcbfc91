//! Plugins: from the configuration to evaluators, and what their authors ask of them.
//!
//! Deliberately absent: a cache that the configuration names. It lies in the tree that is judged, and what is in the cache is
//! run as native code.

mod bench;
mod examples;

pub use bench::{PluginBench, bench_plugin};
pub use examples::{PluginTest, test_plugins};

use crate::config::{Config, PluginEntry};
use crate::engine::{Additions, Engine};
use crate::governance::LayerRules;
use crate::reading;
use meshgate_core::evaluate::{Evaluation, EvaluationInput, Evaluator, Wanted};
use meshgate_core::layer::Layer;
use meshgate_core::limits::EvaluationLimits;
use meshgate_core::rule::Rule;
use meshgate_plugin::{
    COMPONENT_BYTES_MAX, Called, CodeCache, Grants, Host, HostSettings, Inspection, Plugin, PluginSource, inspect,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Where the compiled code of plugins is kept.
#[derive(Debug, Clone, Default)]
pub enum PluginCache {
    /// Nowhere.
    #[default]
    Off,
    /// In this folder if it will do; if not, nowhere, and a warning says so.
    Try(PathBuf),
    /// In this folder; if it will not do, that is an error.
    Folder(PathBuf),
}

impl PluginCache {
    fn open(&self, warnings: &mut Vec<String>) -> Result<Option<CodeCache>, String> {
        match self {
            Self::Off => Ok(None),
            Self::Try(folder) => Ok(CodeCache::open(folder)
                .map_err(|error| warnings.push(format!("plugins are compiled anew each time: {error}")))
                .ok()),
            Self::Folder(folder) => CodeCache::open(folder).map(Some).map_err(|error| error.to_string()),
        }
    }
}

/// Who hears of every call of a plugin: which, and what became of it.
pub type PluginListener = Arc<dyn Fn(&Plugin, &Called) + Send + Sync>;

/// The host of the plugins, made when the first one is loaded.
pub(crate) struct Hosts {
    cache: PluginCache,
    listener: Option<PluginListener>,
    memory_bytes_max: usize,
    host: OnceLock<Result<Host, String>>,
    warnings: Mutex<Vec<String>>,
}

impl Hosts {
    pub fn new(root: &Config, additions: &Additions) -> Self {
        let limits = root.limits.evaluation();
        let most = root.plugins.iter().map(|entry| bounds(entry, limits).plugin_memory_bytes_max);
        Self {
            cache: additions.plugin_cache.clone(),
            listener: additions.plugin_listener.clone(),
            memory_bytes_max: most.chain([limits.plugin_memory_bytes_max]).max().unwrap_or(0),
            host: OnceLock::new(),
            warnings: Mutex::default(),
        }
    }

    fn host(&self, concurrency: usize) -> Result<&Host, String> {
        let made = self.host.get_or_init(|| {
            let mut warnings = Vec::new();
            let host = self.cache.open(&mut warnings).and_then(|cache| {
                let memory_bytes_max = self.memory_bytes_max;
                Host::new(HostSettings { concurrency, memory_bytes_max, cache, ..HostSettings::default() })
            });
            self.warnings.lock().unwrap_or_else(PoisonError::into_inner).extend(warnings);
            host
        });
        made.as_ref().map_err(Clone::clone)
    }
}

impl Engine {
    /// The plugins of the root, and those that the command line adds.
    pub(crate) fn plugin_entries(&self, additions: &Additions) -> Vec<PluginEntry> {
        let added = additions.plugins.iter().map(|path| PluginEntry {
            path: std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            ..PluginEntry::of(path.clone())
        });
        // A plugin that the configuration names too has its settings and grants from there.
        let added = added.filter(|entry| self.root.plugin_at(&entry.path).is_none());
        self.root.plugins.iter().cloned().chain(added).collect()
    }

    pub(crate) fn add_plugin(&mut self, layer: &mut LayerRules, entry: &PluginEntry) {
        let data = self.data.clone().filter(|_| layer.layer == Layer::Global).unwrap_or_default();
        let loaded = self.open_plugin(&self.root.folder, entry, &data, None);
        self.warnings.append(&mut self.hosts.warnings.lock().unwrap_or_else(PoisonError::into_inner));
        match loaded {
            Ok(plugin) => {
                for unused in plugin.unused_grants() {
                    let id = &entry.id;
                    self.warnings.push(format!("plugin `{id}` is granted `{unused}`, which it does not ask for"));
                }
                plugin.rules().iter().for_each(|rule| layer.owned.add_rule(&rule.id, &rule.origin));
                let plugin = Arc::new(plugin);
                self.plugins.push(Arc::clone(&plugin));
                layer.evaluators.push(self.heard(plugin));
            }
            Err(message) => self.refuse(&entry.id, message),
        }
    }

    /// Loads a plugin that lies in the tree: it sees no data of bundles, and its limits are the root's.
    pub(crate) fn load_plugin(&self, folder: &Path, entry: &PluginEntry) -> Result<Arc<dyn Evaluator>, String> {
        let plugin = self.open_plugin(folder, entry, &Arc::default(), Some(self.limits))?;
        Ok(self.heard(Arc::new(plugin)))
    }

    fn open_plugin(
        &self,
        folder: &Path,
        entry: &PluginEntry,
        data: &Arc<Value>,
        most: Option<EvaluationLimits>,
    ) -> Result<Plugin, String> {
        let host = self.hosts.host(self.pool.current_num_threads())?;
        let mut limits = bounds(entry, self.limits);
        if let Some(most) = most {
            limits.plugin_deadline = limits.plugin_deadline.min(most.plugin_deadline);
            limits.plugin_memory_bytes_max = limits.plugin_memory_bytes_max.min(most.plugin_memory_bytes_max);
        }
        let plugin = load(host, folder, entry, data, limits)?;
        match plugin.rules().iter().find_map(|rule| crate::engine::reserved(rule, false)) {
            Some(message) => Err(message),
            None => Ok(plugin),
        }
    }

    fn heard(&self, plugin: Arc<Plugin>) -> Arc<dyn Evaluator> {
        match &self.hosts.listener {
            Some(listener) => Arc::new(Heard { plugin, listener: Arc::clone(listener) }),
            None => plugin,
        }
    }
}

fn bounds(entry: &PluginEntry, limits: EvaluationLimits) -> EvaluationLimits {
    EvaluationLimits {
        plugin_deadline: entry.limits.deadline_ms.map_or(limits.plugin_deadline, Duration::from_millis),
        plugin_memory_bytes_max: entry
            .limits
            .memory_mib
            .map_or(limits.plugin_memory_bytes_max, |mib| mib.saturating_mul(1 << 20)),
        ..limits
    }
}

fn load(
    host: &Host,
    folder: &Path,
    entry: &PluginEntry,
    snapshot: &Arc<Value>,
    limits: EvaluationLimits,
) -> Result<Plugin, String> {
    let path = folder.join(&entry.path);
    let name = path.display().to_string();
    let bytes = reading::whole(&path, COMPONENT_BYTES_MAX).map_err(|error| unread(&name, &error))?;
    let settings = if entry.settings.is_null() { "{}".to_owned() } else { entry.settings.to_string() };
    let grants = grants(folder, entry, snapshot).map_err(|message| format!("{name}: {message}"))?;
    let source = PluginSource { origin: &name, bytes: &bytes, sha256: entry.sha256.as_deref(), settings: &settings };
    Plugin::load(host, source, grants, limits).map_err(|error| error.to_string())
}

fn unread(name: &str, error: &std::io::Error) -> String {
    let built = if error.kind() == std::io::ErrorKind::NotFound { "; has it been built?" } else { "" };
    format!("{name}: cannot be read: {error}{built}")
}

fn grants(folder: &Path, entry: &PluginEntry, snapshot: &Arc<Value>) -> Result<Grants, String> {
    let mut grants = Grants::default().with_snapshot(Arc::clone(snapshot));
    for (name, path) in &entry.capabilities.files {
        grants.folder(name, &folder.join(path))?;
    }
    for path in &entry.capabilities.data {
        grants.data(path)?;
    }
    if entry.capabilities.clock {
        grants.clock();
    }
    if entry.capabilities.random {
        grants.random();
    }
    Ok(grants)
}

/// A plugin whose calls somebody hears of.
struct Heard {
    plugin: Arc<Plugin>,
    listener: PluginListener,
}

impl Evaluator for Heard {
    fn rules(&self) -> &[Rule] {
        self.plugin.rules()
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn evaluate_some(&self, input: &EvaluationInput, wanted: &Wanted<'_>) -> Evaluation {
        self.plugin.evaluate_heard(input, wanted, |called| (self.listener)(&self.plugin, called))
    }
}

/// Looks at a component before anything is granted to it.
///
/// # Errors
/// When the file cannot be read, or is no component.
pub fn inspect_plugin(path: &Path, cache: &PluginCache) -> Result<Inspection, String> {
    let name = path.display();
    let bytes = reading::named(path, COMPONENT_BYTES_MAX).map_err(|error| unread(&name.to_string(), &error))?;
    let cache = cache.open(&mut Vec::new())?;
    let host = Host::new(HostSettings { concurrency: 1, cache, ..HostSettings::default() })?;
    inspect(&host, &bytes, &EvaluationLimits::default()).map_err(|message| format!("{name}: {message}"))
}
