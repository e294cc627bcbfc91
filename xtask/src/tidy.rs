//! The tidy checks: edges between crates, headers of files, names and sizes.
//!
//! Deliberately absent: taste. Each check is a sentence of ARCHITECTURE.md or CONTRIBUTING.md.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of ours that each crate may depend on.
const EDGES: &[(&str, &[&str])] = &[
    ("meshgate-core", &[]),
    ("meshgate-descriptor", &["meshgate-core"]),
    ("meshgate-regolang", &[]),
    ("meshgate-rego", &["meshgate-core", "meshgate-regolang"]),
    ("meshgate-plugin", &["meshgate-core"]),
    ("meshgate-report", &["meshgate-core"]),
    ("meshgate-engine", &["meshgate-core", "meshgate-descriptor", "meshgate-rego", "meshgate-plugin"]),
    ("meshgate-server", &["meshgate-core", "meshgate-engine", "meshgate-report"]),
    ("meshgate-cli", &["meshgate-core", "meshgate-engine", "meshgate-report", "meshgate-server"]),
    ("xtask", &["meshgate-core", "meshgate-rego", "meshgate-regolang"]),
];

/// Outside crates that only one of ours may use. YAML's parser has two entrances, `descriptor` and `rego`; see `PARSERS`.
const OWNED: &[(&str, &str)] = &[
    ("regorus", "meshgate-rego"),
    ("wasmtime", "meshgate-plugin"),
    ("cap-std", "meshgate-plugin"),
    ("annotate-snippets", "meshgate-report"),
    ("axum", "meshgate-server"),
    ("clap", "meshgate-cli"),
];

const LINES_MAX: usize = 600;
const FORBIDDEN: &[&str] = &["mod.rs", "util.rs", "utils.rs", "common.rs", "helpers.rs", "misc.rs"];

/// Returns what is untidy, one line each.
pub fn check() -> Vec<String> {
    let mut remarks = Vec::new();
    match metadata() {
        Ok(metadata) => edges(&metadata, &mut remarks),
        Err(error) => remarks.push(format!("cargo metadata: {error}")),
    }
    for folder in ["crates", "xtask", "tests", "plugins"] {
        for file in sources(&root().join(folder)) {
            source(&file, &mut remarks);
        }
    }
    remarks.extend(crate::library::check(&root()));
    remarks
}

fn root() -> PathBuf {
    // As cargo says now: a binary built in another checkout must not look there.
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&package).join("..")
}

fn metadata() -> Result<Value, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root());
    let output = command.output().map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// Crates of ours and what they depend on; what tests alone use does not count.
fn edges(metadata: &Value, remarks: &mut Vec<String>) {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let packages = list(metadata, "packages");
    let ours: BTreeSet<String> = packages.iter().map(|package| text(package, "name")).collect();
    for package in &packages {
        let name = text(package, "name");
        let Some(allowed) = allowed.get(name.as_str()) else {
            remarks.push(format!("{name}: a new crate; say in xtask/src/tidy.rs what it may depend on"));
            continue;
        };
        for dependency in list(package, "dependencies").iter().filter(|dependency| text(dependency, "kind") != "dev") {
            let on = text(dependency, "name");
            if ours.contains(&on) && !allowed.contains(&on.as_str()) {
                remarks.push(format!("{name}: depends on {on}, which ARCHITECTURE.md does not draw"));
            }
            if let Some((_, owner)) = OWNED.iter().find(|(krate, owner)| *krate == on && *owner != name) {
                remarks.push(format!("{name}: depends on {on}, which only {owner} may use"));
            }
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| !path.ends_with("target"))
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

fn source(file: &Path, remarks: &mut Vec<String>) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let lines = text.lines().count();
    remarks.extend(crate::entrances::check(&root(), file, &text));
    let mut remark = |what: String| remarks.push(format!("{}: {what}", file.display()));
    if !text.starts_with("//!") {
        remark("does not open with `//!`: say what the file is for".into());
    }
    let test = file.components().any(|step| step.as_os_str() == "tests") || name == "tests.rs";
    if !test && !text.contains("//! Deliberately absent:") {
        remark("does not say what is deliberately absent".into());
    }
    if FORBIDDEN.contains(&name) {
        remark("names no subject; name the file for what it is about".into());
    }
    if lines > LINES_MAX {
        remark(format!("{lines} lines; split it (around 400 is the habit)"));
    }
    let short = matches!(name, "lib.rs" | "main.rs");
    if short && lines > 60 {
        remark(format!("{lines} lines; `lib.rs` and `main.rs` are maps of at most 60"));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tree_is_tidy() {
        assert_eq!(super::check(), Vec::<String>::new());
    }
}
