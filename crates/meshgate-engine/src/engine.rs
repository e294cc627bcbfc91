//! Assembly: from a configuration to an engine that can judge.
//!
//! Deliberately absent: hot reload; a new configuration is a new engine. Layers that lie in the tree are a run's (`layers`).

use crate::baseline::Baseline;
use crate::config::{BuiltinErrors, Config, MeshExtent, TypeErrors};
use crate::governance::{Chain, LayerRules};
use crate::layers::{load_fault, pinned, trespassing};
use crate::plugins::{Hosts, PluginCache, PluginListener};
use crate::sidecar::access::{Access, Deciding, mask_keys};
use crate::sidecar::served::Served;
use crate::waivers::Waiver;
use crate::{bundle, embedded, known, transport, walls};
use meshgate_core::date::Date;
use meshgate_core::evaluate::Evaluator;
use meshgate_core::fault::Fault;
use meshgate_core::layer::Layer;
use meshgate_core::limits::{EvaluationLimits, ReadLimits};
use meshgate_core::pointer::Pointer;
use meshgate_core::rule::{Rule, RuleId};
use meshgate_core::severity::Severity;
use meshgate_core::sql::HashKeys;
use meshgate_core::work::carried;
use meshgate_descriptor::Extract;
use meshgate_plugin::Plugin;
use meshgate_rego::{Bundle, Decider, Gear, Options, Types, Value as RegoValue, set_global_memory_limit};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};
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
    /// The profiles whose rules are in force, instead of those of the configuration; `all` is every one.
    pub profiles: Vec<String>,
    /// Leave out the embedded rules.
    pub no_embedded: bool,
    /// Leave out what lies in the tree: configurations below the root, and products' own rules.
    pub root_only: bool,
    /// How many descriptors are judged at once; `None` is the number of cores.
    pub jobs: Option<usize>,
    /// What a sidecar serves; `None` where nobody asks for decisions.
    pub serving: Option<Vec<PathBuf>>,
    /// What it served before, when it is made anew.
    pub before: Option<Arc<Access>>,
}

/// Judges descriptors and answers queries. Shared by all threads.
pub struct Engine {
    /// What speaks of every descriptor, or of those of a domain; the global layer is the first.
    pub(crate) layers: Vec<Arc<LayerRules>>,
    /// The layers, joined, for descriptors that lie in no folder.
    pub(crate) chain: Arc<Chain>,
    /// The root configuration.
    pub(crate) root: Arc<Config>,
    /// Every rule of these layers, by id and layer.
    pub(crate) rules: Vec<Rule>,
    pub(crate) catalogue: Arc<BTreeMap<RuleId, Rule>>,
    pub(crate) load_faults: Vec<Fault>,
    pub(crate) read_limits: ReadLimits,
    pub(crate) deny_at: Severity,
    pub(crate) extract: Arc<Extract>,
    pub(crate) mesh_complete: bool,
    pub(crate) pool: ThreadPool,
    /// The global bundles' data documents as one, if any plugin may read them.
    pub(crate) data: Option<Arc<Value>>,
    pub(crate) plugins: Vec<Arc<Plugin>>,
    pub(crate) hosts: Hosts,
    pub(crate) bundles: Vec<Arc<Bundle>>,
    /// The name and the revision of each.
    pub(crate) revisions: Vec<(String, String)>,
    pub(crate) access: Arc<Access>,
    /// The files that all this was made of.
    pub(crate) sources: Vec<PathBuf>,
    /// What they were like before they were read: what changes while they are is seen.
    pub(crate) fingerprint: u64,
    /// How bundles are loaded.
    pub(crate) options: Options,
    pub(crate) limits: EvaluationLimits,
    /// Folders that are bundles of the root.
    pub(crate) listed: HashSet<PathBuf>,
    /// Folders of domains, with their names, and whether the root says that what lies there is of the domain.
    pub(crate) domain_folders: Vec<(PathBuf, String, bool)>,
    pub(crate) baseline: Option<Baseline>,
    pub(crate) root_only: bool,
    /// What is odd about what was loaded, but no error.
    pub(crate) warnings: Vec<String>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Bytes of a descriptor that are read.
    #[must_use]
    pub const fn file_bytes_max(&self) -> usize {
        self.read_limits.file_bytes_max
    }

    /// Makes an engine. What does not load is kept as a fault, so that the rest can still be judged; see
    /// [`Engine::load_faults`].
    ///
    /// # Errors
    /// [`EngineError`] when no threads can be had.
    pub fn new(config: &Config, additions: &Additions) -> Result<Self, EngineError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(additions.jobs.unwrap_or(0))
            .thread_name(|index| format!("evaluate-{index}"))
            // A sidecar's decisions are made elsewhere.
            .start_handler({
                let serving = additions.serving.is_some();
                move |_| {
                    if serving {
                        meshgate_rego::occasional()
                    }
                }
            })
            .stack_size(STACK_BYTES)
            .build()
            .map_err(|error| EngineError::new("threads", error))?;
        // A configuration that extends another one is a layer below it.
        let lower = config.base.as_ref().map(|_| Arc::new(config.clone()));
        let root = Arc::clone(config.base.as_ref().unwrap_or(&Arc::new(config.clone())));
        let limits = root.limits.evaluation();
        set_global_memory_limit(Some(root.limits.memory_mib.unwrap_or(MEMORY_MIB) << 20));
        let sources = crate::sidecar::files::of(&root, lower.as_deref(), additions);
        let mut engine = Self {
            layers: Vec::new(),
            chain: Arc::new(Chain::of(Vec::new(), None, None, today())),
            rules: Vec::new(),
            catalogue: Arc::default(),
            load_faults: Vec::new(),
            read_limits: root.limits.read(),
            deny_at: root.deny_at.map_or(Severity::Error, Severity::from),
            extract: Arc::new(root.extract.resolve()),
            mesh_complete: root.mesh == Some(MeshExtent::Complete),
            pool,
            data: None,
            plugins: Vec::new(),
            hosts: Hosts::new(&root, additions),
            bundles: Vec::new(),
            revisions: Vec::new(),
            access: Arc::default(),
            fingerprint: crate::sidecar::fingerprint_of(&sources),
            sources,
            options: Options {
                limits,
                network: transport::network(&root.http),
                gears: root.rego.gears(),
                types: Arc::new(Types::advice(root.rego.types == TypeErrors::Warn)),
                errors_undefined: root.rego.builtin_errors == BuiltinErrors::Undefined,
                runtime: Some(runtime()),
                profiles: profiles(&root, additions),
                ..Options::default()
            },
            limits,
            listed: HashSet::new(),
            domain_folders: Vec::new(),
            baseline: None,
            root_only: additions.root_only,
            warnings: Vec::new(),
            root,
        };
        let deciding = Arc::new(Deciding::default());
        let mut served = engine.serve(additions.serving.as_deref(), &deciding);
        if let (Some(served), Some(before)) = (&mut served, &additions.before) {
            served.hold_against(&before.served);
        }
        let mut layers = engine.root_layers(additions);
        engine.domain_folders = domain_folders(&engine.root);
        let known: BTreeSet<&str> = layers.iter().flat_map(LayerRules::known).map(|rule| rule.id.as_str()).collect();
        // What did not load has rules that nobody knows.
        if engine.load_faults.is_empty() {
            let waivers = layers.first().map(|layer| layer.waivers.clone()).unwrap_or_default();
            for error in known::unknown(&engine.root, &waivers, &known) {
                engine.load_faults.push(load_fault(&error.place, error.message));
            }
            engine.unknown_layers(&layers);
            engine.unknown_params(&layers, additions);
        }
        engine.warnings.extend(known::doubtful(&engine.root, &known, &layers));
        engine.read_baseline();
        let mut rules: Vec<Rule> = layers.iter().flat_map(LayerRules::rules).cloned().collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        engine.rules = rules;
        if let Some(lower) = lower {
            let lower = engine.pool.install(|| engine.lower(lower));
            engine.rules.extend(lower.rules().cloned());
            layers.push(lower);
        }
        engine.catalogue = Arc::new(engine.rules.iter().map(|rule| (rule.id.clone(), rule.clone())).collect());
        engine.layers = layers.into_iter().map(Arc::new).collect();
        engine.chain = Arc::new(Chain::of(engine.layers.clone(), None, None, today()));
        if let Some(served) = served {
            if engine.root.embedded && !additions.no_embedded {
                engine.add_adapters();
            }
            for error in engine.root.server.wrong() {
                engine.refuse("server", error);
            }
            let keys = mask_keys(&engine.root).unwrap_or_else(|errors| {
                errors.into_iter().for_each(|error| engine.refuse("server", error));
                HashKeys::new()
            });
            engine.access = Arc::new(Access::of(&engine, served, keys));
            let troubles = engine.access.troubles();
            engine.warnings.extend(troubles);
            deciding.set(&engine.access);
        }
        Ok(engine)
    }

    /// Reads what is served, which every bundle then has as data.
    fn serve(&mut self, paths: Option<&[PathBuf]>, deciding: &Arc<Deciding>) -> Option<Served> {
        let served = match Served::read(&self.root, paths?) {
            Ok(served) => served,
            Err(errors) => {
                errors.into_iter().for_each(|error| self.refuse("descriptors", error));
                Served::default()
            }
        };
        self.warnings.extend(served.warnings.iter().cloned());
        self.options.documents = served.document.iter().cloned().collect();
        self.options.decider = Decider(Some(Arc::clone(deciding) as _));
        Some(served)
    }

    /// Loads the root's own layers: the global one, and those of domains whose bundles and plugins it names.
    fn root_layers(&mut self, additions: &Additions) -> Vec<LayerRules> {
        let root = Arc::clone(&self.root);
        let mut global = LayerRules::new(Layer::Global, Arc::clone(&root));
        if root.embedded && !additions.no_embedded {
            let files = bundle::Files {
                modules: embedded::modules(),
                clearance: embedded::clearance().map(str::to_owned),
                built_in: true,
                ..bundle::Files::default()
            };
            self.add_bundle(&mut global, "embedded", &files, Vec::new());
        }
        let of = |said: &Option<String>| said.clone().filter(|said| !said.eq_ignore_ascii_case("global"));
        let mut domains: BTreeMap<String, LayerRules> = BTreeMap::new();
        let domain = |name: String| {
            let mut layer = LayerRules::new(Layer::Domain(name), Arc::clone(&root));
            layer.by_domain = true;
            layer
        };
        // A copy of all data is made for nobody but who may read it.
        let mut data = root.plugins.iter().any(|plugin| !plugin.capabilities.data.is_empty()).then_some(Value::Null);
        let configured = root.bundles.iter().map(|entry| {
            (entry.name.clone(), root.folder.join(&entry.path), of(&entry.layer), entry.sha256.as_deref())
        });
        let added = additions.bundles.iter().map(|path| (path.display().to_string(), path.clone(), None, None));
        for (name, path, layer, sha256) in configured.chain(added) {
            self.listed.extend(std::fs::canonicalize(&path).ok());
            let layer = match layer {
                None => &mut global,
                Some(name) => domains.entry(name.to_ascii_lowercase()).or_insert_with(|| domain(name)),
            };
            match bundle::read(&path, &self.options.limits) {
                Ok(files) => match pinned(sha256, &files.digest) {
                    Some(message) => self.refuse(&name, message),
                    None => {
                        if let Some(data) = data.as_mut().filter(|_| layer.layer == Layer::Global) {
                            files.data.iter().for_each(|document| bundle::overlay(data, bundle::tree(document)));
                        }
                        self.add_bundle(layer, &name, &files, Vec::new());
                    }
                },
                Err(error) => self.refuse(&name, error.to_string()),
            }
        }
        self.add_policies(&mut global, additions);
        self.data = data.map(Arc::new);
        for entry in self.plugin_entries(additions) {
            let layer = match of(&entry.layer) {
                None => &mut global,
                Some(name) => domains.entry(name.to_ascii_lowercase()).or_insert_with(|| domain(name)),
            };
            self.add_plugin(layer, &entry);
        }
        let (waivers, errors) = Waiver::of(&root, None);
        global.waivers = waivers;
        errors.into_iter().for_each(|(place, message)| self.refuse(&place, message));
        let mut layers = vec![global];
        for (_, mut layer) in domains {
            let above = layers.first().map(|global| global.owned.trespasses(&layer.owned)).unwrap_or_default();
            if !above.is_empty() {
                layer.findings.extend(above.iter().map(|trespass| trespassing(&layer.layer, trespass)));
                layer.evaluators.clear();
                layer.access.clear();
            }
            layers.push(layer);
        }
        for layer in &layers {
            for (rule, message) in clashes(&layer.evaluators) {
                self.refuse(&rule, message);
            }
        }
        layers
    }

    /// All folders of conftest policies are one bundle, as conftest has it.
    fn add_policies(&mut self, layer: &mut LayerRules, additions: &Additions) {
        if additions.policies.is_empty() {
            return;
        }
        let mut all = bundle::Files::default();
        for path in &additions.policies {
            self.listed.extend(std::fs::canonicalize(path).ok());
            match bundle::read(path, &self.options.limits) {
                Ok(files) => {
                    all.versions.extend(files.all_versions());
                    all.modules.extend(files.modules);
                    all.data.extend(files.data);
                    all.data_files.extend(files.data_files);
                    all.warn_of_types |= files.warn_of_types;
                }
                // Nothing is allowed then; that the rest holds no rule would be said for nothing.
                Err(error) => return self.refuse(&path.display().to_string(), error.to_string()),
            }
        }
        let namespaces = match additions.namespaces.as_slice() {
            [] => vec!["main".to_owned()],
            named => named.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        self.add_bundle(layer, "conftest policies", &all, namespaces);
    }

    fn add_bundle(&mut self, layer: &mut LayerRules, name: &str, files: &bundle::Files, namespaces: Vec<String>) {
        // regorus prepares on this thread, which may have a small stack: the pool's threads have a large one.
        let loaded = self.pool.install(|| self.load_bundle(files, &layer.config, namespaces, true));
        match loaded {
            Ok(bundle) => {
                self.warnings.extend(bundle.warnings().iter().map(ToString::to_string));
                layer.owned.add(bundle.packages(), bundle.documents(), &files.data_files);
                self.bundles.push(Arc::clone(&bundle));
                self.revisions.push((name.to_owned(), files.revision()));
                layer.add(bundle);
            }
            Err(errors) => errors.into_iter().for_each(|error| self.refuse(name, error)),
        }
    }

    /// Says which parameters and profiles there are none of.
    fn unknown_params(&mut self, layers: &[LayerRules], additions: &Additions) {
        let root = Arc::clone(&self.root);
        let every: Vec<&Rule> = layers.iter().flat_map(LayerRules::known).collect();
        let mut errors = known::params(&root, &every, &BTreeSet::new()).0;
        errors.extend(known::profiles(&root, &additions.profiles, &every));
        errors.into_iter().for_each(|error| self.refuse(&error.place, error.message));
    }

    /// Says which domains the root names that nothing is known of.
    fn unknown_layers(&mut self, layers: &[LayerRules]) {
        let Some(source) = self.root.source.clone() else { return };
        let names = layers.iter().map(|layer| layer.layer.word().to_owned());
        let folders = self.domain_folders.iter().map(|(_, name, _)| name.clone());
        let said = self.root.domains.keys().cloned();
        let known: BTreeSet<String> = names.chain(folders).chain(said).chain(["product".to_owned()]).collect();
        for name in self.root.delegate.keys().filter(|name| !known.contains(*name)) {
            let at = Pointer::root().key("delegate").key(name);
            let message = format!(
                "there is no domain `{name}`: say which folders are its own (`domains: {{ {name}: [domains/{name}] }}`)"
            );
            let error = source.error(&at, message);
            self.load_faults.push(load_fault(&error.place, error.message));
        }
        for (name, folders) in &self.root.domains {
            for (index, folder) in
                folders.iter().enumerate().filter(|(_, folder)| !self.root.folder.join(folder).is_dir())
            {
                // It may lie in another repository.
                let at = Pointer::root().key("domains").key(name).index(index);
                let error = source.error(&at, format!("there is no folder `{}`", folder.display()));
                self.warnings.push(error.to_string());
            }
        }
    }

    fn read_baseline(&mut self) {
        let Some(path) = &self.root.baseline else { return };
        match Baseline::read(&self.root.folder.join(path)) {
            Ok(baseline) => self.baseline = Some(baseline),
            Err(message) => self.refuse(&path.display().to_string(), message),
        }
    }

    pub(crate) fn refuse(&mut self, name: &str, message: String) {
        self.load_faults.push(load_fault(name, message));
    }

    /// The folders in which the root speaks.
    pub(crate) fn root_folders(&self) -> Vec<PathBuf> {
        let configs = self.layers.iter().map(|layer| &layer.config).filter(|config| config.source.is_some());
        configs.filter_map(|config| std::fs::canonicalize(real_folder(&config.folder)).ok()).collect()
    }

    /// Is this file the root configuration, or the one that extends it?
    pub(crate) fn is_root(&self, path: &Path) -> bool {
        let Ok(real) = std::fs::canonicalize(path) else { return false };
        self.layers
            .iter()
            .filter_map(|layer| layer.config.source.as_ref())
            .any(|source| std::fs::canonicalize(&source.name).is_ok_and(|root| root == real))
    }

    /// Takes findings that stand in this baseline for known ones.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = Some(baseline);
        self
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

    /// Returns the loaded plugins.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// Returns the loaded rules, by id: those of the global layer, and of the domains that the root names.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Returns the rules of profiles that are not chosen.
    #[must_use]
    pub fn dormant(&self) -> Vec<&Rule> {
        let mut all: Vec<&Rule> = self.layers.iter().flat_map(|layer| &layer.dormant).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Returns the loaded rules with their layers, by id.
    #[must_use]
    pub fn layered_rules(&self) -> Vec<(&Layer, &Rule)> {
        let mut all: Vec<(&Layer, &Rule)> =
            self.layers.iter().flat_map(|layer| layer.rules().map(|rule| (&layer.layer, rule))).collect();
        all.sort_by(|a, b| a.1.id.cmp(&b.1.id).then_with(|| a.0.cmp(b.0)));
        all
    }

    /// Runs work on the engine's own threads, which have the stack that evaluation needs.
    pub fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        self.pool.spawn(work);
    }

    /// Runs work on the engine's own threads and waits for it.
    pub fn install<T: Send>(&self, work: impl FnOnce(&Self) -> T + Send) -> T {
        // Whatever bounds the work has here, it has there.
        self.pool.install(carried(|| work(self)))
    }
}

/// Says which rules of one layer have the same id.
pub fn clashes(evaluators: &[Arc<dyn Evaluator>]) -> Vec<(String, String)> {
    let mut seen: BTreeMap<&RuleId, &Rule> = BTreeMap::new();
    let mut clashes = Vec::new();
    for rule in evaluators.iter().flat_map(|evaluator| evaluator.rules()) {
        match seen.get(&rule.id) {
            Some(other) => {
                clashes.push((rule.origin.clone(), format!("rule `{}` is defined by {} too", rule.id, other.origin)))
            }
            None => {
                seen.insert(&rule.id, rule);
            }
        }
    }
    clashes
}

/// The profiles that are in force; `None` is all of them.
fn profiles(root: &Config, additions: &Additions) -> Option<Arc<[String]>> {
    let said = if additions.profiles.is_empty() { &root.profiles } else { &additions.profiles };
    let usual = [crate::config::BASELINE.to_owned()];
    let chosen: &[String] = if said.is_empty() { &usual } else { said };
    (!chosen.iter().any(|name| name == crate::config::ALL)).then(|| chosen.into())
}

/// Says that an id is taken by Meshgate's own remarks. A conftest namespace is its author's.
pub fn reserved(rule: &Rule, foreign: bool) -> Option<String> {
    (!foreign && walls::is_reserved(&rule.id)).then(|| {
        format!("{}: rule `{}` is in a category of Meshgate's own remarks; choose another one", rule.origin, rule.id)
    })
}

/// Today, in UTC.
pub fn today() -> Date {
    // The text is that of a day, before the year 10,000; after that nothing is waived.
    Date::parse(&chrono::Utc::now().format("%Y-%m-%d").to_string()).unwrap_or(Date::LAST)
}

fn real_folder(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The folders of the domains that a root names: as it says; else of their bundles; else by convention.
fn domain_folders(root: &Config) -> Vec<(PathBuf, String, bool)> {
    let real = |path: &Path| std::fs::canonicalize(real_folder(&root.folder).join(path)).ok();
    let mut folders = Vec::new();
    for (name, said) in &root.domains {
        folders.extend(said.iter().filter_map(|folder| Some((real(folder)?, name.clone(), true))));
    }
    let entries = root.bundles.iter().filter_map(|entry| Some((entry.layer.clone()?, &entry.path)));
    for (name, path) in entries.filter(|(name, _)| name != "global") {
        let Some(folder) = real(path) else { continue };
        let inner = folder.file_name().is_some_and(|name| name == "policies" || name == "rules");
        let folder = if inner { folder.parent().map_or(folder.clone(), Path::to_owned) } else { folder };
        folders.push((folder, name, false));
    }
    for name in root.delegate.keys().filter(|name| *name != "product") {
        if folders.iter().all(|(_, known, _)| known != name) {
            let usual = [PathBuf::from("domains").join(name), PathBuf::from(name)];
            folders.extend(usual.iter().filter_map(|folder| Some((real(folder)?, name.clone(), false))));
        }
    }
    // The root's own folder is nobody's.
    let own = real(Path::new(""));
    folders.retain(|(folder, ..)| Some(folder) != own.as_ref());
    folders
}

/// What `opa.runtime` tells policies. The environment is not for them.
fn runtime() -> RegoValue {
    meshgate_rego::value_of_json(&serde_json::json!({"version": OPA_VERSION, "commit": "", "env": {}, "config": {}}))
}
