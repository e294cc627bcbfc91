//! Layers that lie in the tree: a `meshgate.yaml` below the root's speaks for its folder, and a `policies/` folder beside a
//! descriptor is that product's own layer.
//!
//! Deliberately absent: trust. What lies in the tree that is judged can add and tighten, and nothing else.

use crate::bundle;
use crate::config::{CONFIG_FILE, Config, ConfigError, MISNAMED, Said, reach};
use crate::engine::Engine;
use crate::governance::{Chain, LayerRules, OVERRIDE, attempt};
use crate::locate::Located;
use crate::reading;
use crate::waivers::Waiver;
use crate::walls::{Owned, Trespass};
use meshgate_core::date::Date;
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::finding::Finding;
use meshgate_core::layer::Layer;
use meshgate_core::model::Kind;
use meshgate_core::pointer::Pointer;
use meshgate_core::severity::Severity;
use meshgate_core::span::Span;
use meshgate_descriptor::{NoFiles, Recognised, recognise};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the folder that holds a product's own rules.
pub const POLICIES: &str = "policies";

/// Keys that only the root configuration has: what they say is not of one layer.
const ROOT_KEYS: &[&str] =
    &["embedded", "profiles", "extract", "limits", "rego", "http", "server", "mesh", "domains", "baseline"];

/// Bytes of a file that is looked at for a product beside `policies/`.
const LOOKED_BYTES_MAX: usize = 1 << 20;

/// The chains of a run, by folder.
#[derive(Default)]
pub struct Layers {
    chains: HashMap<PathBuf, Arc<Chain>>,
    /// Folders of rules: of the root, of configurations in the tree, and of products.
    bundles: HashSet<PathBuf>,
}

/// What lies in one folder of the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Lying {
    Config(PathBuf),
    Policies(PathBuf),
}

impl Layers {
    /// Finds and loads what speaks for files: the layers of all folders between the root configuration and each of them.
    pub fn of(engine: &Engine, files: &[PathBuf], stage: Option<&str>, today: Date) -> Self {
        if engine.root_only {
            return Self::default();
        }
        // Links are resolved once a folder, not once a file.
        let given: BTreeSet<&Path> = files.iter().map(|file| given_parent(file)).collect();
        let given: Vec<(&Path, PathBuf)> = given.into_iter().map(|folder| (folder, real(folder))).collect();
        let folders: BTreeSet<PathBuf> = given.iter().map(|(_, real)| real.clone()).collect();
        let mut finder = Finder::new(engine);
        let lying: Vec<(PathBuf, Vec<Lying>)> =
            folders.into_iter().map(|folder| (folder.clone(), finder.above(&folder))).collect();
        let all: BTreeSet<&Lying> = lying.iter().flat_map(|(_, lying)| lying).collect();
        // Each is loaded for itself: what may stand below what is looked at afterwards.
        let loaded: Vec<(&Lying, Arc<LayerRules>)> =
            all.into_par_iter().map(|lying| (lying, Arc::new(engine.lying(lying)))).collect();
        let loaded: BTreeMap<&Lying, Arc<LayerRules>> = loaded.into_iter().collect();
        let mut joined: BTreeMap<(&[Lying], Option<String>), Arc<Chain>> = BTreeMap::new();
        let mut chains = HashMap::new();
        for (folder, own) in &lying {
            let domain = engine.domain_of(folder);
            let chain = joined.entry((own, domain.clone())).or_insert_with(|| {
                let mut layers = engine.layers.clone();
                for lying in own {
                    if let Some(layer) = loaded.get(lying) {
                        let layer = walled(&layers, layer, domain.as_deref());
                        layers.push(layer);
                    }
                }
                Arc::new(Chain::of(layers, domain, stage, today))
            });
            chains.insert(folder.clone(), Arc::clone(chain));
        }
        for (given, real) in &given {
            if let Some(chain) = chains.get(real).map(Arc::clone) {
                chains.insert((*given).to_owned(), chain);
            }
        }
        let mut bundles = finder.listed;
        for lying in loaded.keys() {
            if let Lying::Policies(path) = lying {
                bundles.insert(path.clone());
            }
        }
        Self { chains, bundles }
    }

    /// Returns what speaks for a file.
    pub fn chain(&self, file: &Path) -> Option<&Arc<Chain>> {
        self.chains.get(given_parent(file)).or_else(|| self.chains.get(&parent(file)))
    }

    /// Is a file an example of a rule's documentation, which is to fail or to pass its rule, and no product's?
    pub fn is_example(&self, file: &Path) -> bool {
        looks_like_example(file) && parent(file).ancestors().any(|at| self.bundles.contains(at))
    }

    /// Bundles, plugins and files of waivers that configurations in the tree name for a file.
    pub fn paths(&self, file: &Path) -> Vec<PathBuf> {
        let chain = self.chain(file).map(|chain| chain.layers.clone()).unwrap_or_default();
        let of = |layer: &Arc<LayerRules>| {
            let config = &layer.config;
            let bundles = config.bundles.iter().map(|entry| &entry.path);
            let named = bundles.chain(config.plugins.iter().map(|entry| &entry.path)).chain(&config.waiver_files);
            named.map(|path| config.folder.join(path)).collect::<Vec<_>>()
        };
        chain.iter().filter(|layer| layer.folder.is_some()).flat_map(of).collect()
    }

    /// Every chain, each once, the first by their folders first.
    pub fn chains(&self) -> Vec<&Arc<Chain>> {
        let mut seen = HashSet::new();
        let mut all: Vec<(&PathBuf, &Arc<Chain>)> = self.chains.iter().collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        all.into_iter().map(|(_, chain)| chain).filter(|chain| seen.insert(Arc::as_ptr(chain))).collect()
    }
}

/// Reads a configuration of the tree: nothing of what a link leads to elsewhere.
fn read_own(path: &Path) -> Result<Config, ConfigError> {
    let inside = std::fs::canonicalize(path).is_ok_and(|real| real.starts_with(parent(path)));
    if inside {
        return Config::read(path);
    }
    Err(ConfigError { place: shown(path), message: "is a link that leads out of its folder, or nowhere".to_owned() })
}

/// Is a file called and placed as examples of rules are?
pub fn looks_like_example(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    (name.starts_with("pass_") || name.starts_with("fail_"))
        && given_parent(file).components().any(|step| step.as_os_str() == "examples")
}

/// The folder of a file, as it is given.
fn given_parent(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The folder of a file, `..` and links resolved.
fn parent(file: &Path) -> PathBuf {
    real(given_parent(file))
}

fn real(folder: &Path) -> PathBuf {
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

/// A layer as it counts below others: without its rules, where one of them is at a path of a layer above.
fn walled(above: &[Arc<LayerRules>], layer: &Arc<LayerRules>, domain: Option<&str>) -> Arc<LayerRules> {
    let mut owned = Owned::default();
    // Another domain's rules are beside these, not above.
    above.iter().filter(|layer| layer.counts_for(domain)).for_each(|layer| owned.extend(&layer.owned));
    let trespasses = owned.trespasses(&layer.owned);
    if trespasses.is_empty() {
        return Arc::clone(layer);
    }
    let findings = trespasses.iter().map(|trespass| trespassing(&layer.layer, trespass));
    Arc::new(LayerRules {
        dormant: layer.dormant.clone(),
        layer: layer.layer.clone(),
        config: Arc::clone(&layer.config),
        by_domain: layer.by_domain,
        evaluators: Vec::new(),
        access: Vec::new(),
        owned: Owned::default(),
        waivers: layer.waivers.clone(),
        faults: layer.faults.clone(),
        findings: layer.findings.iter().cloned().chain(findings).collect(),
        folder: layer.folder.clone(),
    })
}

/// A remark about a module, a document or a plugin that is where it may not be.
pub fn trespassing(layer: &Layer, trespass: &Trespass) -> Finding {
    // What cannot be read again is shown without its line.
    let text = reading::text(Path::new(&trespass.file), LOOKED_BYTES_MAX).unwrap_or_default();
    let start = text.find("\npackage ").map_or(0, |at| at + 1);
    let end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| start + length);
    let said = Said {
        message: trespass.message.clone(),
        label: Some(format!("none of the rules of {layer} is used")),
        help: "Give it a path of its own: a layer adds rules beside those above it, it does not replace them."
            .to_owned(),
    };
    Located::new(&trespass.file, &text).governance(OVERRIDE, Severity::Error, Span::new(start, end), said)
}

/// Finds what lies above folders.
struct Finder<'a> {
    engine: &'a Engine,
    /// Folders that a configuration lists as bundles are nobody's own layer.
    listed: HashSet<PathBuf>,
    products: HashMap<PathBuf, bool>,
    known: HashMap<PathBuf, Vec<Lying>>,
}

impl<'a> Finder<'a> {
    fn new(engine: &'a Engine) -> Self {
        Self { engine, listed: engine.listed.clone(), products: HashMap::new(), known: HashMap::new() }
    }

    /// What a configuration may call a bundle: a folder below its own, and not its own, in which descriptors lie.
    fn list(&mut self, config: &Config) {
        let own = real(&config.folder);
        let paths =
            config.bundles.iter().filter_map(|entry| std::fs::canonicalize(config.folder.join(&entry.path)).ok());
        self.listed.extend(paths.filter(|path| path.starts_with(&own) && *path != own));
    }

    /// What lies in the folders from the root's down to this one.
    fn above(&mut self, folder: &Path) -> Vec<Lying> {
        if let Some(known) = self.known.get(folder) {
            return known.clone();
        }
        let mut lying = Vec::new();
        let roots = self.engine.root_folders();
        // Below a root its folder is the end, and nothing between hides what is above.
        let last = match roots.iter().any(|root| folder.starts_with(root)) {
            true => None,
            false => reach(folder).last().copied(),
        };
        let end = |at: &Path| roots.iter().any(|root| root == at) || last == Some(at);
        for at in folder.ancestors() {
            // At the root's own folder the root speaks; above it nobody of the tree does.
            if roots.iter().any(|root| root == at) {
                break;
            }
            let config = at.join(CONFIG_FILE);
            if config.symlink_metadata().is_ok() && !self.engine.is_root(&config) {
                lying.push(Lying::Config(config.clone()));
                if let Ok(read) = read_own(&config) {
                    self.list(&read);
                }
            }
            let misnamed = at.join(MISNAMED);
            if misnamed.symlink_metadata().is_ok() {
                lying.push(Lying::Config(misnamed));
            }
            if end(at) {
                break;
            }
        }
        lying.reverse();
        let mut product = None;
        for at in folder.ancestors() {
            let policies = at.join(POLICIES);
            if policies.is_dir() && (at == folder || self.holds_product(at)) && self.is_layer(&policies) {
                product = Some(policies);
                break;
            }
            // Looked for only where there is a `policies/` further up, which is rare.
            let further = at.ancestors().skip(1).any(|up| up.join(POLICIES).is_dir());
            if end(at) || (further && self.holds_product(at)) {
                break;
            }
        }
        lying.extend(product.map(Lying::Policies));
        self.known.insert(folder.to_owned(), lying.clone());
        lying
    }

    /// Is a `policies/` a product's own layer: no bundle, and with rules in it? What a link leads to elsewhere is not looked
    /// at, and refused when it is loaded.
    fn is_layer(&self, policies: &Path) -> bool {
        let real = real(policies);
        let inside = policies.parent().is_some_and(|parent| real.starts_with(parent));
        !self.listed.iter().any(|listed| real.starts_with(listed)) && (!inside || holds_rules(policies))
    }

    /// Does a descriptor of a data product lie in this folder?
    fn holds_product(&mut self, folder: &Path) -> bool {
        if let Some(known) = self.products.get(folder) {
            return *known;
        }
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let holds = entries.into_iter().any(|entry| is_product(&entry.path(), self.engine));
        self.products.insert(folder.to_owned(), holds);
        holds
    }
}

fn is_product(file: &Path, engine: &Engine) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    if !matches!(extension.as_deref(), Some("yaml" | "yml" | "json")) {
        return false;
    }
    let Ok(bytes) = reading::regular(file, LOOKED_BYTES_MAX) else { return false };
    let name = file.display().to_string();
    let parsed = meshgate_descriptor::read(&name, &bytes, &engine.read_limits);
    parsed.documents.into_iter().any(|document| {
        let Recognised::Known(format) = recognise(&document) else { return false };
        let extract = Arc::clone(&engine.extract);
        let (descriptor, _) =
            meshgate_descriptor::link(&name, document, format, &NoFiles, &engine.read_limits, extract);
        meshgate_descriptor::outline(&descriptor).kind == Kind::DataProduct
    })
}

/// Does a folder hold rules of ours? A `policies/` of something else is none of our affair.
fn holds_rules(folder: &Path) -> bool {
    let walk = ignore::WalkBuilder::new(folder).standard_filters(false).build();
    walk.flatten().any(|entry| {
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("rego" | "wasm"))
    })
}

impl Engine {
    /// Loads what lies in the tree.
    fn lying(&self, lying: &Lying) -> LayerRules {
        match lying {
            Lying::Config(path) if path.ends_with(MISNAMED) => {
                let mut layer = LayerRules::new(self.layer_of(&parent(path)), Arc::new(Config::default()));
                layer
                    .faults
                    .push(load_fault(&shown(path), format!("is not read under this name: call it {CONFIG_FILE}")));
                layer
            }
            Lying::Config(path) => match read_own(path) {
                Ok(config) => self.lower(Arc::new(config)),
                Err(error) => {
                    let mut layer = LayerRules::new(self.layer_of(&parent(path)), Arc::new(Config::default()));
                    layer.faults.push(load_fault(&error.place, error.message));
                    layer
                }
            },
            Lying::Policies(path) => self.policies(path),
        }
    }

    /// Makes a layer of a configuration that is not the root.
    pub(crate) fn lower(&self, config: Arc<Config>) -> LayerRules {
        let folder = std::fs::canonicalize(&config.folder).unwrap_or_else(|_| config.folder.clone());
        let mut layer = LayerRules::new(self.layer_of(&folder), Arc::clone(&config));
        layer.folder = Some(folder.clone());
        let Some(source) = &config.source else { return layer };
        let root = Pointer::root();
        let said = source.value();
        for key in ROOT_KEYS.iter().filter(|key| said.get(key).is_some()) {
            let message = format!("only the root configuration says `{key}`");
            layer.findings.extend(attempt(&layer, &root.key(key), message));
        }
        let named = |layer: &LayerRules, said: &Option<String>| {
            said.as_ref().is_some_and(|said| !said.eq_ignore_ascii_case(layer.layer.word()))
        };
        let inside =
            |path: &Path| std::fs::canonicalize(config.folder.join(path)).is_ok_and(|real| real.starts_with(&folder));
        for (index, path) in config.waiver_files.iter().enumerate().filter(|(_, path)| !inside(path)) {
            let message = format!("`{}` is not there, or not below this file", path.display());
            layer.faults.push(load_fault(&source.place(&root.key("waiver_files").index(index)), message));
        }
        if !layer.faults.is_empty() {
            return layer;
        }
        for (index, entry) in config.bundles.iter().enumerate() {
            let at = root.key("bundles").index(index);
            if named(&layer, &entry.layer) {
                let message = format!("bundle `{}` says that it is of another layer", entry.name);
                layer.findings.extend(attempt(&layer, &at.key("layer"), message));
                continue;
            }
            let path = config.folder.join(&entry.path);
            if std::fs::canonicalize(&path).is_ok_and(|real| !real.starts_with(&folder)) {
                let message = format!("bundle `{}` is not below this file", entry.name);
                layer.findings.extend(attempt(&layer, &at.key("path"), message));
                continue;
            }
            // The root has it already.
            if std::fs::canonicalize(&path).is_ok_and(|real| self.listed.contains(&real)) {
                continue;
            }
            self.add_lower_bundle(&mut layer, &entry.name, &path, &folder, entry.sha256.as_deref());
        }
        for (index, entry) in config.plugins.iter().enumerate() {
            let at = root.key("plugins").index(index);
            if named(&layer, &entry.layer) {
                let message = format!("plugin `{}` says that it is of another layer", entry.id);
                layer.findings.extend(attempt(&layer, &at.key("layer"), message));
                continue;
            }
            if let Some((name, _)) = entry.capabilities.files.iter().find(|(_, path)| !inside(path)) {
                let message =
                    format!("plugin `{}` is granted the folder `{name}`, which is not below this file", entry.id);
                layer.findings.extend(attempt(&layer, &at.key("capabilities"), message));
                continue;
            }
            if !entry.capabilities.data.is_empty() {
                let message = format!("plugin `{}` is granted data of bundles, which only the root can", entry.id);
                layer.findings.extend(attempt(&layer, &at.key("capabilities"), message));
                continue;
            }
            if !inside(&entry.path) {
                let message = format!("`{}` is not there, or not below this file", entry.path.display());
                layer.faults.push(load_fault(&source.place(&at.key("path")), message));
                continue;
            }
            self.add_lower_plugin(&mut layer, &config.folder, entry);
        }
        self.finish_lower(layer)
    }

    /// Makes the layer of a product of the `policies/` beside its descriptor.
    fn policies(&self, path: &Path) -> LayerRules {
        let folder = path.parent().unwrap_or(path).to_owned();
        let mut layer = LayerRules::new(Layer::Product(shown(&folder)), Arc::new(Config::default()));
        layer.folder = Some(folder.clone());
        self.add_lower_bundle(&mut layer, POLICIES, path, &folder, None);
        let walk = ignore::WalkBuilder::new(path).standard_filters(false).sort_by_file_path(Path::cmp).build();
        for entry in walk.flatten().filter(|entry| entry.path().extension().is_some_and(|kind| kind == "wasm")) {
            let inside = std::fs::canonicalize(entry.path()).is_ok_and(|real| real.starts_with(&folder));
            let entry = crate::config::PluginEntry::of(entry.path().to_owned());
            if inside {
                self.add_lower_plugin(&mut layer, Path::new(""), &entry);
            } else {
                layer.faults.push(load_fault(&entry.id, "is a link that leads out of its folder".to_owned()));
            }
        }
        self.finish_lower(layer)
    }

    fn add_lower_bundle(&self, layer: &mut LayerRules, name: &str, path: &Path, folder: &Path, sha256: Option<&str>) {
        let shown = PathBuf::from(shown(path));
        let name = if name == POLICIES { shown.display().to_string() } else { name.to_owned() };
        let read = match std::fs::canonicalize(path) {
            Ok(real) if real.starts_with(folder) => bundle::read_any(&shown, Some(folder), &self.options.limits),
            Ok(_) => Err(crate::EngineError::new(shown.display(), "leads out of the folder of its configuration")),
            Err(error) => Err(crate::EngineError::new(shown.display(), format!("cannot be read: {error}"))),
        };
        let files = match read {
            Ok(files) => files,
            Err(error) => return layer.faults.push(load_fault(&name, error.to_string())),
        };
        if let Some(error) = pinned(sha256, &files.digest) {
            return layer.faults.push(load_fault(&name, error));
        }
        if files.modules.iter().all(|module| module.is_test()) {
            return;
        }
        match self.load_bundle(&files, &layer.config, Vec::new(), false) {
            Ok(bundle) => {
                layer.owned.add(bundle.packages(), bundle.documents(), &files.data_files);
                layer.add(bundle);
            }
            Err(errors) => layer.faults.extend(errors.into_iter().map(|error| load_fault(&name, error))),
        }
    }

    fn add_lower_plugin(&self, layer: &mut LayerRules, folder: &Path, entry: &crate::config::PluginEntry) {
        match self.load_plugin(folder, entry) {
            Ok(plugin) => {
                plugin.rules().iter().for_each(|rule| layer.owned.add_rule(&rule.id, &rule.origin));
                layer.evaluators.push(plugin);
            }
            Err(message) => layer.faults.push(load_fault(&entry.id, message)),
        }
    }

    fn finish_lower(&self, mut layer: LayerRules) -> LayerRules {
        let (waivers, errors) = Waiver::of(&layer.config, layer.folder.as_deref());
        layer.waivers = waivers;
        layer.faults.extend(errors.into_iter().map(|(place, message)| load_fault(&place, message)));
        let clashes = crate::engine::clashes(&layer.evaluators);
        layer.faults.extend(clashes.into_iter().map(|(rule, message)| load_fault(&rule, message)));
        if !layer.faults.is_empty() || layer.config.source.is_none() {
            return layer;
        }
        let above: BTreeSet<&str> = self
            .layers
            .iter()
            .flat_map(|layer| layer.known())
            .chain(&self.rules)
            .map(|rule| rule.id.as_str())
            .collect();
        let (errors, attempts) = crate::known::params(&layer.config, &layer.known().collect::<Vec<_>>(), &above);
        layer.faults.extend(errors.into_iter().map(|error| load_fault(&error.place, error.message)));
        let attempts = attempts.into_iter().filter_map(|(at, message)| attempt(&layer, &at, message));
        let attempts: Vec<Finding> = attempts.collect();
        layer.findings.extend(attempts);
        let known: BTreeSet<&str> = self.rules.iter().chain(layer.known()).map(|rule| rule.id.as_str()).collect();
        let errors = crate::known::unknown(&layer.config, &layer.waivers, &known);
        layer.faults.extend(errors.into_iter().map(|error| load_fault(&error.place, error.message)));
        layer
    }

    /// The layer that a folder of the tree is.
    fn layer_of(&self, folder: &Path) -> Layer {
        let name = self.domain_folders.iter().find(|(at, ..)| at == folder).map(|(_, name, _)| name.clone());
        name.map_or_else(|| Layer::Product(shown(folder)), Layer::Domain)
    }

    /// The domain that a folder of the tree belongs to, where the root says so.
    fn domain_of(&self, folder: &Path) -> Option<String> {
        let covering = self.domain_folders.iter().filter(|(at, _, declared)| *declared && folder.starts_with(at));
        covering.max_by_key(|(at, ..)| at.components().count()).map(|(_, name, _)| name.clone())
    }
}

/// A path as a person would write it from where the command runs.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let real = here.as_ref().and_then(|here| std::fs::canonicalize(here).ok());
    let below = [here, real].into_iter().flatten().find_map(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    let text = below.unwrap_or_else(|| path.to_owned()).display().to_string();
    let text = text.strip_prefix("./").unwrap_or(&text);
    if text.is_empty() { ".".to_owned() } else { text.to_owned() }
}

/// A fault of what does not load.
pub fn load_fault(name: &str, message: String) -> Fault {
    Fault { file: None, rule: name.to_owned(), kind: FaultKind::Load, message }
}

/// Says what is wrong with a digest.
pub fn pinned(wanted: Option<&str>, digest: &str) -> Option<String> {
    let wanted = wanted?;
    (!wanted.eq_ignore_ascii_case(digest))
        .then(|| format!("its files have the SHA-256 {digest}, and the configuration wants {wanted}"))
}
