//! Bundles on disk: every `.rego` below a folder, and `data.json` / `data.yaml` at their folder's path, as OPA has it.
//!
//! A bundle's `.manifest` (OPA's name for it, JSON) may say `{"input": "raw"}`: its rules see the document itself; and
//! `{"rego_version": 0}`, of modules in Rego v0.
//!
//! Deliberately absent: archives; the manifest's `roots`.

use crate::engine::EngineError;
use ignore::WalkBuilder;
use meshgate_core::limits::ReadLimits;
use meshgate_rego::{Module, Version};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::{Component, Path};

/// The Rego and the data of one bundle.
#[derive(Default)]
pub struct Files {
    pub modules: Vec<Module>,
    pub data: Vec<Value>,
    /// The file of each.
    pub data_files: Vec<String>,
    /// The SHA-256 of its files, with their names.
    pub digest: String,
    /// Do its rules want the document itself as `input`?
    pub raw: bool,
    /// What its manifest says of its revision.
    pub manifest_revision: Option<String>,
    /// Which Rego its modules are in.
    pub version: Version,
    /// The record of what is cleared for the fast gear, if it has one.
    pub clearance: Option<String>,
}

impl Files {
    /// What the manifest says, else the digest of its files.
    pub fn revision(&self) -> String {
        let digest = || if self.digest.is_empty() { env!("CARGO_PKG_VERSION") } else { &self.digest };
        self.manifest_revision.clone().unwrap_or_else(|| digest().chars().take(16).collect())
    }
}

/// The name of that record.
pub const CLEARANCE: &str = ".clearance.json";

/// Reads a folder, or one `.rego` file.
pub fn read(path: &Path) -> Result<Files, EngineError> {
    let files = read_any(path, None)?;
    if files.modules.is_empty() && files.data.is_empty() {
        return Err(EngineError::new(
            path.display(),
            "holds no .rego file and no data.json: a gate without rules is open",
        ));
    }
    Ok(files)
}

/// Reads a folder that may hold nothing for us. Nothing outside of `within` is read, wherever links lead.
pub fn read_any(path: &Path, within: Option<&Path>) -> Result<Files, EngineError> {
    let mut files = Files::default();
    let mut digest = Sha256::new();
    if !path.exists() {
        return Err(EngineError::new(path.display(), "there is no such bundle"));
    }
    // A hidden or ignored rule would be a rule that silently does not apply.
    for entry in WalkBuilder::new(path)
        .standard_filters(false)
        .follow_links(true)
        // Kubernetes mounts a ConfigMap as links into a folder `..<time>`: each file once.
        .filter_entry(|entry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with(".."))
        .sort_by_file_path(Path::cmp)
        .build()
    {
        let entry = entry.map_err(|error| EngineError::new(path.display(), error))?;
        let name = entry.path().display().to_string();
        let kind = entry.file_name().to_str().unwrap_or_default();
        let mut text = || {
            if let Some(within) = within
                && !std::fs::canonicalize(entry.path()).is_ok_and(|real| real.starts_with(within))
            {
                return Err(EngineError::new(&name, "is a link that leads out of its folder"));
            }
            // A pipe would wait for ever.
            if !entry.path().is_file() {
                return Err(EngineError::new(&name, "is no regular file"));
            }
            let bytes = std::fs::read(entry.path()).map_err(|error| EngineError::new(&name, error))?;
            let below = entry.path().strip_prefix(path).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
            for part in [below.as_bytes(), &bytes] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
            Ok(bytes)
        };
        if kind.ends_with(".rego") && entry.path().is_file() {
            let text = String::from_utf8(text()?).map_err(|_| EngineError::new(&name, "is not UTF-8"))?;
            files.modules.push(Module { file: name, text });
        } else if kind == ".manifest" && entry.depth() == 1 {
            (files.raw, files.version, files.manifest_revision) = manifest(&name, &text()?)?;
        } else if kind == CLEARANCE && entry.depth() == 1 {
            files.clearance = String::from_utf8(text()?).ok();
        } else if matches!(kind, "data.json" | "data.yaml" | "data.yml") {
            let folder = entry.path().parent().unwrap_or(path);
            files.data_files.push(name.clone());
            files.data.push(data(&name, &text()?, folder.strip_prefix(path).unwrap_or(Path::new("")))?);
        }
    }
    files.digest = hex(&digest.finalize());
    Ok(files)
}

/// Writes bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads what a manifest says of the input and of the language. What other tools write there is theirs.
fn manifest(name: &str, bytes: &[u8]) -> Result<(bool, Version, Option<String>), EngineError> {
    let manifest: Value = serde_json::from_slice(bytes).map_err(|error| EngineError::new(name, error))?;
    let raw = match manifest.get("input").map(Value::as_str) {
        None | Some(Some("model")) => false,
        Some(Some("raw")) => true,
        Some(_) => return Err(EngineError::new(name, "`input` is neither `raw` nor `model`")),
    };
    let version = match manifest.get("rego_version").map(Value::as_u64) {
        None => Version::Either,
        Some(Some(0)) => Version::V0,
        Some(Some(1)) => Version::V1,
        Some(_) => return Err(EngineError::new(name, "`rego_version` is neither 0 nor 1")),
    };
    let revision = manifest.get("revision").and_then(Value::as_str).filter(|revision| !revision.is_empty());
    Ok((raw, version, revision.map(str::to_owned)))
}

/// Reads one document of data.
pub fn document(path: &Path) -> Result<Value, EngineError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| EngineError::new(&name, error))?;
    data(&name, &bytes, Path::new(""))
}

/// Reads one document, whatever it is.
pub fn any_document(name: &str, bytes: &[u8]) -> Result<Value, EngineError> {
    let limits = ReadLimits { file_bytes_max: usize::MAX, nodes_max: usize::MAX, ..ReadLimits::default() };
    // JSON is read as JSON: its numbers keep their kind, and it is read much faster.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let parsed = meshgate_descriptor::read(name, bytes, &limits);
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Err(EngineError::new(name, &diagnostic.message));
    }
    let document = parsed.documents.first().map(|document| document.to_value());
    document.ok_or_else(|| EngineError::new(name, "is empty"))
}

fn data(name: &str, bytes: &[u8], folder: &Path) -> Result<Value, EngineError> {
    let value = any_document(name, bytes)?;
    if !value.is_object() {
        return Err(EngineError::new(name, "is not an object"));
    }
    let steps = folder.components().rev().filter_map(|step| match step {
        Component::Normal(step) => step.to_str(),
        _ => None,
    });
    Ok(steps.fold(value, |value, step| Value::Object(Map::from_iter([(step.to_owned(), value)]))))
}
