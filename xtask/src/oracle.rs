//! `cargo xtask oracle`: our engine beside OPA's own library, on cases that are generated and on those of others. A difference is
//! made as small as it gets and printed so that it can be pasted as a test.
//!
//! Deliberately absent: any answer of our own to what is right.

#![expect(clippy::indexing_slicing, reason = "never shipped; what is chosen is one of what it is chosen from")]

pub mod case;
mod compare;
mod corpora;
mod dice;
mod front;
mod generate;
mod json;
mod known;
mod opa;
mod ours;
mod report;
mod selftest;
mod shrink;

use case::{Answer, Case};
use compare::{Difference, compare};
use corpora::Given;
use dice::Dice;
use generate::Kind;
use opa::Opa;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The threads of the engine have this stack, and so have these.
const STACK_BYTES: usize = 64 << 20;
/// Seeds of a run that gates are fixed.
const SEED: u64 = 1;
/// Differences of each kind of case that are kept and printed; more are counted only.
const KEPT_MAX: usize = 200;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long cases are generated.
    pub seconds: u64,
    /// How many cases at most, so that another machine generates the same.
    pub cases: Option<u64>,
    /// Of what seed.
    pub seed: u64,
    /// Only these kinds.
    pub only: Option<String>,
    /// JSON instead of text.
    pub json: bool,
    /// Are differences only told?
    pub report: bool,
}

/// A difference that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The kind of the case, or where it is from.
    pub of: String,
    /// The case, as small as it got, with the one input that shows it.
    pub case: Case,
    /// What differs.
    pub difference: Difference,
    /// Our answer.
    pub ours: Answer,
    /// OPA's.
    pub opa: Answer,
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The seed of the first case.
    pub seed: u64,
    /// Answers that were compared, by kind of case.
    pub compared: BTreeMap<String, u64>,
    /// Differences that nobody knows of.
    pub unknown: Vec<Found>,
    /// How many of them there are, by kind of case.
    kept: BTreeMap<String, usize>,
    /// How many those are, with those that were not kept.
    pub unknown_count: u64,
    /// Cases that are known to differ, by the name of the entry.
    pub excluded: BTreeMap<String, u64>,
    /// What is wrong with the list of known differences.
    pub remarks: Vec<String>,
    /// What could not be compared.
    pub absent: Vec<String>,
}

impl Outcome {
    /// All that was compared.
    pub fn total(&self) -> u64 {
        self.compared.values().sum()
    }
}

/// Reads the arguments.
pub fn settings(arguments: &[&str]) -> Option<Result<Settings, ()>> {
    let mut settings = Settings { seconds: 60, cases: None, seed: SEED, only: None, json: false, report: false };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, value) = argument.split_once('=').map_or((*argument, None), |(name, value)| (name, Some(value)));
        match name {
            "--self-test" => return Some(Err(())),
            "--report-only" => {
                settings.report = true;
                continue;
            }
            _ => {}
        }
        let value = value.or_else(|| rest.next().copied())?;
        match name {
            "--seconds" => settings.seconds = value.parse().ok()?,
            "--cases" => settings.cases = Some(value.parse().ok()?),
            "--seed" => settings.seed = if value == "fresh" { fresh() } else { value.parse().ok()? },
            "--only" if value == "corpora" || Kind::ALL.iter().any(|kind| kind.is_of(value)) => {
                settings.only = Some(value.to_owned());
            }
            "--format" if value == "json" || value == "text" => settings.json = value == "json",
            _ => return None,
        }
    }
    Some(Ok(settings))
}

fn fresh() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(SEED)
}

/// Runs it, prints what came of it, and says how the process ends: 0 when nothing new was found or OPA cannot be had, 1 when
/// something was, 2 when it does not work.
#[expect(clippy::print_stderr, clippy::print_stdout, reason = "a tool for developers, which talks to a terminal")]
pub fn run(settings: &Settings) -> ExitCode {
    // Panics are answers here, and their backtraces would bury the result.
    std::panic::set_hook(Box::new(|_| {}));
    match Opa::start() {
        Ok(Some(_)) => {}
        Ok(None) => {
            println!("skipped: OPA's library cannot be had here");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    }
    let outcome = compared(settings);
    println!("{}", if settings.json { report::json(&outcome) } else { report::text(&outcome) });
    let is_clean = outcome.unknown_count == 0 && outcome.remarks.is_empty();
    if is_clean || settings.report { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plants wrong answers, and says whether each was found.
#[expect(clippy::print_stdout, reason = "a tool for developers, which talks to a terminal")]
pub fn self_test() -> ExitCode {
    let told = selftest::run();
    told.iter().for_each(|(what, is_right)| println!("{}: {what}", if *is_right { "ok" } else { "WRONG" }));
    if told.iter().all(|(_, is_found)| *is_found) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Compares, on all processors.
fn compared(settings: &Settings) -> Outcome {
    let (given, absent) = corpora::all();
    let texts = corpora::texts(&given);
    let kinds: Vec<Kind> =
        Kind::ALL.into_iter().filter(|kind| settings.only.as_ref().is_none_or(|only| kind.is_of(only))).collect();
    let with_corpora = settings.only.as_ref().is_none_or(|only| only == "corpora");
    let for_front = settings.only.as_ref().is_none_or(|only| only == "corpora" || only == Kind::Modules.name());
    let front: Vec<Given> = if for_front { given.iter().filter_map(Given::front).collect() } else { Vec::new() };
    let given: Vec<Given> = if with_corpora { given.into_iter().chain(front).collect() } else { front };
    let outcome = Mutex::new(Outcome { seed: settings.seed, absent, ..Outcome::default() });
    let (next, next_given) = (AtomicU64::new(0), AtomicU64::new(0));
    let deadline = Instant::now() + Duration::from_secs(settings.seconds);
    let run = Run {
        settings,
        given: &given,
        texts: &texts,
        kinds: &kinds,
        outcome: &outcome,
        next: &next,
        next_given: &next_given,
        deadline,
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..threads {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            if let Err(error) = thread.spawn_scoped(scope, || run.work()) {
                run.keep(|outcome| outcome.remarks.push(format!("a thread cannot start: {error}")));
            }
        }
    });
    let mut outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    known::hold(&mut outcome, settings.only.is_none());
    outcome
}

struct Run<'a> {
    settings: &'a Settings,
    given: &'a [Given],
    texts: &'a [String],
    kinds: &'a [Kind],
    outcome: &'a Mutex<Outcome>,
    next: &'a AtomicU64,
    next_given: &'a AtomicU64,
    deadline: Instant,
}

impl Run<'_> {
    fn keep(&self, what: impl FnOnce(&mut Outcome)) {
        what(&mut self.outcome.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn work(&self) {
        let mut opa = match Opa::start() {
            Ok(Some(opa)) => opa,
            Ok(None) => return self.keep(|outcome| outcome.remarks.push("OPA's library is gone".to_owned())),
            Err(error) => return self.keep(|outcome| outcome.remarks.push(error)),
        };
        while let Some(given) =
            self.given.get(usize::try_from(self.next_given.fetch_add(1, Ordering::Relaxed)).unwrap_or(usize::MAX))
        {
            self.keep(|outcome| *outcome.compared.entry("corpora".to_owned()).or_default() += 1);
            if let Some((difference, at, ours, theirs)) = differs(&mut opa, &given.case) {
                let case = given.case.with(given.case.inputs.get(at).cloned().flatten());
                self.found("corpora", Found { of: given.name.clone(), case, difference, ours, opa: theirs });
            }
        }
        while Instant::now() < self.deadline && !self.kinds.is_empty() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if self.settings.cases.is_some_and(|cases| number >= cases) {
                break;
            }
            let kind = self.kinds[usize::try_from(number).unwrap_or_default() % self.kinds.len()];
            self.generated(&mut opa, kind, self.settings.seed.wrapping_add(number));
        }
    }

    fn generated(&self, opa: &mut Opa, kind: Kind, seed: u64) {
        let mut dice = Dice::seeded(seed);
        let case = kind.case(&mut dice, self.texts);
        let answers = u64::try_from(case.inputs.len()).unwrap_or_default();
        self.keep(|outcome| *outcome.compared.entry(kind.name().to_owned()).or_default() += answers);
        let Some((difference, at, ..)) = differs(opa, &case) else { return };
        // The input that shows it is the only one that counts from here on.
        let make = |choices: Vec<u32>| {
            let case = kind.case(&mut Dice::again(choices), self.texts);
            let input = case.inputs.get(at).cloned().flatten();
            case.with(input)
        };
        let smallest = shrink::shrink(dice.drawn(), &difference, make, |case| Some(differs(opa, case)?.0));
        let Some((difference, _, ours, theirs)) = differs(opa, &smallest) else { return };
        self.found(kind.name(), Found { of: kind.name().to_owned(), case: smallest, difference, ours, opa: theirs });
    }

    fn found(&self, kind: &str, found: Found) {
        let known = known::entry(&found);
        self.keep(|outcome| match known {
            Some(name) => *outcome.excluded.entry(name.to_owned()).or_default() += 1,
            None => {
                outcome.unknown_count += 1;
                let kept = outcome.kept.entry(kind.to_owned()).or_default();
                *kept += 1;
                if *kept <= KEPT_MAX {
                    outcome.unknown.push(found);
                }
            }
        });
    }
}

/// The first input to which the answers differ.
fn differs(opa: &mut Opa, case: &Case) -> Option<(Difference, usize, Answer, Answer)> {
    let theirs = opa.ask(case);
    if case.front {
        let theirs = theirs.into_iter().next()?;
        let theirs = match theirs {
            Answer::Refused(_) | Answer::Nothing => theirs,
            _ => Answer::Undefined,
        };
        let ours = front::ask(case, &theirs);
        return Some((compare(&ours, &theirs)?, 0, ours, theirs));
    }
    let ours = ours::ask(case);
    let pairs = ours.into_iter().zip(theirs).enumerate();
    pairs.into_iter().find_map(|(at, (ours, theirs))| Some((compare(&ours, &theirs)?, at, ours, theirs)))
}
