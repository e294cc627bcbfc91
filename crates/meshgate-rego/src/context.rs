//! What one evaluation carries beside its input: the time, the source of its random values, the network it may use, and
//! the memory of what went wrong. Builtins are plain functions in both gears, so this is kept by the thread.
//!
//! Deliberately absent: anything that outlives an evaluation, but for the answers of `http.send`.

use crate::access::Decider;
use crate::http::Network;
use crate::options::Options;
use meshgate_core::work::{Stopped, look};
use regorus::{LimitError, Value};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What went wrong inside of a builtin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// OPA's code.
    pub code: &'static str,
    /// What happened.
    pub message: String,
}

/// The state of one evaluation.
#[derive(Debug, Default)]
struct State {
    now_ns: i64,
    seed: u64,
    network: Arc<Network>,
    runtime: Option<Value>,
    decider: Decider,
    /// Are errors of builtins raised?
    strict: bool,
    /// When it must have ended; builtins that take long look at it.
    deadline: Option<Instant>,
    /// A bound was met: whatever the evaluation answers, it is not to be believed.
    breach: Option<String>,
    /// The first error of a builtin, with strict errors; the fast gear goes on after one.
    trouble: Option<Trouble>,
    /// What a builtin answered before, for those that must not be asked twice.
    answers: BTreeMap<(&'static str, Vec<Value>), Value>,
}

/// Notes of one explanation.
const NOTES_MAX: usize = 1_000;

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::default());
    static NOTES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
    static ALLOWANCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What an evaluation left behind.
#[derive(Debug, Default)]
pub struct Left {
    /// A bound that was met.
    pub breach: Option<String>,
    /// The first error of a builtin.
    pub trouble: Option<Trouble>,
}

/// What both gears must share, so that they can be compared: time and random values.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    now_ns: i64,
    seed: u64,
}

impl Moment {
    /// The one of the evaluation that this thread is in, so that what asks for a decision twice is answered alike; else now.
    pub fn here() -> Self {
        let (now_ns, seed) = STATE.with_borrow(|state| (state.now_ns, state.seed));
        if now_ns == 0 { Self::now() } else { Self { now_ns, seed } }
    }

    /// Now, and values that nobody has had.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seed = RandomState::new().build_hasher().finish();
        Self { now_ns: i64::try_from(since.as_nanos()).unwrap_or(i64::MAX), seed }
    }
}

/// Runs one evaluation in a state of its own.
pub fn scope<T>(moment: Moment, options: &Options, run: impl FnOnce() -> T) -> (T, Left) {
    let fresh = State {
        now_ns: moment.now_ns,
        seed: moment.seed,
        network: Arc::clone(&options.network),
        runtime: options.runtime.clone(),
        decider: options.decider.clone(),
        strict: options.strict,
        deadline: Instant::now().checked_add(allowed(options.limits.rule_deadline)),
        ..State::default()
    };
    let outer = STATE.replace(fresh);
    let result = run();
    let State { breach, trouble, .. } = STATE.replace(outer);
    (result, Left { breach, trouble })
}

/// Runs evaluations that all must have ended within so much time, however long each may take by itself.
pub fn within<T>(allowance: Duration, run: impl FnOnce() -> T) -> T {
    let until = Instant::now().checked_add(allowance);
    let outer = ALLOWANCE.get();
    ALLOWANCE.set(match (outer, until) {
        (Some(outer), Some(until)) => Some(outer.min(until)),
        (outer, until) => outer.or(until),
    });
    let result = run();
    ALLOWANCE.set(outer);
    result
}

thread_local! {
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Says that this thread asked somebody over a network.
pub fn asks_others() {
    ASKED.set(true);
}

/// Did this thread ask somebody over a network since it was last asked?
#[must_use]
pub fn asked_others() -> bool {
    ASKED.replace(false)
}

/// Which gears evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gears(u8);

impl Gears {
    /// The fast one.
    pub const FAST: Self = Self(1);
    /// The interpreter.
    pub const INTERPRETER: Self = Self(2);

    /// `fast`, `interpreter`, or `both`; `None` when nothing was evaluated.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => None,
            1 => Some("fast"),
            2 => Some("interpreter"),
            _ => Some("both"),
        }
    }
}

thread_local! {
    static GEARS: Cell<Gears> = const { Cell::new(Gears(0)) };
}

/// Says that a gear answered on this thread.
pub fn answered_by(gear: Gears) {
    GEARS.set(Gears(GEARS.get().0 | gear.0));
}

/// The gears that answered on this thread since it was last asked.
#[must_use]
pub fn gears() -> Gears {
    GEARS.take()
}

/// How long an evaluation may take that may take so long by itself.
pub fn allowed(deadline: Duration) -> Duration {
    match ALLOWANCE.get() {
        Some(until) => deadline.min(until.saturating_duration_since(Instant::now())),
        None => deadline,
    }
}

/// Keeps what `trace` says on the way.
pub fn tracing<T>(run: impl FnOnce() -> T) -> (T, Vec<String>) {
    let outer = NOTES.replace(Some(Vec::new()));
    let result = run();
    (result, NOTES.replace(outer).unwrap_or_default())
}

/// What `trace` says; kept when somebody listens.
pub fn note(text: &str) {
    NOTES.with_borrow_mut(|notes| {
        if let Some(notes) = notes.as_mut().filter(|notes| notes.len() < NOTES_MAX) {
            notes.push(text.to_owned());
        }
    });
}

/// Who answers `meshgate.decide` in this evaluation.
pub fn decider() -> Decider {
    STATE.with_borrow(|state| state.decider.clone())
}

/// Are errors of builtins raised in this evaluation?
pub fn strict() -> bool {
    STATE.with_borrow(|state| state.strict)
}

/// Says whether the evaluation may go on: for builtins that take many steps.
///
/// # Errors
/// The limit that was met; neither gear swallows it.
pub fn may_go_on() -> anyhow::Result<()> {
    let (elapsed, limit) = (Duration::ZERO, Duration::ZERO);
    match look() {
        Ok(()) if !remaining().is_zero() => Ok(()),
        Ok(()) | Err(Stopped::Cancelled) => Err(LimitError::TimeLimitExceeded { elapsed, limit }.into()),
        Err(Stopped::Memory | Stopped::Room) => Err(LimitError::MemoryLimitExceeded { usage: 0, limit: 0 }.into()),
    }
}

/// Runs what is no evaluation, but may call builtins: nothing of it is kept.
pub fn quietly<T>(run: impl FnOnce() -> T) -> T {
    scope(Moment::now(), &Options::default(), run).0
}

/// Returns the evaluation's time, in nanoseconds since 1970.
pub fn now_ns() -> i64 {
    STATE.with_borrow(|state| state.now_ns)
}

/// Returns a random number that belongs to these words within this evaluation.
pub fn random(words: &[&str]) -> u64 {
    let seed = STATE.with_borrow(|state| state.seed);
    // FNV-1a with an avalanche: nothing here is a secret.
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in words.iter().flat_map(|word| word.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// Returns the network that the evaluation may use.
pub fn network() -> Arc<Network> {
    STATE.with_borrow(|state| Arc::clone(&state.network))
}

/// Returns what the host says of itself.
pub fn runtime() -> Value {
    STATE.with_borrow(|state| state.runtime.clone()).unwrap_or_else(Value::new_object)
}

/// Returns how long the evaluation may still run; without a deadline, a minute.
pub fn remaining() -> Duration {
    let deadline = STATE.with_borrow(|state| state.deadline);
    deadline.map_or(Duration::from_mins(1), |deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Says that a bound was met, and returns the error that neither gear swallows.
pub fn breach(message: String) -> anyhow::Error {
    STATE.with_borrow_mut(|state| state.breach.get_or_insert(message).clone());
    anyhow::Error::new(LimitError::MemoryLimitExceeded { usage: 0, limit: 0 })
}

/// Keeps the first error of a builtin.
pub fn trouble(code: &'static str, message: &str) {
    STATE.with_borrow_mut(|state| {
        state.trouble.get_or_insert_with(|| Trouble { code, message: message.to_owned() });
    });
}

/// Asks once for each list of arguments.
pub fn once(
    name: &'static str,
    values: &[Value],
    ask: impl FnOnce() -> anyhow::Result<Value>,
) -> anyhow::Result<Value> {
    let asked = (name, values.to_vec());
    let known = STATE.with_borrow(|state| state.answers.get(&asked).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    let answer = ask()?;
    STATE.with_borrow_mut(|state| state.answers.insert(asked, answer.clone()));
    Ok(answer)
}
