//! The host: one wasmtime engine for all plugins, its settings, its clock.
//!
//! Deliberately absent: a cache of compiled code on disk; every load compiles.

use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Config, Engine, OptLevel};

/// How often running guests look at their deadline.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Runs plugins. Cloning shares it.
#[derive(Clone)]
pub struct Host {
    pub(crate) engine: Arc<Engine>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

impl Host {
    /// Makes a host and starts its clock, a thread that ends with the last user of the host.
    ///
    /// # Errors
    /// When this machine cannot run WebAssembly, or no thread can be started.
    pub fn new() -> Result<Self, String> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        config.max_wasm_stack(512 << 10);
        config.cranelift_opt_level(OptLevel::Speed);
        let engine = Engine::new(&config).map_err(|error| format!("WebAssembly cannot run here: {error:#}"))?;
        let clock = engine.weak();
        let tick = move || {
            // An own thread: an async timer would stand still just when a guest hogs the runtime.
            while let Some(engine) = clock.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        };
        std::thread::Builder::new()
            .name("plugin-clock".into())
            .spawn(tick)
            .map_err(|error| format!("the plugins' clock cannot start: {error}"))?;
        Ok(Self { engine: Arc::new(engine) })
    }
}
