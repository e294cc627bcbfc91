//! Who may run: as many calls at once as the host has room for, and a clock that ticks while any of them runs.
//!
//! Deliberately absent: a queue with an order. Whoever calls has a thread to wait on; the engine's threads are as many as
//! there are slots, so only other users of this crate ever wait.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wasmtime::Engine;

/// How often running guests look at their deadline.
pub const TICK: Duration = Duration::from_millis(5);

/// The room of a host.
#[derive(Debug)]
pub struct Slots {
    state: Mutex<State>,
    /// Callers wait here, and the clock while nothing runs.
    room: Condvar,
    work: Condvar,
    max: usize,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// Callers that wait. Waking nobody is a call of the system too.
    waiting: usize,
    clock_sleeps: bool,
}

/// A place among the running calls, given back when dropped.
#[derive(Debug)]
pub struct Slot<'a>(&'a Slots);

impl Slots {
    /// Makes room for `max` calls and starts the clock, a thread that ends with the engine.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(max: usize, engine: &Engine) -> Result<Arc<Self>, String> {
        let state = Mutex::new(State::default());
        let slots = Arc::new(Self { state, room: Condvar::new(), work: Condvar::new(), max: max.max(1) });
        let (engine, seen) = (engine.weak(), Arc::downgrade(&slots));
        let tick = move || {
            // A thread of its own: an async timer would stand still just when a guest hogs the runtime.
            while let Some(slots) = seen.upgrade() {
                slots.wait_for_work();
                drop(slots);
                let Some(engine) = engine.upgrade() else { break };
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        };
        let spawned = std::thread::Builder::new().name("plugin-clock".into()).spawn(tick);
        spawned.map_err(|error| format!("the plugins' clock cannot start: {error}"))?;
        Ok(slots)
    }

    /// Waits for room.
    pub fn take(&self) -> Slot<'_> {
        let mut state = self.lock();
        while state.running >= self.max {
            state.waiting += 1;
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.running += 1;
        let asleep = std::mem::take(&mut state.clock_sleeps);
        drop(state);
        if asleep {
            self.work.notify_all();
        }
        Slot(self)
    }

    /// Sleeps while nothing runs; looks up now and then, since the host may be gone.
    fn wait_for_work(&self) {
        let mut state = self.lock();
        if state.running == 0 {
            state.clock_sleeps = true;
            let wait = self.work.wait_timeout(state, Duration::from_secs(1));
            wait.unwrap_or_else(PoisonError::into_inner).0.clock_sleeps = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running -= 1;
        let wanted = state.waiting > 0;
        drop(state);
        if wanted {
            self.0.room.notify_one();
        }
    }
}
