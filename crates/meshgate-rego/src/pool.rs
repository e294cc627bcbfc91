//! What evaluations need for themselves and leave behind for the next: a place for each thread, so that threads neither
//! wait for one another nor count references in one place, which costs them more than the evaluation.
//!
//! Deliberately absent: threads; whoever calls has one.

use crate::json::Texts;
use regorus::Value;
use std::array;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Places; more threads than that share them.
const PLACES: usize = 16;
/// What waits in one place.
const IDLE_MAX: usize = 4;

/// The place of this thread.
fn place() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed) % PLACES;
    }
    THREAD.with(|place| *place)
}

thread_local! {
    static OCCASIONAL: Cell<bool> = const { Cell::new(false) };
}

/// Says that this thread evaluates now and then only: it makes no copy of data documents for itself.
pub fn occasional() {
    OCCASIONAL.set(true);
}

/// Gives memory that is free back to the system. Call it where much was let go of, on the thread that did so: the allocator
/// (mimalloc 2.2) marks what is free to be given back later, and then hardly ever does.
pub fn give_back() {
    #[expect(unsafe_code, reason = "the crates around the allocator have no name for it; it is in what they link")]
    unsafe extern "C" {
        /// Returns what the calling thread has free, and what all have that no thread uses. It may be called at any time.
        safe fn mi_collect(force: bool);
    }
    mi_collect(true);
}

/// Things that wait for their next use.
pub struct Pool<T> {
    places: [Mutex<Vec<T>>; PLACES],
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { places: array::from_fn(|_| Mutex::default()) }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl<T> Pool<T> {
    /// Takes one that this thread has left here.
    pub fn take(&self) -> Option<T> {
        self.places.get(place())?.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Leaves one for this thread's next use.
    pub fn put(&self, thing: T) {
        let Some(place) = self.places.get(place()) else { return };
        let mut idle = place.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(thing);
        }
    }
}

/// The data documents, and copies of them: one a thread, made when it first asks.
#[derive(Debug)]
pub struct Copies {
    original: Value,
    /// Is it small enough to be copied?
    copied: bool,
    /// The place that has the original for itself.
    owner: OnceLock<usize>,
    places: [OnceLock<Value>; PLACES],
}

impl Copies {
    /// Documents that are copied when they need at most so many bytes of memory.
    pub fn new(original: Value, bytes_max: usize) -> Self {
        let copied = weight(&original, bytes_max).is_some();
        Self { original, copied, owner: OnceLock::new(), places: array::from_fn(|_| OnceLock::new()) }
    }

    /// May this thread have things of its own made of the documents?
    pub const fn copied(&self) -> bool {
        self.copied
    }

    /// The documents for this thread.
    pub fn here(&self) -> &Value {
        let place = place();
        if !self.copied || OCCASIONAL.get() || *self.owner.get_or_init(|| place) == place {
            return &self.original;
        }
        self.places.get(place).map_or(&self.original, |copy| copy.get_or_init(|| unshared(&self.original)))
    }
}

/// Bytes that this thread has taken and not given back; what others gave back of it counts as given back by them.
#[must_use]
pub fn live_bytes() -> i64 {
    regorus_mimalloc::limits::current_thread_live_bytes()
}

/// About the bytes that a value needs; `None` when it is more than there may be.
fn weight(value: &Value, max: usize) -> Option<usize> {
    /// A value, and what is counted and allocated for it.
    const EACH: usize = 48;
    let mut sum = EACH;
    match value {
        Value::String(text) => sum += text.len(),
        Value::Array(items) => {
            for item in items.iter() {
                sum += weight(item, max.checked_sub(sum)?)?;
            }
        }
        Value::Set(items) => {
            for item in items.iter() {
                sum += weight(item, max.checked_sub(sum)?)?;
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries.iter() {
                sum += weight(key, max.checked_sub(sum)?)?;
                sum += weight(value, max.checked_sub(sum)?)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => {}
    }
    (sum <= max).then_some(sum)
}

/// A copy that shares nothing with the original.
pub fn unshared(value: &Value) -> Value {
    copy(value, &mut Texts::new(true))
}

fn copy(value: &Value, texts: &mut Texts) -> Value {
    match value {
        Value::String(text) => texts.value(text),
        Value::Array(items) => Value::from(items.iter().map(|item| copy(item, texts)).collect::<Vec<_>>()),
        Value::Set(items) => Value::from(items.iter().map(|item| copy(item, texts)).collect::<BTreeSet<_>>()),
        Value::Object(entries) => {
            let pairs = entries.iter().map(|(key, value)| {
                let key = if let Value::String(name) = key { texts.name(name) } else { copy(key, texts) };
                (key, copy(value, texts))
            });
            Value::from(pairs.collect::<BTreeMap<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Undefined => value.clone(),
    }
}
