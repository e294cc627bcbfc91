//! One call: a fresh store and instance with its limits, dropped afterwards; and what its failure is called.
//!
//! Deliberately absent: reuse. A plugin keeps nothing from one descriptor to the next.

use crate::bindings::{Everything as World, EverythingPre};
use crate::capability::Grants;
use crate::host::Host;
use crate::log::Log;
use crate::slots::TICK;
use crate::state::{State, Violation};
use meshgate_core::fault::FaultKind;
use meshgate_core::limits::EvaluationLimits;
use std::sync::Arc;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FaultKind,
    pub message: String,
}

/// What became of a call.
pub struct Done<T> {
    pub outcome: Result<T, Failure>,
    pub log: Log,
    /// Linear memory at its end, in bytes.
    pub memory_bytes: usize,
}

/// Runs one call in a fresh instance. `None` for grants: the plugin describes itself.
pub fn run<T>(
    host: &Host,
    world: &EverythingPre<State>,
    limits: &EvaluationLimits,
    grants: Option<&Arc<Grants>>,
    call: impl FnOnce(&World, &mut Store<State>) -> wasmtime::Result<T>,
) -> Done<T> {
    let _slot = host.slots().take();
    let memory_max = limits.plugin_memory_bytes_max.min(host.memory_bytes_max());
    let mut store = Store::new(host.engine(), State::new(memory_max, grants.map(Arc::clone)));
    store.limiter(|state| state);
    // What the guest may hand over is bounded before it is copied: a million findings may share one huge string.
    store.set_hostcall_fuel(limits.output_bytes_max);
    let ticks = limits.plugin_deadline.as_millis().div_ceil(TICK.as_millis());
    store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX / 2).saturating_add(1));
    let outcome = world.instantiate(&mut store).and_then(|instance| call(&instance, &mut store));
    let outcome = match outcome {
        // A guest that lived on without the memory it asked for may have judged with half of its eyes.
        Ok(_) if store.data().refused.is_some() => Err(refused(store.data())),
        Ok(value) => Ok(value),
        Err(error) => Err(failure(&error, store.data(), limits)),
    };
    let state = store.into_data();
    Done { outcome, log: state.log, memory_bytes: state.memory_used }
}

fn refused(state: &State) -> Failure {
    let mib = state.memory_max >> 20;
    let message = match state.refused {
        Some("table") => "asked for a larger table than it may have".to_owned(),
        _ => format!("asked for more memory than it may have or there is; its limit is {mib} MiB"),
    };
    Failure { kind: FaultKind::Memory, message }
}

fn failure(error: &wasmtime::Error, state: &State, limits: &EvaluationLimits) -> Failure {
    let of = |kind, message| Failure { kind, message };
    if let Some(violation) = error.downcast_ref::<Violation>() {
        return of(violation.kind, violation.message.clone());
    }
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::Interrupt) {
        return of(FaultKind::Deadline, format!("ran longer than {} ms", limits.plugin_deadline.as_millis()));
    }
    if state.refused.is_some() {
        return refused(state);
    }
    if trap == Some(&Trap::StackOverflow) {
        return of(FaultKind::Stack, "overflowed its stack; it recurses too deep".into());
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return of(FaultKind::Internal, format!("no room for another instance: {error:#}"));
    }
    // A panic hook reports through the log: its last word says more than `unreachable`.
    match (trap, state.log.last_error()) {
        (Some(_), Some(said)) => of(FaultKind::Trap, format!("stopped itself: {said}")),
        (Some(Trap::MemoryOutOfBounds), None) => of(
            FaultKind::Trap,
            "stopped itself: out of bounds memory access (in Rust and C, often too deep a recursion)".into(),
        ),
        (Some(trap), None) => of(FaultKind::Trap, format!("stopped itself: {trap}")),
        (None, _) => {
            let text = format!("{error:#}");
            let bound = format!("returned more than {} bytes", limits.output_bytes_max);
            let last = || text.lines().next_back().unwrap_or("").trim().to_owned();
            of(FaultKind::BadOutput, if text.contains("fuel") { bound } else { last() })
        }
    }
}
