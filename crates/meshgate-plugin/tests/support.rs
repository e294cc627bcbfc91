//! What the tests of the host share: hostile plugins put together from text, and a host for them.
//!
//! Deliberately absent: expectations; the tests have those.

#![cfg(test)]

use meshgate_core::evaluate::EvaluationInput;
use meshgate_core::limits::EvaluationLimits;
use meshgate_plugin::{Grants, Host, Plugin, PluginSource};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const PARTS: &[&str] = &["import", "lower", "core-import", "declare", "describe", "validate", "evaluate", "with"];

pub fn limits() -> EvaluationLimits {
    EvaluationLimits {
        plugin_deadline: Duration::from_millis(150),
        plugin_memory_bytes_max: 4 << 20,
        output_bytes_max: 64 << 10,
        findings_max: 100,
        ..EvaluationLimits::default()
    }
}

/// Reads a file of `tests/hostile` and puts its parts into the template.
pub fn component(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    let text = std::fs::read_to_string(folder.join(format!("{name}.wat"))).unwrap();
    let mut whole = std::fs::read_to_string(folder.join("plugin.wat")).unwrap();
    let mut parts = text.split(";; @").skip(1).map(|part| part.split_once('\n').unwrap()).collect::<Vec<_>>();
    assert!(parts.iter().all(|(name, _)| PARTS.contains(name)), "{name}: {parts:?}");
    parts.sort_unstable();
    for (part, code) in parts {
        let mark = format!(";; @{part}:");
        let at = whole.find(&mark).unwrap_or_else(|| panic!("no mark for {part}"));
        whole.insert_str(at, &format!("{code}\n"));
    }
    wat::parse_str(&whole).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn load(host: &Host, bytes: &[u8], settings: &str, grants: Grants) -> Result<Plugin, String> {
    let source = PluginSource { origin: "hostile.wasm", bytes, sha256: None, settings };
    Plugin::load(host, source, grants, limits()).map_err(|error| error.to_string())
}

pub fn input() -> EvaluationInput {
    EvaluationInput::new("f.yaml", "data-contract", json!({"a": 1}))
}
