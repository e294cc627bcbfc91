//! Policy tests, by OPA's conventions: every rule `test_…` of a `…_test.rego` file, which passes when it is true, and
//! `todo_test_…`, which is skipped. With coverage by line, timing, and what a failed test failed at.
//!
//! Deliberately absent: files, clocks on the wall, and reports.

use crate::annotations;
use crate::bundle::Bundle;
use crate::compiled::{Compiled, compile};
use crate::error::LoadError;
use crate::evaluate::{QueryError, guarded};
use crate::options::{Module, Options};
use crate::{metadata, probe};
use meshgate_core::rule::RuleId;
use regex::Regex;
use regorus::{Engine, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A test may take longer than a rule in production.
const MINIMUM: Duration = Duration::from_secs(5);
/// How long one test is repeated to be timed.
const TIMED: Duration = Duration::from_millis(200);

/// Which tests, and what is wanted beside their results.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// Only tests whose name matches.
    pub run: Option<Regex>,
    /// Which lines were evaluated.
    pub coverage: bool,
    /// How long one evaluation takes.
    pub bench: bool,
}

/// What became of one test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    /// `<package>.<test>`, without `data.`.
    pub name: String,
    /// The file it is in.
    pub file: String,
    /// The line it begins at.
    pub line: usize,
    /// Did it pass?
    pub passed: bool,
    /// Is it a `todo_test_…`?
    pub skipped: bool,
    /// Why not.
    pub message: Option<String>,
    /// Where it stopped being true, when that is known.
    pub failure: Option<Failure>,
    /// What `print` said.
    pub output: Vec<String>,
    /// How long it took, once.
    pub duration: Duration,
    /// How often it was repeated and the mean of that, when it was timed.
    pub timing: Option<(u64, Duration)>,
}

/// The expression that was not true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file it is in.
    pub file: String,
    /// Its line.
    pub line: usize,
    /// Its text.
    pub expression: String,
    /// The values of its parts, by their texts.
    pub values: Vec<(String, String)>,
}

/// The lines of one file that are evaluated by some test, and those that are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileCoverage {
    /// Evaluated.
    pub covered: BTreeSet<usize>,
    /// Not evaluated.
    pub not_covered: BTreeSet<usize>,
}

impl FileCoverage {
    /// The share of lines that are covered, in percent; a file without any is covered.
    #[must_use]
    pub fn percent(&self) -> f64 {
        percent(self.covered.len(), self.covered.len() + self.not_covered.len())
    }
}

/// Everything that a run of tests gave.
#[derive(Debug, Clone, Default)]
pub struct TestRun {
    /// The results, by file and place.
    pub results: Vec<TestResult>,
    /// Coverage of the modules that are no tests, when it was wanted.
    pub coverage: Option<BTreeMap<String, FileCoverage>>,
    /// What is odd about the modules, but no error.
    pub warnings: Vec<LoadError>,
}

impl TestRun {
    /// The share of lines that are covered, in percent.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        let files = self.coverage.as_ref()?.values();
        let counts = files.map(|file| (file.covered.len(), file.covered.len() + file.not_covered.len()));
        let (covered, all) = counts.fold((0, 0), |sum, file| (sum.0 + file.0, sum.1 + file.1));
        Some(percent(covered, all))
    }
}

#[expect(clippy::cast_precision_loss, reason = "lines are few")]
fn percent(part: usize, all: usize) -> f64 {
    if all == 0 { 100.0 } else { part as f64 * 100.0 / all as f64 }
}

/// A test rule.
struct Test {
    /// What regorus calls its module.
    module: String,
    package: Vec<String>,
    name: String,
    file: String,
    line: usize,
}

fn tests(compiled: &mut Compiled, modules: &[Module]) -> Vec<Test> {
    let mut found: Vec<Test> = Vec::new();
    for parsed in compiled.engine.get_modules() {
        let module = parsed.package.span.source.get_path();
        let is_test = modules.iter().any(|one| one.file == *module && one.is_test());
        let mut seen = BTreeSet::new();
        for rule in parsed.policy.iter().filter(|_| is_test) {
            let refr = crate::syntax::head(rule);
            let name = refr.span().text().to_owned();
            if !(name.starts_with("test_") || name.starts_with("todo_test_")) || !seen.insert(name.clone()) {
                continue;
            }
            let at = compiled.places.at(module, crate::syntax::range(rule.span()).start);
            let (file, line) = at.map_or((module.as_str(), 1), |(file, position)| (file, position.line));
            let (file, package) = (file.to_owned(), annotations::package(parsed));
            found.push(Test { module: module.clone(), package, name, file, line });
        }
    }
    found.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    found
}

impl Test {
    fn path(&self) -> String {
        format!("data.{}.{}", self.package.join("."), self.name)
    }
}

impl Bundle {
    /// Runs the tests among the modules.
    ///
    /// # Errors
    /// What does not load.
    pub fn test(
        modules: &[Module],
        data: &[Value],
        options: impl Into<Options>,
        wanted: &TestOptions,
    ) -> Result<TestRun, Vec<LoadError>> {
        let mut options: Options = options.into();
        options.limits.rule_deadline = options.limits.rule_deadline.max(MINIMUM);
        // What is mocked is not called; what is called for real is a failure.
        options.world = true;
        let mut errors = Vec::new();
        let all: Vec<&Module> = modules.iter().collect();
        let mut compiled = compile(&all, data, &options, &BTreeSet::new(), &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut tests = tests(&mut compiled, modules);
        if let Some(run) = &wanted.run {
            tests.retain(|test| run.is_match(test.path().trim_start_matches("data.")));
        }
        compiled.engine.set_gather_prints(true);
        compiled.engine.set_enable_coverage(wanted.coverage);
        let lenient = undefined_errors(modules, &compiled);
        // In which errors of builtins are raised, as where the rules look.
        let mut raising = compiled.engine.clone();
        raising.set_strict_builtin_errors(true);
        let strict = options.raising();
        let mut coverage = Coverage::default();
        let mut results = Vec::new();
        for test in &tests {
            let raises = !options.errors_undefined && tests_a_rule(test, &compiled, &lenient);
            let (engine, options) = if raises { (&raising, &strict) } else { (&compiled.engine, &options) };
            results.push(run(test, engine, &compiled, options, wanted, &mut coverage));
        }
        let coverage = wanted.coverage.then(|| coverage.files(&compiled, modules));
        Ok(TestRun { results, coverage, warnings: compiled.warnings })
    }
}

/// The packages of rules whose METADATA says that errors of builtins are undefined.
fn undefined_errors(modules: &[Module], compiled: &Compiled) -> BTreeSet<String> {
    let rules = compiled.packages.iter().filter_map(|(name, package)| {
        let id = RuleId::parse(package.strip_prefix(RULES)?).ok()?;
        let module = modules.iter().find(|module| module.file == *name)?;
        let rule = metadata::rule(id, &module.file, package, &compiled.annotations).ok()?;
        rule.errors_undefined.then(|| package.clone())
    });
    rules.collect()
}

/// Where rules of ours are.
const RULES: &str = "data.meshgate.rules.";

/// Does a test lead to a rule of ours in which an error of a builtin is a fault?
fn tests_a_rule(test: &Test, compiled: &Compiled, lenient: &BTreeSet<String>) -> bool {
    let own = test.path();
    let reached = compiled.index.reached_from(vec![&own]);
    let mut rules = reached.into_iter().filter(|path| path.starts_with(RULES) && path.ends_with(".findings"));
    rules.any(|path| path.strip_suffix(".findings").is_some_and(|package| !lenient.contains(package)))
}

fn run(
    test: &Test,
    engine: &Engine,
    compiled: &Compiled,
    options: &Options,
    wanted: &TestOptions,
    coverage: &mut Coverage,
) -> TestResult {
    let mut result = TestResult {
        name: test.path().trim_start_matches("data.").to_owned(),
        file: test.file.clone(),
        line: test.line,
        passed: false,
        skipped: test.name.starts_with("todo_"),
        message: None,
        failure: None,
        output: Vec::new(),
        duration: Duration::ZERO,
        timing: None,
    };
    if result.skipped {
        return result;
    }
    let evaluate =
        |engine: &mut Engine| guarded(engine, options, &compiled.places, |engine| engine.eval_rule(test.path()));
    let mut clone = engine.clone();
    let start = Instant::now();
    let outcome = evaluate(&mut clone);
    result.duration = start.elapsed();
    let prints = clone.take_prints().unwrap_or_default();
    result.output = prints.iter().map(|line| printed(line, compiled)).collect();
    if wanted.coverage {
        coverage.add(&clone);
    }
    result.message = match outcome {
        Ok(Value::Bool(true)) => None,
        Ok(Value::Undefined) => Some("is undefined: one of its expressions is not true".to_owned()),
        Ok(value) => Some(format!("is {value}, not true")),
        Err(error) => Some(error.message),
    };
    result.passed = result.message.is_none();
    if !result.passed {
        result.failure = probe::failure(&test.module, &test.name, compiled, options);
    } else if wanted.bench {
        result.timing = timed(|| evaluate(&mut engine.clone()));
    }
    result
}

/// Repeats an evaluation for a while.
fn timed(mut evaluate: impl FnMut() -> Result<Value, QueryError>) -> Option<(u64, Duration)> {
    let start = Instant::now();
    let mut times = 0_u64;
    while start.elapsed() < TIMED {
        evaluate().ok()?;
        times += 1;
    }
    let mean = start.elapsed().as_nanos() / u128::from(times.max(1));
    Some((times, Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))))
}

/// A line of `print`, at the place where its author wrote it.
pub(crate) fn printed(line: &str, compiled: &Compiled) -> String {
    let mut parts = line.splitn(3, ':');
    let (Some(name), Some(at), Some(text)) = (parts.next(), parts.next(), parts.next()) else { return line.to_owned() };
    let place = at.parse().ok().and_then(|at| compiled.places.line(name, at));
    place.map_or_else(|| line.to_owned(), |(file, line)| format!("{file}:{line}:{text}"))
}

/// What regorus covered, over all tests, by its names and lines.
#[derive(Default)]
pub(crate) struct Coverage {
    covered: BTreeMap<String, BTreeSet<u32>>,
    all: BTreeMap<String, BTreeSet<u32>>,
}

impl Coverage {
    pub(crate) fn add(&mut self, engine: &Engine) {
        let Ok(report) = engine.get_coverage_report() else { return };
        for file in report.files {
            let all = self.all.entry(file.path.clone()).or_default();
            all.extend(file.covered.iter().chain(&file.not_covered));
            self.covered.entry(file.path).or_default().extend(file.covered);
        }
    }

    /// By files as their authors know them; without tests.
    pub(crate) fn files(&self, compiled: &Compiled, modules: &[Module]) -> BTreeMap<String, FileCoverage> {
        let mut files: BTreeMap<String, FileCoverage> = BTreeMap::new();
        let none = BTreeSet::new();
        for (name, all) in &self.all {
            let covered = self.covered.get(name).unwrap_or(&none);
            for line in all {
                let number = usize::try_from(*line).unwrap_or(0);
                let Some((file, at)) = compiled.places.line(name, number) else { continue };
                let Some(module) = modules.iter().find(|module| module.file == file) else { continue };
                if module.is_test() {
                    continue;
                }
                let found = files.entry(file.to_owned()).or_default();
                if covered.contains(line) {
                    found.covered.insert(at);
                } else {
                    found.not_covered.insert(at);
                }
            }
        }
        for file in files.values_mut() {
            let covered = file.covered.clone();
            file.not_covered.retain(|line| !covered.contains(line));
        }
        files
    }
}
