//! A bundle's Rego: modules in, a prepared engine and its rules out.
//!
//! Deliberately absent: layers; each layer is a bundle of its own.

use crate::access::Access;
use crate::compiled::{Compiled, compile, compile_for};
use crate::error::LoadError;
use crate::gears::{Asked, Difference, FastSource, Gear, GearCounts, Gears};
use crate::index::Index;
pub use crate::metadata::params::Params;
use crate::modules::{Places, Written};
use crate::options::{Module, Options};
use crate::pool::{Copies, Pool};
use crate::rewrite::Variant;
use crate::slices::Slices;
use crate::{builtins, conftest, metadata};
use meshgate_core::evaluate::Shared;
use meshgate_core::rule::{Rule, RuleId};
use regorus::{Engine, Value};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

/// A loaded bundle.
pub struct Bundle {
    pub(crate) engine: Engine,
    /// Interpreters that wait for their next use, and those in which errors of builtins are raised.
    workers: [Pool<Worker>; 2],
    /// The interpreter that tells with what a builtin was called that failed.
    told: OnceLock<Option<Engine>>,
    /// The data documents, merged.
    pub(crate) data: Arc<Copies>,
    /// The documents of its own, which share what they hold with all of the data.
    own: Vec<Value>,
    pub(crate) rules: Vec<Rule>,
    /// Those of profiles that are not chosen.
    dormant: Vec<Rule>,
    /// The path of each rule's findings, in the order of `rules`.
    pub(crate) paths: Vec<String>,
    pub(crate) options: Options,
    /// The same with errors of builtins raised, for rules that look.
    strict_options: Options,
    pub(crate) raw: bool,
    pub(crate) places: Places,
    pub(crate) index: Index,
    /// The package of each module, without tests.
    packages: Vec<(String, String)>,
    pub(crate) warnings: Vec<LoadError>,
    pub(crate) gears: Gears,
    /// What it was loaded from, for the other variants.
    pub(crate) sources: Vec<Written>,
    /// Parts of it that answer for it, for rules of very many definitions.
    pub(crate) slices: Option<Slices>,
    /// The interpreter for what the plain one makes an error of, and OPA undefined.
    careful: OnceLock<Option<Engine>>,
    /// Its access policies.
    pub(crate) access: Option<Access>,
    /// What the inputs of a run share, as the interpreter has it.
    pub(crate) shared: Mutex<Option<(Arc<Shared>, Value)>>,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("paths", &self.paths).finish_non_exhaustive()
    }
}

impl Bundle {
    /// Says that its rules want the document itself as `input`, without a model.
    #[must_use]
    pub const fn with_raw_input(mut self, raw: bool) -> Self {
        self.raw |= raw;
        self
    }

    /// Loads modules (tests are left out) and data documents.
    ///
    /// # Errors
    /// Every module that does not parse, every rule without METADATA or `findings`, recursion, data that conflicts.
    pub fn load(modules: &[Module], data: &[Value], options: impl Into<Options>) -> Result<Self, Vec<LoadError>> {
        Self::load_as(modules, data, options.into(), true)
    }

    /// The same for modules whose rules are their author's affair: none are ours, and none are access policies.
    ///
    /// # Errors
    /// Every module that does not parse, recursion, what is unknown or unsafe.
    pub fn load_plain(modules: &[Module], options: Options) -> Result<Self, Vec<LoadError>> {
        Self::load_as(modules, &[], options, false)
    }

    fn load_as(modules: &[Module], data: &[Value], options: Options, with_rules: bool) -> Result<Self, Vec<LoadError>> {
        let mut errors = Vec::new();
        let live: Vec<&Module> = modules.iter().filter(|module| !module.is_test()).collect();
        let compiled = compile(&live, data, &options, &BTreeSet::new(), &mut errors);
        errors.extend(modules.iter().filter(|module| module.is_test()).filter_map(disguised));
        let (rules, paths) = if !with_rules {
            Default::default()
        } else if options.namespaces.is_empty() {
            own_rules(&live, &compiled, &mut errors)
        } else if errors.is_empty() {
            let Compiled { index, annotations, .. } = &compiled;
            conftest::rules(index, annotations, &options.namespaces, &mut errors).into_iter().unzip()
        } else {
            Default::default()
        };
        if errors.is_empty() {
            let Compiled { mut engine, places, index, mut warnings, packages, own, .. } = compiled;
            warnings.extend(conftest::warnings(&index, &options.namespaces));
            let (rules, paths, dormant) = chosen(rules, paths, options.profiles.as_deref());
            let gears = Gears::new(options.gears.clone(), options.clearance.clone());
            let data = Arc::new(Copies::new(engine.get_data(), options.limits.data_copy_bytes_max));
            let sources: Vec<Written> = live.into_iter().map(Written::of).collect();
            let slices = Slices::of(&index, engine.get_modules(), &places, &sources);
            let mut bundle = Self {
                engine,
                workers: Default::default(),
                told: OnceLock::new(),
                data,
                own,
                rules,
                dormant,
                paths,
                raw: !options.namespaces.is_empty(),
                strict_options: options.raising(),
                options,
                places,
                index,
                packages,
                warnings,
                gears,
                sources,
                slices,
                careful: OnceLock::new(),
                access: None,
                shared: Mutex::default(),
            };
            if with_rules {
                bundle.access = Access::of(&bundle)?;
            }
            Ok(bundle)
        } else {
            Err(errors)
        }
    }

    /// Its documents of data, in the order in which they were given.
    #[must_use]
    pub fn documents(&self) -> &[Value] {
        &self.own
    }

    /// Its rules of profiles that are not chosen.
    #[must_use]
    pub fn dormant(&self) -> &[Rule] {
        &self.dormant
    }

    /// Are its rules those of conftest's namespaces?
    #[must_use]
    pub fn is_conftest(&self) -> bool {
        !self.options.namespaces.is_empty()
    }

    /// Returns the file and the package, without `data.`, of each module.
    pub fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.packages.iter().map(|(file, package)| (file.as_str(), package.strip_prefix("data.").unwrap_or(package)))
    }

    /// The names of the rules of a package (`a.b`), without what is below them.
    #[must_use]
    pub fn rule_names(&self, package: &str) -> BTreeSet<String> {
        let path = format!("data.{package}");
        let below = self.index.below(&path).filter_map(|rule| rule.get(path.len() + 1..));
        below.filter_map(|rest| rest.split('.').next()).map(str::to_owned).collect()
    }

    /// What is odd about its modules, but no error.
    #[must_use]
    pub fn warnings(&self) -> &[LoadError] {
        &self.warnings
    }
}

impl Bundle {
    /// Which gear a rule is in, and why.
    #[must_use]
    pub fn gear(&self, rule: &RuleId) -> Option<Gear> {
        let (rule, path) = self.rules.iter().zip(&self.paths).find(|(known, _)| known.id == *rule)?;
        Some(self.gear_of(path, self.raises(rule)))
    }

    /// Which gear an entry point (`data.a.b`) is in when it is asked for by its path, and why.
    #[must_use]
    pub fn path_gear(&self, path: &str) -> Gear {
        self.gear_of(path, self.options.strict)
    }

    fn gear_of(&self, path: &str, strict: bool) -> Gear {
        match self.slice(path, &Value::Undefined) {
            Some(slice) => slice.gear_of(path, strict),
            None => self.gears.gear(path, &self.asked(strict)),
        }
    }

    /// How often each gear answered, since the bundle was loaded.
    #[must_use]
    pub fn gear_counts(&self) -> GearCounts {
        let sliced = self.slices.as_ref().map(Slices::counts).unwrap_or_default();
        let access = self.access_gears().map(Self::gear_counts).unwrap_or_default();
        self.gears.counts().plus(sliced).plus(access)
    }

    /// Slices that answer for it, so far: parts for the rules of very many definitions.
    #[must_use]
    pub fn slices(&self) -> usize {
        self.slices.as_ref().map_or(0, Slices::len)
    }

    /// What the gears differed on, the first few.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        let sliced = self.slices.as_ref().map(Slices::differences).unwrap_or_default();
        let access = self.access_gears().map(Self::differences).unwrap_or_default();
        self.gears.differences().into_iter().chain(sliced).chain(access).collect()
    }

    pub(crate) fn asked(&self, strict: bool) -> Asked<'_> {
        Asked { source: self, data: &self.data, index: &self.index, options: self.options(strict) }
    }

    /// How it evaluates when errors of builtins are raised, and when the bundle's options say.
    pub(crate) const fn options(&self, strict: bool) -> &Options {
        if strict { &self.strict_options } else { &self.options }
    }

    /// Is an error of a builtin in this rule a fault?
    pub(crate) fn raises(&self, rule: &Rule) -> bool {
        !rule.errors_undefined && self.options.namespaces.is_empty() && !self.options.errors_undefined
    }

    /// The modules, rewritten for another way of evaluating.
    fn variant(&self, variant: Variant) -> Option<Engine> {
        let mut errors = Vec::new();
        let data = [self.data.here().clone()];
        let compiled = compile_for(variant, &self.sources, &data, &self.options, &BTreeSet::new(), &mut errors);
        errors.is_empty().then_some(compiled.engine)
    }

    /// The interpreter in which arithmetic on what is no number is undefined.
    pub(crate) fn careful(&self) -> Option<&Engine> {
        self.careful.get_or_init(|| self.variant(Variant::Careful)).as_ref()
    }
}

/// Evaluations after which a thread has an interpreter made for itself.
const OWN_AFTER: u32 = 64;
/// Bytes of modules up to which that is worth it.
const OWN_TEXT_MAX: usize = 256 << 10;

/// An interpreter that is used again.
pub struct Worker {
    pub engine: Engine,
    uses: u32,
    strict: bool,
}

impl Bundle {
    /// An interpreter for one evaluation: the one that this thread used last, or a clone. One that is used much is made
    /// anew from the texts, since clones share their syntax trees, and threads that count references to those wait for one
    /// another.
    pub(crate) fn worker(&self, strict: bool) -> Worker {
        let idle = self.workers.get(usize::from(strict)).and_then(Pool::take);
        let mut worker = idle.unwrap_or_else(|| {
            let mut engine = self.engine.clone();
            if strict {
                engine.set_strict_builtin_errors(true);
            }
            Worker { engine, uses: 0, strict }
        });
        worker.uses = worker.uses.saturating_add(1);
        let bytes = || self.sources.iter().map(|module| module.text.now.len()).sum::<usize>();
        if worker.uses == OWN_AFTER
            && self.data.copied()
            && bytes() <= OWN_TEXT_MAX
            && let Some(engine) = self.variant(Variant::Plain)
        {
            worker.engine = engine;
            if strict {
                worker.engine.set_strict_builtin_errors(true);
            }
        }
        worker
    }

    /// Keeps an interpreter whose evaluation succeeded; the state that a failure left behind is nobody's.
    pub(crate) fn keep(&self, mut worker: Worker) {
        worker.engine.set_input(Value::Undefined);
        if let Some(idle) = self.workers.get(usize::from(worker.strict)) {
            idle.put(worker);
        }
    }

    /// The interpreter that tells with what a builtin was called that failed.
    pub(crate) fn telling(&self) -> Option<&Engine> {
        let make = || {
            let mut engine = self.engine.clone();
            engine.set_strict_builtin_errors(true);
            builtins::install_told(&mut engine).ok().map(|()| engine)
        };
        self.told.get_or_init(make).as_ref()
    }

    /// The part of the bundle that answers for it, if there is one for this input.
    pub(crate) fn slice(&self, path: &str, input: &Value) -> Option<Arc<Self>> {
        self.slices.as_ref()?.slice(self, path, input)
    }

    /// The bundle with less in its modules.
    pub(crate) fn sliced(&self, sources: Vec<Written>) -> Option<Self> {
        self.part(sources, self.options.clone())
    }

    /// The bundle with other modules and options, over the same data.
    pub(crate) fn part(&self, sources: Vec<Written>, options: Options) -> Option<Self> {
        let mut errors = Vec::new();
        let data = [self.data.here().clone()];
        let none = BTreeSet::new();
        let Compiled { engine, places, index, .. } =
            compile_for(Variant::Plain, &sources, &data, &options, &none, &mut errors);
        errors.is_empty().then(|| Self {
            engine,
            workers: Default::default(),
            told: OnceLock::new(),
            data: Arc::clone(&self.data),
            own: Vec::new(),
            rules: Vec::new(),
            dormant: Vec::new(),
            paths: Vec::new(),
            gears: Gears::new(options.gears.clone(), options.clearance.clone()),
            strict_options: options.raising(),
            options,
            raw: self.raw,
            places,
            index,
            packages: Vec::new(),
            warnings: Vec::new(),
            sources,
            slices: None,
            careful: OnceLock::new(),
            access: None,
            shared: Mutex::default(),
        })
    }

    /// Is a path that of a rule alone: no function, nothing below it?
    pub(crate) fn is_rule(&self, path: &str) -> bool {
        let definitions = self.index.rules.get(path);
        definitions.is_some_and(|all| all.iter().all(|definition| definition.arguments.is_none()))
            && self.index.below(path).next().is_none()
    }
}

impl FastSource for Bundle {
    fn fast_engine(&self) -> Option<Engine> {
        self.variant(Variant::Fast)
    }
}

/// The rules of ours, with the paths of their findings.
fn own_rules(live: &[&Module], compiled: &Compiled, errors: &mut Vec<LoadError>) -> (Vec<Rule>, Vec<String>) {
    let mut rules = Vec::new();
    for (name, package) in &compiled.packages {
        let Some(module) = live.iter().find(|module| module.file == *name) else { continue };
        match rule_of(module, package, compiled) {
            Ok(Some(rule)) => rules.push(rule),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    rules.sort_by(|a: &Rule, b| a.id.cmp(&b.id));
    for (a, b) in rules.iter().zip(rules.iter().skip(1)) {
        if a.id == b.id {
            let message = format!("rule `{}` is defined in {} too; a rule is one file", a.id, a.origin);
            errors.push(LoadError::new(&b.origin, message));
        }
    }
    let paths: Vec<String> = rules.iter().map(|rule| format!("data.meshgate.rules.{}.findings", rule.id)).collect();
    for (rule, path) in rules.iter().zip(&paths).filter(|(_, path)| !compiled.index.rules.contains_key(*path)) {
        let (_, root) = path.rsplit_once('.').unwrap_or_default();
        let message = format!("rule `{}` defines no `{root}`: write `findings contains {{…}} if {{…}}`", rule.id);
        errors.push(LoadError::new(&rule.origin, message));
    }
    (rules, paths)
}

/// The rules that are in force, with their paths, and the others.
fn chosen(rules: Vec<Rule>, paths: Vec<String>, profiles: Option<&[String]>) -> (Vec<Rule>, Vec<String>, Vec<Rule>) {
    let is_chosen = |rule: &Rule| {
        profiles.is_none_or(|chosen| rule.profiles.is_empty() || rule.profiles.iter().any(|own| chosen.contains(own)))
    };
    let (on, off): (Vec<_>, Vec<_>) = rules.into_iter().zip(paths).partition(|(rule, _)| is_chosen(rule));
    let (rules, paths) = on.into_iter().unzip();
    (rules, paths, off.into_iter().map(|(rule, _)| rule).collect())
}

/// A rule in a file that is named like a test would silently not apply.
fn disguised(module: &Module) -> Option<LoadError> {
    let rule = module.text.lines().any(|line| line.starts_with("findings contains"));
    rule.then(|| LoadError::new(&module.file, "defines `findings`, but is named like a test: rename the file"))
}

/// Returns the rule that a module defines, if its package is one of a rule.
fn rule_of(module: &Module, package: &str, compiled: &Compiled) -> Result<Option<Rule>, LoadError> {
    let Some(id) = package.strip_prefix("data.meshgate.rules.") else {
        let path = format!("{package}.findings");
        if compiled.index.rules.contains_key(&path) {
            let message =
                format!("defines `findings` in `{package}`, where nobody looks: a rule is `meshgate.rules.…`");
            return Err(LoadError::new(&module.file, message));
        }
        return Ok(None);
    };
    let id = RuleId::parse(id).map_err(|error| LoadError::new(&module.file, error.to_string()))?;
    metadata::rule(id, &module.file, package, &compiled.annotations).map(Some)
}
