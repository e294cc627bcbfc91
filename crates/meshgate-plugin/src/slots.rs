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
    running: Mutex<usize>,
    changed: Condvar,
    max: usize,
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
        let slots = Arc::new(Self { running: Mutex::new(0), changed: Condvar::new(), max: max.max(1) });
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
        let mut running = self.lock();
        while *running >= self.max {
            running = self.changed.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
        *running += 1;
        if *running == 1 {
            self.changed.notify_all();
        }
        Slot(self)
    }

    /// Sleeps while nothing runs; looks up now and then, since the host may be gone.
    fn wait_for_work(&self) {
        let running = self.lock();
        if *running == 0 {
            drop(self.changed.wait_timeout(running, Duration::from_secs(1)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.changed.notify_one();
    }
}
