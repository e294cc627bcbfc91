//! Two gears: the interpreter, and the fast one for entry points that are cleared. Cleared is what a static check admits
//! and what both gears have agreed on: in a record, or over the first evaluations. A share is compared for good; on a
//! difference the interpreter's answer counts, and the entry point is withdrawn.
//!
//! Deliberately absent: configuration and files; and locks held during an evaluation.

use crate::clearance::Clearance;
use crate::context::{self, Moment};
use crate::eligible::{self, Construct, Reason};
use crate::evaluate::QueryError;
use crate::fast::Fast;
use crate::index::Index;
use crate::options::Options;
use crate::pool::Copies;
use meshgate_core::fault::FaultKind;
use regorus::{CompiledPolicy, Engine, Value};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

/// Entry points that are known at once; more stay in the interpreter.
const ENTRIES_MAX: usize = 4_096;
/// Differences that are kept for a report.
const DIFFERENCES_MAX: usize = 16;
/// Bytes of an input that is kept with one.
const INPUT_MAX: usize = 64 << 10;

/// How gears are chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct GearSettings {
    /// May the fast gear be used at all?
    pub fast: bool,
    /// Evaluations in both gears that must agree before an entry point is cleared; with 0, only a record clears.
    pub shadow: u32,
    /// The share of evaluations that are compared for good, from 0 to 1.
    pub compare: f64,
    /// Evaluations in the interpreter before anything is compiled: what is asked once is not worth it.
    pub warm_up: u32,
}

impl Default for GearSettings {
    fn default() -> Self {
        Self { fast: true, shadow: 100, compare: 0.001, warm_up: 8 }
    }
}

/// An input that the gears answered differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The entry point.
    pub path: String,
    /// The input, as JSON; cut off when it is long.
    pub input: String,
    /// What the interpreter answered; it counted.
    pub interpreter: String,
    /// What the fast gear answered.
    pub fast: String,
}

/// Counts since the bundle was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GearCounts {
    /// Evaluations that the interpreter answered.
    pub interpreter: u64,
    /// Evaluations that the fast gear answered.
    pub fast: u64,
    /// Evaluations in both.
    pub compared: u64,
    /// Comparisons that differed.
    pub differences: u64,
}

impl GearCounts {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            interpreter: self.interpreter + other.interpreter,
            fast: self.fast + other.fast,
            compared: self.compared + other.compared,
            differences: self.differences + other.differences,
        }
    }
}

/// Which gear an entry point runs in, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gear {
    /// In the fast one; whether by a record or by shadowing.
    Fast {
        /// Did a record clear it?
        by_record: bool,
    },
    /// It is eligible, and in both until this many more evaluations agree.
    Shadowing {
        /// How many more.
        left: u32,
    },
    /// It is eligible; only a record would clear it.
    Uncleared,
    /// In the interpreter, for a construct.
    Interpreter(Reason),
    /// The gears differed.
    Withdrawn,
    /// The fast gear is switched off.
    Off,
}

impl Gear {
    /// `fast` or `interpreter`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        if matches!(self, Self::Fast { .. }) { "fast" } else { "interpreter" }
    }
}

impl fmt::Display for Gear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fast { by_record: true } => f.write_str("fast: cleared by the bundle's record"),
            Self::Fast { by_record: false } => f.write_str("fast: both gears have agreed"),
            Self::Shadowing { left } => {
                write!(f, "interpreter, and the fast gear beside it until {left} more evaluations agree")
            }
            Self::Uncleared => f.write_str("interpreter: eligible for the fast gear, but not cleared; `meshgate test --clearance` makes the record"),
            Self::Interpreter(reason) => write!(f, "interpreter: {reason}"),
            Self::Withdrawn => f.write_str("interpreter: the gears differed, and the fast one was withdrawn"),
            Self::Off => f.write_str("interpreter: the fast gear is switched off"),
        }
    }
}

/// One entry point.
struct Entry {
    eligible: Result<(), Reason>,
    cleared_by_record: bool,
    evaluations: AtomicU64,
    /// Agreeing evaluations that are wanted still.
    left: AtomicU32,
    withdrawn: OnceLock<()>,
    fast: OnceLock<Result<Fast, Reason>>,
}

/// The gears of one bundle.
pub struct Gears {
    settings: GearSettings,
    clearance: Clearance,
    /// By path; those in which errors of builtins are raised are the second.
    entries: [RwLock<BTreeMap<String, Arc<Entry>>>; 2],
    policy: OnceLock<Result<CompiledPolicy, String>>,
    differences: Mutex<Vec<Difference>>,
    interpreter: AtomicU64,
    fast: AtomicU64,
    compared: AtomicU64,
    differed: AtomicU64,
}

impl fmt::Debug for Gears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gears").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Makes the engine whose modules are rewritten for the fast gear.
pub trait FastSource {
    fn fast_engine(&self) -> Option<Engine>;
}

/// What an evaluation needs beside its input.
pub struct Asked<'a> {
    pub source: &'a dyn FastSource,
    pub data: &'a Copies,
    pub index: &'a Index,
    pub options: &'a Options,
}

impl Gears {
    pub fn new(settings: GearSettings, clearance: Clearance) -> Self {
        Self {
            settings,
            clearance,
            entries: Default::default(),
            policy: OnceLock::new(),
            differences: Mutex::default(),
            interpreter: AtomicU64::new(0),
            fast: AtomicU64::new(0),
            compared: AtomicU64::new(0),
            differed: AtomicU64::new(0),
        }
    }

    fn entry(&self, path: &str, asked: &Asked<'_>) -> Option<Arc<Entry>> {
        let entries = self.entries.get(usize::from(asked.options.strict))?;
        let known = entries.read().unwrap_or_else(PoisonError::into_inner).get(path).map(Arc::clone);
        if known.is_some() {
            return known;
        }
        let cleared_by_record = self.clearance.has(path);
        let entry = Arc::new(Entry {
            eligible: eligible::check(asked.index, path),
            cleared_by_record,
            evaluations: AtomicU64::new(0),
            left: AtomicU32::new(if cleared_by_record { 0 } else { self.settings.shadow }),
            withdrawn: OnceLock::new(),
            fast: OnceLock::new(),
        });
        let mut entries = entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            return None;
        }
        Some(Arc::clone(entries.entry(path.to_owned()).or_insert(entry)))
    }

    /// The compiled entry point.
    fn compiled<'a>(&self, entry: &'a Entry, path: &str, asked: &Asked<'_>) -> Result<&'a Fast, Reason> {
        let compile = || {
            let unsupported = |detail: String| Reason {
                construct: Construct::Unsupported,
                rule: path.to_owned(),
                place: String::new(),
                detail: Some(detail),
            };
            let policy = self.policy.get_or_init(|| {
                let mut engine = asked.source.fast_engine().ok_or("the modules do not load for it")?;
                engine.compile_with_entrypoint(&path.into()).map_err(|error| crate::error::parts(&error.to_string()).1)
            });
            let policy = policy.as_ref().map_err(|error| unsupported(error.clone()))?;
            Fast::compile(policy, path, asked.options.strict).map_err(unsupported)
        };
        entry.fast.get_or_init(compile).as_ref().map_err(Clone::clone)
    }

    /// Evaluates an entry point in the gear that it is in.
    pub fn evaluate(
        &self,
        path: &str,
        input: &Value,
        asked: &Asked<'_>,
        interpret: impl FnOnce(Moment) -> Result<Value, QueryError>,
    ) -> Result<Value, QueryError> {
        let moment = Moment::here();
        let chosen = self.choose(path, asked);
        let Some((entry, both)) = chosen else {
            self.interpreter.fetch_add(1, Ordering::Relaxed);
            return interpret(moment);
        };
        let fast = match self.compiled(&entry, path, asked) {
            Ok(fast) => fast.evaluate(input.clone(), asked.data, asked.options, moment),
            Err(_) => {
                self.interpreter.fetch_add(1, Ordering::Relaxed);
                return interpret(moment);
            }
        };
        if !both {
            match fast {
                Ok(value) => {
                    self.fast.fetch_add(1, Ordering::Relaxed);
                    context::answered_by(context::Gears::FAST);
                    return Ok(value);
                }
                // What is too much for the fast gear is too much for the slow one.
                Err(error) if matches!(error.kind, FaultKind::Deadline | FaultKind::Memory | FaultKind::Limit) => {
                    self.fast.fetch_add(1, Ordering::Relaxed);
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        let slow = interpret(moment);
        self.interpreter.fetch_add(1, Ordering::Relaxed);
        self.compared.fetch_add(1, Ordering::Relaxed);
        if let Some(difference) = self.compare(path, &entry, input, &slow, &fast) {
            let mut kept = self.differences.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < DIFFERENCES_MAX {
                kept.push(difference);
            }
        }
        slow
    }

    /// The entry point to run in the fast gear, and whether the interpreter is to run beside it.
    fn choose(&self, path: &str, asked: &Asked<'_>) -> Option<(Arc<Entry>, bool)> {
        if !self.settings.fast || (asked.options.strict && !asked.options.fast_though_strict) {
            return None;
        }
        let entry = self.entry(path, asked)?;
        if entry.eligible.is_err() || entry.withdrawn.get().is_some() {
            return None;
        }
        let count = entry.evaluations.fetch_add(1, Ordering::Relaxed);
        if count < u64::from(self.settings.warm_up) {
            return None;
        }
        let left = entry.left.load(Ordering::Relaxed);
        if left > 0 {
            return Some((entry, true));
        }
        if !entry.cleared_by_record && self.settings.shadow == 0 {
            return None;
        }
        let both = is_sampled(count, self.settings.compare);
        Some((entry, both))
    }

    fn compare(
        &self,
        path: &str,
        entry: &Entry,
        input: &Value,
        slow: &Result<Value, QueryError>,
        fast: &Result<Value, QueryError>,
    ) -> Option<Difference> {
        let bounded =
            |error: &QueryError| matches!(error.kind, FaultKind::Deadline | FaultKind::Memory | FaultKind::Limit);
        match (slow, fast) {
            (Ok(a), Ok(b)) if a == b => {
                let _ = entry.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            }
            // That one of them ran out of time or memory says nothing about the other.
            (Err(a), _) if bounded(a) => {}
            (_, Err(b)) if bounded(b) => {}
            (Err(a), Err(b)) if a.code == b.code => {}
            _ => return Some(self.withdraw(path, entry, input, slow, fast)),
        }
        None
    }

    fn withdraw(
        &self,
        path: &str,
        entry: &Entry,
        input: &Value,
        slow: &Result<Value, QueryError>,
        fast: &Result<Value, QueryError>,
    ) -> Difference {
        self.differed.fetch_add(1, Ordering::Relaxed);
        let _ = entry.withdrawn.set(());
        let told = |answer: &Result<Value, QueryError>| match answer {
            Ok(value) => cut(&crate::builtins::term(value)),
            Err(error) => format!("{}: {}", error.code, error.message),
        };
        Difference {
            path: path.to_owned(),
            input: cut(&input.to_json_str().unwrap_or_default()),
            interpreter: told(slow),
            fast: told(fast),
        }
    }

    /// Runs an entry point in both gears; `None` when it is not eligible. What clearance is made of.
    pub fn agree(
        &self,
        path: &str,
        input: &Value,
        asked: &Asked<'_>,
        interpret: impl FnOnce(Moment) -> Result<Value, QueryError>,
    ) -> Option<Result<Value, Difference>> {
        let entry = self.entry(path, asked).filter(|entry| entry.eligible.is_ok())?;
        let fast = self.compiled(&entry, path, asked).ok()?;
        let moment = Moment::now();
        let fast = fast.evaluate(input.clone(), asked.data, asked.options, moment);
        let slow = interpret(moment);
        match self.compare(path, &entry, input, &slow, &fast) {
            Some(difference) => Some(Err(difference)),
            // Where the fast gear ran out of time or memory, nothing was agreed on.
            None => fast.and(slow).ok().map(Ok),
        }
    }

    /// Which gear an entry point is in.
    pub fn gear(&self, path: &str, asked: &Asked<'_>) -> Gear {
        if !self.settings.fast || (asked.options.strict && !asked.options.fast_though_strict) {
            return Gear::Off;
        }
        let Some(entry) = self.entry(path, asked) else { return Gear::Off };
        if let Err(reason) = &entry.eligible {
            return Gear::Interpreter(reason.clone());
        }
        if entry.withdrawn.get().is_some() {
            return Gear::Withdrawn;
        }
        if let Err(reason) = self.compiled(&entry, path, asked) {
            return Gear::Interpreter(reason);
        }
        match entry.left.load(Ordering::Relaxed) {
            0 if entry.cleared_by_record => Gear::Fast { by_record: true },
            0 if self.settings.shadow == 0 => Gear::Uncleared,
            0 => Gear::Fast { by_record: false },
            left => Gear::Shadowing { left },
        }
    }

    pub fn counts(&self) -> GearCounts {
        GearCounts {
            interpreter: self.interpreter.load(Ordering::Relaxed),
            fast: self.fast.load(Ordering::Relaxed),
            compared: self.compared.load(Ordering::Relaxed),
            differences: self.differed.load(Ordering::Relaxed),
        }
    }

    pub fn differences(&self) -> Vec<Difference> {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Every so many evaluations, one is compared.
fn is_sampled(count: u64, share: f64) -> bool {
    if share <= 0.0 {
        return false;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 1 to 2^53")]
    let every = (1.0 / share.min(1.0)).round().clamp(1.0, 9e15) as u64;
    count.is_multiple_of(every)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(INPUT_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
