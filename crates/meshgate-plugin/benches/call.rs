//! What a call costs over a plugin's own work, how many a second, how long loading takes and how much memory an idle plugin.
//! `cargo bench -p meshgate-plugin`. Plugins that are not built are left out; `plugins/build` builds them.
//!
//! Deliberately absent: pass and fail. A benchmark measures; the limits beside the figures are DESIGN's.

#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot prepare has nothing to measure")]

use meshgate_core::evaluate::EvaluationInput;
use meshgate_core::limits::EvaluationLimits;
use meshgate_plugin::{CodeCache, Grants, Host, HostSettings, Plugin, PluginSource};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ROUND: Duration = Duration::from_millis(1500);
const PLUGINS: &[(&str, &str)] = &[
    ("unmasked", "Rust"),
    ("vocabulary", "Rust"),
    ("schedules", "C"),
    ("quality-sql", "TypeScript"),
    ("sample-data", "Python"),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A model of so many bytes or a little more, as ODCS contracts have it: columns, and the document beside them.
fn model(bytes: usize) -> Value {
    let (mut columns, mut rows) = (Vec::new(), Vec::new());
    let whole = |columns: &Vec<Value>, rows: &Vec<Value>| {
        json!({"format": "odcs", "kind": "data-contract", "file": "orders.odcs.yaml", "context": {"now": "2026-01-01T00:00:00Z"},
            "contracts": [{"id": "orders", "pointer": "", "schema": [{"name": "orders", "pointer": "/schema/0", "columns": columns}]}],
            "raw": {"kind": "DataContract", "schema": [{"name": "orders", "properties": rows}]}})
    };
    while whole(&columns, &rows).to_string().len() < bytes {
        let at = columns.len();
        let name = format!("order_reference_{at}");
        let text = "The reference that the customer gave the order.";
        columns.push(json!({"name": name, "type": "string", "physical_type": "VARCHAR(40)", "required": true, "description": text,
            "classification": "internal", "tags": [], "quality": [], "references": [], "columns": [],
            "pointer": format!("/schema/0/properties/{at}")}));
        rows.push(json!({"name": name, "logicalType": "string", "physicalType": "VARCHAR(40)", "required": true,
            "description": text, "classification": "internal"}));
    }
    whole(&columns, &rows)
}

fn input(model: &Value) -> EvaluationInput {
    EvaluationInput::new("orders.odcs.yaml", "data-contract", model.clone())
}

fn load(host: &Host, name: &str, bytes: &[u8]) -> Plugin {
    let source = PluginSource { origin: name, bytes, sha256: None, settings: "{}" };
    Plugin::load(host, source, Grants::default(), EvaluationLimits::default()).unwrap()
}

fn host(cache: Option<CodeCache>) -> Host {
    Host::new(HostSettings { cache, concurrency: 2, ..HostSettings::default() }).unwrap()
}

/// Median of the calls of one thread, each on an input whose text is made anew: that belongs to the call.
fn median(plugin: &Plugin, model: &Value) -> Duration {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < ROUND {
        let input = input(model);
        let one = Instant::now();
        plugin.call(&input).outcome.unwrap();
        times.push(one.elapsed());
    }
    middle(times)
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Calls a second on so many threads.
fn rate(plugin: &Plugin, model: &Value, threads: usize) -> f64 {
    let count = AtomicUsize::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let input = input(model);
                while begun.elapsed() < ROUND {
                    plugin.call(&input).outcome.unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

/// Resident memory of this process, in KiB; 0 where that cannot be read.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

fn main() {
    let folder = std::env::temp_dir().join(format!("meshgate-bench-{}", std::process::id()));
    let cache = CodeCache::open(&folder).unwrap();
    let (small, large) = (json!({"contracts": [], "raw": {}}), model(20_000));
    let bytes = large.to_string().len();

    println!("overhead of a call in a fresh instance, {bytes} bytes of input (limit 100 µs)");
    let text =
        std::fs::read_to_string(repository().join("crates/meshgate-plugin/tests/compat/plugin-0.1.0.wat")).unwrap();
    // A plugin that does nothing: what passing the input costs.
    let nothing = wat::parse_str(text).unwrap();
    let grants = || {
        let mut grants = Grants::default().with_snapshot(Arc::new(Value::Null));
        grants.folder("f", &repository()).unwrap();
        grants.data("x").unwrap();
        grants.clock();
        grants.random();
        grants
    };
    let here = host(Some(cache.clone()));
    let source = PluginSource { origin: "nothing", bytes: &nothing, sha256: None, settings: "{}" };
    let nothing = Plugin::load(&here, source, grants(), EvaluationLimits::default()).unwrap();
    let passing = median(&nothing, &large).saturating_sub(median(&nothing, &small));
    for (name, language) in PLUGINS {
        let Ok(component) = std::fs::read(repository().join(format!("plugins/{name}/{name}.wasm"))) else { continue };
        let plugin = load(&here, name, &component);
        let (instance, whole) = (median(&plugin, &small), median(&plugin, &large));
        println!(
            "{name:<12} {language:<10} instance {:>7.1} µs + passing {:>5.1} µs = {:>7.1} µs;  with its own work {:>7.1} µs",
            micros(instance),
            micros(passing),
            micros(instance + passing),
            micros(whole)
        );
    }

    println!("\ncalls a second, {bytes} bytes of input, each in a fresh instance");
    for (name, language) in PLUGINS {
        let Ok(component) = std::fs::read(repository().join(format!("plugins/{name}/{name}.wasm"))) else { continue };
        let plugin = load(&here, name, &component);
        let small = model(3_000);
        println!(
            "{name:<12} {language:<10} 1 thread {:>8.0}, 2 threads {:>8.0};  with 3,000 bytes: 1 thread {:>8.0}, 2 threads {:>8.0}",
            rate(&plugin, &large, 1),
            rate(&plugin, &large, 2),
            rate(&plugin, &small, 1),
            rate(&plugin, &small, 2)
        );
    }

    println!("\nloading: compiled anew, and from the cache (limit 5 ms); resident memory of one that is idle");
    for (name, language) in PLUGINS {
        let Ok(component) = std::fs::read(repository().join(format!("plugins/{name}/{name}.wasm"))) else { continue };
        let begun = Instant::now();
        drop(load(&host(None), name, &component));
        let anew = begun.elapsed();
        let here = host(Some(cache.clone()));
        drop(load(&here, name, &component));
        let times: Vec<Duration> = (0..21)
            .map(|_| {
                let begun = Instant::now();
                drop(load(&here, name, &component));
                begun.elapsed()
            })
            .collect();
        let before = resident();
        let idle: Vec<Plugin> = (0..8).map(|_| load(&here, name, &component)).collect();
        let each = resident().saturating_sub(before) / idle.len();
        println!(
            "{name:<12} {language:<10} anew {:>9.1} ms, from the cache {:>6.2} ms;  idle {each:>6} KiB",
            anew.as_secs_f64() * 1e3,
            middle(times).as_secs_f64() * 1e3
        );
    }
    drop(std::fs::remove_dir_all(&folder));
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
