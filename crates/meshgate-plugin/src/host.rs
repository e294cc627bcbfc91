//! The host: one wasmtime engine for all plugins, its settings, its room.
//!
//! Deliberately absent: an async runtime. Guests run on the thread that asks.

use crate::cache::CodeCache;
use crate::slots::Slots;
use crate::state::{INSTANCES_MAX, TABLE_ELEMENTS_MAX};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// Memories and tables of one component; adapters and stubs have some of their own.
const MEMORIES_MAX: u32 = 8;
const TABLES_MAX: u32 = 64;
/// Tables of one module.
const MODULE_TABLES_MAX: u32 = 8;
/// The stack of a guest's code, in bytes.
const STACK_BYTES: usize = 512 << 10;
/// What of a memory is set back by copying rather than given back to the system, in bytes. Pages that are given back are
/// taken by page faults again, and each of those interrupts the other threads: with Python that costs twice the copy.
const KEPT_BYTES: usize = 16 << 20;

/// How a host is made.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// Calls at once; more wait. Default: the number of cores.
    pub concurrency: usize,
    /// Linear memory that any plugin may have, in bytes; a plugin's own limit is at most this. Default 64 MiB.
    pub memory_bytes_max: usize,
    /// Wall clock of compiling one component. Default 120 s.
    pub compile_deadline: Duration,
    /// Where compiled code is kept. Default: nowhere.
    pub cache: Option<CodeCache>,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            concurrency: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes_max: 64 << 20,
            compile_deadline: Duration::from_secs(120),
            cache: None,
        }
    }
}

/// Runs plugins. Cloning shares it.
#[derive(Clone)]
pub struct Host {
    engine: Engine,
    slots: Arc<Slots>,
    settings: Arc<HostSettings>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Host {
    /// Makes a host and starts its clock, a thread that ends with the last user of the host.
    ///
    /// # Errors
    /// When this machine cannot run WebAssembly, or no thread can be started.
    pub fn new(settings: HostSettings) -> Result<Self, String> {
        // A pool takes addresses, not memory; where even those are rationed, instances are made one by one.
        let engine = Engine::new(config().allocation_strategy(pool(&settings)))
            .or_else(|_| Engine::new(&config()))
            .map_err(|error| format!("WebAssembly cannot run here: {error:#}"))?;
        let slots = Slots::new(settings.concurrency, &engine)?;
        Ok(Self { engine, slots, settings: Arc::new(settings) })
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    pub(crate) fn compile_deadline(&self) -> Duration {
        self.settings.compile_deadline
    }

    pub(crate) fn memory_bytes_max(&self) -> usize {
        self.settings.memory_bytes_max
    }

    /// Returns the cache of compiled code, if there is one.
    #[must_use]
    pub fn cache(&self) -> Option<&CodeCache> {
        self.settings.cache.as_ref()
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES)
        .cranelift_opt_level(OptLevel::Speed)
        .relaxed_simd_deterministic(true)
        // Places in guests' code are not shown: a trap costs less, and the code on disk is smaller.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false);
    config
}

fn pool(settings: &HostSettings) -> InstanceAllocationStrategy {
    let calls = u32::try_from(settings.concurrency.clamp(1, 1024)).unwrap_or(1024);
    let instances = u32::try_from(INSTANCES_MAX).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .max_core_instances_per_component(instances)
        .total_core_instances(calls * instances)
        .max_memories_per_component(MEMORIES_MAX)
        .total_memories(calls * MEMORIES_MAX)
        .max_memory_size(settings.memory_bytes_max)
        .max_tables_per_component(TABLES_MAX)
        .max_tables_per_module(MODULE_TABLES_MAX)
        .total_tables(calls * TABLES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .linear_memory_keep_resident(KEPT_BYTES)
        .table_keep_resident(64 << 10);
    InstanceAllocationStrategy::Pooling(pool)
}
