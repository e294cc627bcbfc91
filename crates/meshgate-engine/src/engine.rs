//! Assembly: from a configuration to an engine that can judge.
//!
//! Deliberately absent: hot reload; a new configuration is a new engine.

use crate::config::{Config, DenyAt, MeshExtent, SchemaSeverities};
use crate::plugins::{PluginCache, PluginListener};
use crate::{bundle, embedded, transport};
use meshgate_core::evaluate::Evaluator;
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::limits::ReadLimits;
use meshgate_core::rule::{Rule, RuleId};
use meshgate_core::severity::Severity;
use meshgate_descriptor::Extract;
use meshgate_plugin::Plugin;
use meshgate_rego::{
    Bundle, Clearance, Difference, Gear, GearCounts, Options, QueryError, Value as RegoValue, Version,
    set_global_memory_limit,
};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// The stack of the threads that evaluate. regorus recurses with the policy's nesting; what is not touched costs nothing.
const STACK_BYTES: usize = 64 << 20;

/// The OPA whose language policies may rely on.
const OPA_VERSION: &str = "1.14.0";
/// Memory of the whole process when the configuration does not say, in MiB.
const MEMORY_MIB: u64 = 4_096;

/// The engine cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {message}")]
pub struct EngineError {
    /// The file or setting at fault.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl EngineError {
    pub(crate) fn new(place: impl Display, message: impl Display) -> Self {
        Self { place: place.to_string(), message: message.to_string() }
    }
}

/// What the command line adds to the configuration.
#[derive(Clone, Default)]
pub struct Additions {
    /// More bundles.
    pub bundles: Vec<PathBuf>,
    /// Folders of conftest policies.
    pub policies: Vec<PathBuf>,
    /// The packages in them whose `deny`, `violation` and `warn` are the rules; `main` when there is none.
    pub namespaces: Vec<String>,
    /// More plugins, without settings.
    pub plugins: Vec<PathBuf>,
    /// Where plugins' compiled code is kept.
    pub plugin_cache: PluginCache,
    /// Who hears of every call of a plugin.
    pub plugin_listener: Option<PluginListener>,
    /// Leave out the embedded rules.
    pub no_embedded: bool,
    /// How many descriptors are judged at once; `None` is the number of cores.
    pub jobs: Option<usize>,
}

/// Judges descriptors and answers queries. Shared by all threads.
pub struct Engine {
    pub(crate) evaluators: Vec<Arc<dyn Evaluator>>,
    pub(crate) rules: BTreeMap<RuleId, Rule>,
    pub(crate) load_faults: Vec<Fault>,
    pub(crate) read_limits: ReadLimits,
    pub(crate) deny_at: Severity,
    pub(crate) schema: SchemaSeverities,
    pub(crate) extract: Arc<Extract>,
    pub(crate) mesh_complete: bool,
    pub(crate) pool: ThreadPool,
    /// The bundles' data documents as one, until plugins are loaded that may read them.
    pub(crate) data: Option<Value>,
    pub(crate) plugins: Vec<Arc<Plugin>>,
    bundles: Vec<Arc<Bundle>>,
    /// How bundles are loaded.
    options: Options,
    /// What is odd about what was loaded, but no error.
    pub(crate) warnings: Vec<String>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes an engine. What does not load is kept as a fault, so that the rest can still be judged; see
    /// [`Engine::load_faults`].
    ///
    /// # Errors
    /// [`EngineError`] when no threads can be had.
    pub fn new(config: &Config, additions: &Additions) -> Result<Self, EngineError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(additions.jobs.unwrap_or(0))
            .thread_name(|index| format!("evaluate-{index}"))
            .stack_size(STACK_BYTES)
            .build()
            .map_err(|error| EngineError::new("threads", error))?;
        let mut engine = Self {
            evaluators: Vec::new(),
            rules: BTreeMap::new(),
            load_faults: Vec::new(),
            read_limits: config.limits.read(),
            deny_at: match config.deny_at {
                None | Some(DenyAt::Error) => Severity::Error,
                Some(DenyAt::Warning) => Severity::Warning,
                Some(DenyAt::Info) => Severity::Info,
            },
            schema: config.schema.clone(),
            extract: Arc::new(config.extract.resolve()),
            mesh_complete: config.mesh == Some(MeshExtent::Complete),
            pool,
            // A copy of all data is made for nobody but who may read it.
            data: config.plugins.iter().any(|plugin| !plugin.capabilities.data.is_empty()).then_some(Value::Null),
            plugins: Vec::new(),
            bundles: Vec::new(),
            options: Options::default(),
            warnings: Vec::new(),
        };
        let limits = config.limits.evaluation();
        set_global_memory_limit(Some(config.limits.memory_mib.unwrap_or(MEMORY_MIB) << 20));
        engine.options = Options {
            limits,
            network: transport::network(&config.http),
            gears: config.rego.gears(),
            runtime: Some(runtime()),
            ..Options::default()
        };
        if config.embedded && !additions.no_embedded {
            let files = bundle::Files {
                modules: embedded::modules(),
                clearance: embedded::clearance().map(str::to_owned),
                ..bundle::Files::default()
            };
            engine.add_bundle("embedded", &files, Vec::new());
        }
        let configured = config.bundles.iter().map(|entry| (entry.name.clone(), config.folder.join(&entry.path)));
        let added = additions.bundles.iter().map(|path| (path.display().to_string(), path.clone()));
        for (name, path) in configured.chain(added) {
            match bundle::read(&path) {
                Ok(files) => engine.add_bundle(&name, &files, Vec::new()),
                Err(error) => engine.refuse(&name, error.to_string()),
            }
        }
        engine.add_policies(additions);
        engine.add_plugins(config, additions, limits);
        Ok(engine)
    }

    /// All folders of conftest policies are one bundle, as conftest has it.
    fn add_policies(&mut self, additions: &Additions) {
        if additions.policies.is_empty() {
            return;
        }
        let mut all = bundle::Files::default();
        for path in &additions.policies {
            match bundle::read(path) {
                Ok(files) => {
                    all.modules.extend(files.modules);
                    all.data.extend(files.data);
                    if files.version != Version::Either {
                        all.version = files.version;
                    }
                }
                // Nothing is allowed then; that the rest holds no rule would be said for nothing.
                Err(error) => return self.refuse(&path.display().to_string(), error.to_string()),
            }
        }
        let namespaces = match additions.namespaces.as_slice() {
            [] => vec!["main".to_owned()],
            named => named.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        self.add_bundle("conftest policies", &all, namespaces);
    }

    fn add_bundle(&mut self, name: &str, files: &bundle::Files, namespaces: Vec<String>) {
        let read = |text: &String| Clearance::read(text, &files.modules, &files.data);
        let options = Options {
            version: files.version,
            namespaces,
            clearance: files.clearance.as_ref().and_then(read).unwrap_or_default(),
            ..self.options.clone()
        };
        if let Some(data) = &mut self.data {
            files.data.iter().for_each(|document| overlay(data, document));
        }
        // regorus prepares on this thread, which may have a small stack: the pool's threads have a large one.
        let loaded = self.pool.install(|| Bundle::load(&files.modules, &files.data, options));
        match loaded {
            Ok(bundle) => {
                let bundle = Arc::new(bundle.with_raw_input(files.raw));
                self.warnings.extend(bundle.warnings().iter().map(ToString::to_string));
                self.bundles.push(Arc::clone(&bundle));
                self.add_evaluator(name, bundle);
            }
            Err(errors) => errors.iter().for_each(|error| self.refuse(name, error.to_string())),
        }
    }

    pub(crate) fn add_evaluator(&mut self, name: &str, evaluator: Arc<dyn Evaluator>) {
        let mut clashes = Vec::new();
        for rule in evaluator.rules() {
            match self.rules.get(&rule.id) {
                Some(other) => clashes.push(format!("rule `{}` is defined by {} too", rule.id, other.origin)),
                None => {
                    self.rules.insert(rule.id.clone(), rule.clone());
                }
            }
        }
        clashes.into_iter().for_each(|message| self.refuse(name, message));
        self.evaluators.push(evaluator);
    }

    pub(crate) fn refuse(&mut self, name: &str, message: String) {
        self.load_faults.push(Fault { file: None, rule: name.to_owned(), kind: FaultKind::Load, message });
    }

    /// Sets the lowest severity that denies.
    #[must_use]
    pub const fn deny_at(mut self, severity: Severity) -> Self {
        self.deny_at = severity;
        self
    }

    /// Returns what did not load; an engine with any of these denies everything.
    #[must_use]
    pub fn load_faults(&self) -> &[Fault] {
        &self.load_faults
    }

    /// Returns what is odd about what was loaded, but no error.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Which gear a Rego rule is in, and why. `None` for rules of plugins.
    #[must_use]
    pub fn gear(&self, rule: &RuleId) -> Option<Gear> {
        // What is not compiled yet is compiled here, on a stack that it needs.
        self.pool.install(|| self.bundles.iter().find_map(|bundle| bundle.gear(rule)))
    }

    /// How often each gear answered, over all bundles.
    #[must_use]
    pub fn gear_counts(&self) -> GearCounts {
        self.bundles.iter().map(|bundle| bundle.gear_counts()).fold(GearCounts::default(), GearCounts::plus)
    }

    /// Slices that answer for bundles with rules of very many definitions.
    #[must_use]
    pub fn slices(&self) -> usize {
        self.bundles.iter().map(|bundle| bundle.slices()).sum()
    }

    /// What the gears differed on, the first few of each bundle.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        self.bundles.iter().flat_map(|bundle| bundle.differences()).collect()
    }

    /// Returns the loaded plugins.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// Returns the loaded rules, by id.
    #[must_use]
    pub const fn rules(&self) -> &BTreeMap<RuleId, Rule> {
        &self.rules
    }

    /// Runs work on the engine's own threads, which have the stack that evaluation needs.
    pub fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        self.pool.spawn(work);
    }

    /// Runs work on the engine's own threads and waits for it.
    pub fn install<T: Send>(&self, work: impl FnOnce(&Self) -> T + Send) -> T {
        self.pool.install(|| work(self))
    }

    /// Evaluates `data.<path>` in every bundle and merges the answers; the first bundle wins where two differ.
    /// `None` is undefined.
    ///
    /// # Errors
    /// [`QueryError`] when any bundle fails to evaluate.
    pub fn query(&self, path: &[&str], input: Option<&RegoValue>) -> Result<Option<RegoValue>, QueryError> {
        let mut answer = RegoValue::Undefined;
        for bundle in &self.bundles {
            let found = bundle.value(path, input.cloned().unwrap_or(RegoValue::Undefined))?;
            if answer == RegoValue::Undefined {
                answer = found;
            } else {
                merge(&mut answer, found);
            }
        }
        Ok((answer != RegoValue::Undefined).then_some(answer))
    }
}

/// What `opa.runtime` tells policies. The environment is not for them.
fn runtime() -> RegoValue {
    meshgate_rego::value_of_json(&serde_json::json!({"version": OPA_VERSION, "commit": "", "env": {}, "config": {}}))
}

fn merge(into: &mut RegoValue, from: RegoValue) {
    let (Ok(into), RegoValue::Object(from)) = (into.as_object_mut(), from) else { return };
    for (key, value) in from.iter() {
        match into.get_mut(key) {
            Some(present) => merge(present, value.clone()),
            None => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Adds a document to what there is; what is there already stays.
fn overlay(into: &mut Value, from: &Value) {
    match (into, from) {
        (into @ Value::Null, from) => *into = from.clone(),
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                overlay(into.entry(key).or_insert(Value::Null), value);
            }
        }
        _ => {}
    }
}
