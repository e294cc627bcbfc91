//! One call: a fresh store and instance with its limits, dropped afterwards; and what its failure is called.
//!
//! Deliberately absent: reuse. A plugin keeps nothing from one descriptor to the next.

use crate::bindings::meshgate::plugin::{host, types};
use crate::bindings::{Plugin as World, PluginPre};
use crate::host::TICK;
use meshgate_core::fault::FaultKind;
use meshgate_core::limits::EvaluationLimits;
use wasmtime::{Engine, ResourceLimiter, Store, Trap};

/// Log lines that one call may write, and bytes of one.
const LOG_LINES_MAX: usize = 64;
const LOG_BYTES_MAX: usize = 4096;
/// Table elements and core instances of one component: toolchains that stub WASI make dozens of instances.
const TABLE_ELEMENTS_MAX: usize = 100_000;
const INSTANCES_MAX: usize = 100;

/// The state of one call.
pub struct State {
    memory_max: usize,
    memory_used: usize,
    memory_refused: bool,
    table_elements: usize,
    log: Vec<(host::Level, String)>,
}

impl host::Host for State {
    fn log(&mut self, level: host::Level, mut message: String) {
        if self.log.len() < LOG_LINES_MAX {
            let mut end = message.len().min(LOG_BYTES_MAX);
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
            self.log.push((level, message));
        }
    }
}

impl types::Host for State {}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // The cap is on all memories of the instance together.
        let total = self.memory_used.saturating_sub(current).saturating_add(desired);
        if total > self.memory_max {
            self.memory_refused = true;
            return Ok(false);
        }
        self.memory_used = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_sub(current).saturating_add(desired);
        let allowed = total <= TABLE_ELEMENTS_MAX;
        if allowed {
            self.table_elements = total;
        }
        self.memory_refused |= !allowed;
        Ok(allowed)
    }

    fn tables(&self) -> usize {
        INSTANCES_MAX
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }
}

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FaultKind,
    pub message: String,
}

/// Runs one call in a fresh instance.
pub fn run<T>(
    engine: &Engine,
    world: &PluginPre<State>,
    limits: &EvaluationLimits,
    call: impl FnOnce(&World, &mut Store<State>) -> wasmtime::Result<T>,
) -> Result<T, Failure> {
    let memory_max = limits.plugin_memory_bytes_max;
    let state = State { memory_max, memory_used: 0, memory_refused: false, table_elements: 0, log: Vec::new() };
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    // What the guest may hand over is bounded before it is copied: a million findings may share one huge string.
    store.set_hostcall_fuel(limits.output_bytes_max);
    let ticks = limits.plugin_deadline.as_millis().div_ceil(TICK.as_millis());
    store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1));
    let outcome = world.instantiate(&mut store).and_then(|instance| call(&instance, &mut store));
    match outcome {
        // A guest that lived on without the memory it asked for may have judged with half of its eyes.
        Ok(_) if store.data().memory_refused => Err(refused(limits)),
        Ok(value) => Ok(value),
        Err(error) => Err(failure(&error, store.data(), limits)),
    }
}

fn refused(limits: &EvaluationLimits) -> Failure {
    let mib = limits.plugin_memory_bytes_max >> 20;
    Failure { kind: FaultKind::Memory, message: format!("asked for more memory than the {mib} MiB it may have") }
}

fn failure(error: &wasmtime::Error, state: &State, limits: &EvaluationLimits) -> Failure {
    let of = |kind, message| Failure { kind, message };
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::Interrupt) {
        return of(FaultKind::Deadline, format!("ran longer than {} ms", limits.plugin_deadline.as_millis()));
    }
    if state.memory_refused {
        return refused(limits);
    }
    if trap == Some(&Trap::StackOverflow) {
        return of(FaultKind::Stack, "overflowed its stack; it recurses too deep".into());
    }
    // A panic hook reports through the log: its last word says more than `unreachable`.
    let said = state.log.iter().rev().find(|(level, _)| *level == host::Level::Error).map(|(_, text)| text.as_str());
    match (trap, said) {
        (Some(_), Some(said)) => of(FaultKind::Trap, format!("stopped itself: {said}")),
        (Some(trap), None) => of(FaultKind::Trap, format!("stopped itself: {trap}")),
        (None, _) => {
            let text = format!("{error:#}");
            let fuel = text.contains("fuel");
            let bound = format!("returned more than {} bytes", limits.output_bytes_max);
            of(
                FaultKind::BadOutput,
                if fuel { bound } else { text.lines().next_back().unwrap_or("").trim().to_owned() },
            )
        }
    }
}
