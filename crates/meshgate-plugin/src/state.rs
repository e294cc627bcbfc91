//! The state of one call: its limits, its log, and what the host does for it through the granted interfaces.
//!
//! Deliberately absent: anything that outlives the call.

mod clock;
mod data;
mod files;

use crate::bindings::meshgate::plugin::{host, random, types};
use crate::capability::Grants;
use crate::log::Log;
use meshgate_core::fault::FaultKind;
use std::sync::Arc;
use thiserror::Error;
use wasmtime::ResourceLimiter;

/// Table elements and core instances of one component: toolchains that stub WASI make dozens of instances.
pub const TABLE_ELEMENTS_MAX: usize = 100_000;
pub const INSTANCES_MAX: usize = 100;
/// Bytes of one request for randomness.
const RANDOM_MAX: u32 = 65_536;

/// What ends a call at once: the guest reached for what it may not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Violation {
    pub kind: FaultKind,
    pub message: String,
}

impl Violation {
    fn capability(message: String) -> wasmtime::Error {
        Self { kind: FaultKind::Capability, message }.into()
    }

    fn limit(message: String) -> wasmtime::Error {
        Self { kind: FaultKind::Limit, message }.into()
    }
}

/// The state of one call.
pub struct State {
    pub memory_max: usize,
    pub memory_used: usize,
    pub refused: Option<&'static str>,
    table_elements: usize,
    pub log: Log,
    /// `None` while the plugin describes itself: what it says then is kept by digest.
    grants: Option<Arc<Grants>>,
    files: files::Usage,
}

impl State {
    pub fn new(memory_max: usize, grants: Option<Arc<Grants>>) -> Self {
        Self {
            memory_max,
            memory_used: 0,
            refused: None,
            table_elements: 0,
            log: Log::default(),
            grants,
            files: files::Usage::default(),
        }
    }

    fn grants(&self) -> wasmtime::Result<&Arc<Grants>> {
        self.grants.as_ref().ok_or_else(|| {
            Violation::capability(
                "used a capability in `describe`, where there is none: what it answers is kept".into(),
            )
        })
    }
}

impl types::Host for State {}

impl host::Host for State {
    fn log(&mut self, level: host::Level, message: String) -> wasmtime::Result<()> {
        if self.log.write(level, message) { Ok(()) } else { Err(Violation::limit("flooded its log".into())) }
    }
}

impl random::Host for State {
    fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        self.grants()?;
        if length > RANDOM_MAX {
            return Err(Violation::limit(format!("asked for {length} random bytes; {RANDOM_MAX} is the most")));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        getrandom::fill(&mut bytes).map_err(|error| wasmtime::Error::msg(error.to_string()))?;
        Ok(bytes)
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // The cap is on all memories of the instance together.
        let total = self.memory_used.saturating_sub(current).saturating_add(desired);
        if total > self.memory_max || maximum.is_some_and(|maximum| desired > maximum) {
            self.refused = Some("memory");
            return Ok(false);
        }
        self.memory_used = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_sub(current).saturating_add(desired);
        if total > TABLE_ELEMENTS_MAX || maximum.is_some_and(|maximum| desired > maximum) {
            self.refused = Some("table");
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }

    // What was allowed here and refused by the system is refused all the same.
    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused = Some("memory");
        Ok(())
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused = Some("table");
        Ok(())
    }

    fn tables(&self) -> usize {
        INSTANCES_MAX
    }

    fn memories(&self) -> usize {
        INSTANCES_MAX
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }
}

/// A guest's text in a message: short, and nothing that a terminal would act on.
fn shown(text: &str) -> String {
    let escaped: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() { escaped + "…" } else { escaped }
}
