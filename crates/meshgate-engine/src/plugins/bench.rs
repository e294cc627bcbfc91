//! How long a plugin takes: to load, and for a call in a fresh instance.
//!
//! Deliberately absent: comparison with other plugins; each says how long it takes on what it was given.

use crate::config::{Config, PluginEntry, SchemaSeverities};
use crate::engine::{Additions, Engine, EngineError};
use crate::show;
use meshgate_core::evaluate::EvaluationInput;
use std::path::Path;
use std::time::{Duration, Instant};

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct PluginBench {
    /// Reading, compiling or finding it compiled, and asking it who it is.
    pub load: Duration,
    /// Bytes of the input.
    pub input_bytes: usize,
    /// Calls that were timed.
    pub calls: usize,
    /// The usual call.
    pub p50: Duration,
    /// The slow call.
    pub p99: Duration,
    /// All calls, by their number.
    pub mean: Duration,
    /// Findings of one call.
    pub findings: usize,
    /// Linear memory of one call at its end, in bytes.
    pub memory_bytes: usize,
}

/// Times a plugin on a descriptor for a while, on one thread.
///
/// # Errors
/// When the plugin does not load, the descriptor cannot be read, or a call ends in a fault.
pub fn bench_plugin(
    entry: PluginEntry,
    descriptor: &Path,
    additions: &Additions,
    time: Duration,
) -> Result<PluginBench, EngineError> {
    let config = Config { plugins: vec![entry], embedded: false, schema: SchemaSeverities::off(), ..Config::default() };
    let shown = show(&config, descriptor, None).map_err(|error| EngineError::new(descriptor.display(), error))?;
    if let Some(problem) = shown.problems.first() {
        return Err(EngineError::new(descriptor.display(), problem));
    }
    let Some(document) = shown.documents.into_iter().next() else {
        return Err(EngineError::new(descriptor.display(), "holds no document"));
    };
    let input = EvaluationInput::new(descriptor.display().to_string(), "other", document.input);
    let begun = Instant::now();
    let engine = Engine::new(&config, additions)?;
    let load = begun.elapsed();
    let Some(plugin) = engine.plugins().first() else {
        let fault = engine.load_faults().first();
        let message = fault.map_or("did not load", |fault| fault.message.as_str());
        return Err(EngineError::new("plugin", message));
    };
    let measured = engine.install(|_| {
        let mut last = plugin.call(&input);
        let mut times = Vec::new();
        let begun = Instant::now();
        while begun.elapsed() < time || times.len() < 10 {
            let one = Instant::now();
            last = plugin.call(&input);
            times.push(one.elapsed());
            if last.outcome.is_err() {
                break;
            }
        }
        (times, last)
    });
    let (mut times, last) = measured;
    let findings = match last.outcome {
        Ok(remarks) => remarks.len(),
        Err(fault) => return Err(EngineError::new(fault.rule, format!("{}: {}", fault.kind, fault.message))),
    };
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).or(times.last()).copied().unwrap_or_default();
    let calls = times.len();
    let total: Duration = times.iter().sum();
    Ok(PluginBench {
        load,
        input_bytes: input.json().len(),
        calls,
        p50: at(50),
        p99: at(99),
        mean: total / u32::try_from(calls.max(1)).unwrap_or(u32::MAX),
        findings,
        memory_bytes: last.memory_bytes,
    })
}
