//! What policy authors do with files: tests, clearance, lint, queries.
//!
//! Deliberately absent: rendering.

use crate::config::{Config, HttpSettings};
use crate::engine::EngineError;
use crate::{bundle, embedded, transport};
use meshgate_core::limits::EvaluationLimits;
use meshgate_rego::{
    Bundle, Cleared, Evaluated, FailedQuery, Failure, Lint, LoadError, Module, Options, Query, TestOptions, TestRun,
    Timed, Value as RegoValue, Version,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Policies recurse on the stack of whoever evaluates them: a thread of its own, as large as the engine's.
const STACK_BYTES: usize = 64 << 20;

/// A query at a desk may take longer than a rule in production.
const DEADLINE: Duration = Duration::from_secs(10);

/// The Rego and the data of several paths.
struct Read {
    modules: Vec<Module>,
    data: Vec<RegoValue>,
    version: Version,
    /// Those of single files.
    versions: BTreeMap<String, Version>,
    raw: bool,
    warn_of_types: bool,
}

impl Read {
    fn none() -> Self {
        Self {
            modules: Vec::new(),
            data: Vec::new(),
            version: Version::Either,
            versions: BTreeMap::new(),
            raw: false,
            warn_of_types: false,
        }
    }

    /// How it is to be read; its bounds are those of `options`.
    fn options(&self, options: Options) -> Options {
        let versions = Arc::new(self.versions.clone());
        Options {
            version: self.version,
            versions,
            types: crate::schemas::types(self.raw, self.warn_of_types),
            ..options
        }
    }
}

/// Reads paths; none stands for the embedded rules.
fn read(paths: &[PathBuf]) -> Result<Read, Vec<EngineError>> {
    let mut read = Read::none();
    if paths.is_empty() {
        read.modules = embedded::modules();
    }
    for path in paths {
        let files = bundle::read(path, &EvaluationLimits::default()).map_err(|error| vec![error])?;
        read.versions.extend(files.all_versions());
        read.modules.extend(files.modules);
        read.data.extend(files.data);
        // That of the query, too; of several bundles each has its own.
        read.version = if paths.len() == 1 { files.version } else { Version::Either };
        read.raw |= files.raw;
        read.warn_of_types |= files.warn_of_types;
    }
    Ok(read)
}

fn on_a_large_stack<T: Send + 'static>(what: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<T, EngineError> {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run);
    let joined = thread.map_err(|error| EngineError::new(what, error))?.join();
    joined.map_err(|_| EngineError::new(what, "the Rego engine failed"))
}

fn place(error: LoadError) -> EngineError {
    EngineError::new(error.place, error.message)
}

/// Runs the tests below these paths, or those of the embedded rules when there are none.
///
/// # Errors
/// What could not be read or loaded.
pub fn test_paths(paths: &[PathBuf], wanted: TestOptions) -> Result<TestRun, Vec<EngineError>> {
    let read = read(paths)?;
    let options = read.options(EvaluationLimits::default().into());
    let Read { modules, data, .. } = read;
    let run = move || Bundle::test(&modules, &data, options, &wanted);
    let results = on_a_large_stack("tests", run).map_err(|error| vec![error])?;
    results.map_err(|errors| errors.into_iter().map(place).collect())
}

/// Clears the rules of one bundle for the fast gear, by its tests; `None` is the embedded one.
///
/// # Errors
/// What could not be read or loaded.
pub fn clear_path(path: Option<&Path>) -> Result<Cleared, Vec<EngineError>> {
    let paths: Vec<PathBuf> = path.map(Path::to_owned).into_iter().collect();
    let read = read(&paths)?;
    let options = read.options(EvaluationLimits::default().into());
    let Read { modules, data, .. } = read;
    let run = move || Bundle::clear(&modules, &data, options);
    let cleared = on_a_large_stack("clearance", run).map_err(|error| vec![error])?;
    cleared.map_err(|errors| errors.into_iter().map(place).collect())
}

/// Writes the record of clearance into a bundle's folder.
///
/// # Errors
/// When it cannot be written.
pub fn write_clearance(folder: &Path, cleared: &Cleared) -> Result<PathBuf, EngineError> {
    let file = folder.join(bundle::CLEARANCE);
    crate::writing::file_of(folder, &file, cleared.record.write().as_bytes())
        .map_err(|error| EngineError::new(file.display(), error))?;
    Ok(file)
}

/// Lints the modules below these paths, or the embedded ones when there are none.
///
/// # Errors
/// What could not be read.
pub fn lint_paths(paths: &[PathBuf]) -> Result<Vec<Lint>, Vec<EngineError>> {
    let read = read(paths)?;
    let options = read.options(Options::default());
    let Read { modules, data, .. } = read;
    on_a_large_stack("lint", move || meshgate_rego::lint(&modules, &data, &options)).map_err(|error| vec![error])
}

/// What `meshgate eval` asks.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The query.
    pub query: String,
    /// Folders and files of modules and data.
    pub paths: Vec<PathBuf>,
    /// The input.
    pub input: Option<Value>,
    /// Raise errors of builtins.
    pub strict: bool,
    /// Which lines were evaluated.
    pub coverage: bool,
    /// Hosts that `http.send` may reach.
    pub hosts: Vec<String>,
}

/// Everything that a query needs, read.
struct Prepared {
    read: Read,
    options: Options,
}

fn prepare(ask: &Ask) -> Result<Prepared, Vec<EngineError>> {
    let read = if ask.paths.is_empty() { Read::none() } else { read_any(&ask.paths)? };
    let options = read.options(Options {
        strict: ask.strict,
        world: true,
        network: transport::network(&HttpSettings { hosts: ask.hosts.clone(), ..HttpSettings::default() }),
        limits: EvaluationLimits { rule_deadline: DEADLINE, ..Config::default().limits.evaluation() },
        ..Options::default()
    });
    Ok(Prepared { read, options })
}

/// Runs something with a query that is loaded.
fn with_query<T: Send + 'static>(
    ask: Ask,
    run: impl FnOnce(&Query<'_>) -> T + Send + 'static,
) -> Result<T, Vec<EngineError>> {
    let Prepared { read, options } = prepare(&ask)?;
    on_a_large_stack("query", move || {
        let Read { modules, data, .. } = &read;
        run(&Query { text: &ask.query, modules, data, input: ask.input, input_term: None, options })
    })
    .map_err(|error| vec![error])
}

fn failed(error: &FailedQuery) -> Vec<EngineError> {
    vec![EngineError::new(error.code, &error.message)]
}

/// Times a query in both gears.
///
/// # Errors
/// What could not be read, loaded or evaluated.
pub fn bench(ask: Ask, duration: Duration) -> Result<Timed, Vec<EngineError>> {
    let timed = with_query(ask, move |query| query.prepare()?.time(duration))?;
    timed.map_err(|error: FailedQuery| failed(&error))
}

/// Why a query would stay in the interpreter; `None` when it is eligible for the fast gear.
///
/// # Errors
/// What could not be read or loaded.
pub fn gear_of(ask: Ask) -> Result<Option<String>, String> {
    let told = |errors: Vec<EngineError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let reason = with_query(ask, |query| query.prepare().map(|ready| ready.why_not_fast().map(|why| why.to_string())));
    reason.map_err(told)?.map_err(|error| error.to_string())
}

/// Why a query has no answer, or one that says no.
#[derive(Debug, Clone, Default)]
pub struct Explained {
    /// The first expression of the query that is not true.
    pub query: Option<String>,
    /// Of the rules that it asks for, by their paths: what is not true in each definition.
    pub rules: Vec<(String, Failure)>,
}

/// Explains a query.
#[must_use]
pub fn explain(ask: &Ask) -> Explained {
    let explained = with_query(ask.clone(), |query| {
        let ready = query.prepare().ok()?;
        Some(Explained { query: ready.not_true(), rules: ready.explain() })
    });
    explained.ok().flatten().unwrap_or_default()
}

/// Evaluates a query over modules and data.
///
/// # Errors
/// What could not be read; what did not load or evaluate is in the answer.
pub fn evaluate(ask: Ask) -> Result<Evaluated, Vec<EngineError>> {
    let coverage = ask.coverage;
    with_query(ask, move |query| query.evaluate_with(coverage))
}

/// Reads a document that is no descriptor: an input, of so many bytes and values at most.
///
/// # Errors
/// When it does not parse, or holds more.
pub fn document(name: &str, bytes: &[u8], bytes_max: usize, values_max: usize) -> Result<Value, EngineError> {
    bundle::any_document(name, bytes, bytes_max, values_max)
}

/// Reads folders as bundles, and single files: `.rego`, and documents that are merged at the root.
fn read_any(paths: &[PathBuf]) -> Result<Read, Vec<EngineError>> {
    let mut all = Read::none();
    for path in paths {
        let is_document = path.is_file() && path.extension().is_some_and(|extension| extension != "rego");
        if is_document {
            all.data.push(bundle::document(path, &EvaluationLimits::default()).map_err(|error| vec![error])?);
        } else {
            let one = read(std::slice::from_ref(path))?;
            all.versions.extend(one.versions);
            all.modules.extend(one.modules);
            all.data.extend(one.data);
            all.version = if paths.len() == 1 { one.version } else { Version::Either };
            all.raw |= one.raw;
            all.warn_of_types |= one.warn_of_types;
        }
    }
    Ok(all)
}
