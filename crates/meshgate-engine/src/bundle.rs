//! Bundles on disk: every `.rego` below a folder or in an archive, and `data.json` / `data.yaml` at their folder's path, as
//! OPA has it.
//!
//! A bundle's `.manifest` (OPA's name for it, JSON) may say `{"input": "raw"}`: its rules see the document itself; and
//! `{"rego_version": 0}`, of modules in Rego v0; `roots` are what it is about, and it may hold nothing else.
//!
//! Deliberately absent: signatures of bundles; a bundle that is pinned has its digest in the configuration.

mod archive;
mod loading;

pub use loading::{overlay, tree};

use crate::engine::EngineError;
use ignore::WalkBuilder;
use meshgate_core::limits::{EvaluationLimits, ReadLimits};
use meshgate_rego::{Documents, Module, Value as RegoValue, Version};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Component, Path};

/// The Rego and the data of one bundle.
#[derive(Default)]
pub struct Files {
    pub modules: Vec<Module>,
    pub data: Vec<RegoValue>,
    /// The file of each.
    pub data_files: Vec<String>,
    /// The SHA-256 of its files, with their names.
    pub digest: String,
    /// Do its rules want the document itself as `input`?
    pub raw: bool,
    /// The paths that its manifest says it is about: its packages lie there, too.
    pub roots: Option<Vec<String>>,
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
pub fn read(path: &Path, limits: &EvaluationLimits) -> Result<Files, EngineError> {
    let files = read_any(path, None, limits)?;
    if files.modules.is_empty() && files.data.is_empty() {
        return Err(EngineError::new(
            path.display(),
            "holds no .rego file and no data.json: a gate without rules is open",
        ));
    }
    Ok(files)
}

/// Reads a folder, a file or an archive that may hold nothing for us. Nothing outside of `within` is read, wherever links
/// lead.
pub fn read_any(path: &Path, within: Option<&Path>, limits: &EvaluationLimits) -> Result<Files, EngineError> {
    if !path.exists() {
        return Err(EngineError::new(path.display(), "there is no such bundle"));
    }
    let mut reading = Reading::new(limits);
    if archive::is_one(path) && path.is_file() {
        for (below, bytes) in archive::read(path)? {
            reading.add(&format!("{}/{below}", path.display()), &below, || Ok(bytes))?;
        }
        return reading.end();
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
        if entry.path().is_dir() {
            continue;
        }
        let name = entry.path().display().to_string();
        let below = entry.path().strip_prefix(path).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
        // A file that is named is known by its own name.
        let below = if below.is_empty() { entry.file_name().to_string_lossy().into_owned() } else { below };
        reading.add(&name, &below, || {
            if let Some(within) = within
                && !std::fs::canonicalize(entry.path()).is_ok_and(|real| real.starts_with(within))
            {
                return Err(EngineError::new(&name, "is a link that leads out of its folder"));
            }
            // A pipe would wait for ever.
            if !entry.path().is_file() {
                return Err(EngineError::new(&name, "is no regular file"));
            }
            std::fs::read(entry.path()).map_err(|error| EngineError::new(&name, error))
        })?;
    }
    reading.end()
}

/// A bundle that is being read.
struct Reading {
    files: Files,
    documents: Documents,
    digest: Sha256,
    roots: Option<Vec<String>>,
}

impl Reading {
    fn new(limits: &EvaluationLimits) -> Self {
        Self { files: Files::default(), documents: Documents::new(limits), digest: Sha256::new(), roots: None }
    }

    /// Adds a file, if it is one of a bundle.
    fn add(
        &mut self,
        name: &str,
        below: &str,
        bytes: impl FnOnce() -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), EngineError> {
        let (folder, kind) = below.rsplit_once('/').unwrap_or(("", below));
        let is_data = matches!(kind, "data.json" | "data.yaml" | "data.yml");
        let is_ours = folder.is_empty() && matches!(kind, ".manifest" | CLEARANCE);
        if !kind.ends_with(".rego") && !is_data && !is_ours {
            return Ok(());
        }
        let bytes = bytes()?;
        for part in [below.as_bytes(), &bytes] {
            self.digest.update((part.len() as u64).to_le_bytes());
            self.digest.update(part);
        }
        let files = &mut self.files;
        if is_data {
            files.data_files.push(name.to_owned());
            files.data.push(data(name, &bytes, Path::new(folder), &mut self.documents)?);
        } else if kind == ".manifest" {
            let manifest = manifest(name, &bytes)?;
            (files.raw, files.version, files.manifest_revision) = (manifest.raw, manifest.version, manifest.revision);
            self.roots = manifest.roots;
        } else if kind == CLEARANCE {
            files.clearance = String::from_utf8(bytes).ok();
        } else {
            let text = String::from_utf8(bytes).map_err(|_| EngineError::new(name, "is not UTF-8"))?;
            files.modules.push(Module { file: name.to_owned(), text });
        }
        Ok(())
    }

    fn end(self) -> Result<Files, EngineError> {
        let Self { mut files, digest, roots, .. } = self;
        files.digest = hex(&digest.finalize());
        if let Some(roots) = roots {
            for (document, file) in files.data.iter().zip(&files.data_files) {
                if let Some(outside) = outside(document, &roots) {
                    let message = format!("has data at `{outside}`, which lies below none of the manifest's roots");
                    return Err(EngineError::new(file, message));
                }
            }
            files.roots = Some(roots);
        }
        Ok(files)
    }
}

/// Is a path at or below one of these roots?
pub fn is_below(path: &str, roots: &[String]) -> bool {
    let fits = |root: &String| {
        root.is_empty() || path.strip_prefix(root.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    roots.iter().any(fits)
}

/// The first place in a document that lies below none of these roots. Objects on the way to a root are none.
fn outside(document: &RegoValue, roots: &[String]) -> Option<String> {
    fn look(value: &RegoValue, path: &str, roots: &[String]) -> Option<String> {
        if is_below(path, roots) {
            return None;
        }
        let leads = |root: &String| path.is_empty() || root.starts_with(&format!("{path}/"));
        match value {
            RegoValue::Object(map) if roots.iter().any(leads) => map.iter().find_map(|(key, value)| {
                let RegoValue::String(key) = key else { return None };
                let path = if path.is_empty() { key.to_string() } else { format!("{path}/{key}") };
                look(value, &path, roots)
            }),
            _ => Some(path.to_owned()),
        }
    }
    look(document, "", roots)
}

/// Writes bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a manifest says.
struct Manifest {
    raw: bool,
    version: Version,
    revision: Option<String>,
    roots: Option<Vec<String>>,
}

/// Reads what a manifest says of the input, of the language, and of what the bundle is about. What other tools write there
/// is theirs.
fn manifest(name: &str, bytes: &[u8]) -> Result<Manifest, EngineError> {
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
    let roots = match manifest.get("roots") {
        None | Some(Value::Null) => None,
        Some(Value::Array(roots)) => {
            let one = |root: &Value| root.as_str().map(|root| root.trim_matches('/').to_owned());
            let roots: Option<Vec<String>> = roots.iter().map(one).collect();
            Some(roots.ok_or_else(|| EngineError::new(name, "`roots` has something that is no text"))?)
        }
        Some(_) => return Err(EngineError::new(name, "`roots` is no list of paths")),
    };
    let revision = manifest.get("revision").and_then(Value::as_str).filter(|revision| !revision.is_empty());
    Ok(Manifest { raw, version, revision: revision.map(str::to_owned), roots })
}

/// Reads one document of data.
pub fn document(path: &Path, limits: &EvaluationLimits) -> Result<RegoValue, EngineError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| EngineError::new(&name, error))?;
    data(&name, &bytes, Path::new(""), &mut Documents::new(limits))
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

fn data(name: &str, bytes: &[u8], folder: &Path, documents: &mut Documents) -> Result<RegoValue, EngineError> {
    // A tree of a large document would need several times the memory of what is made of it in the end.
    let value = match documents.read(bytes) {
        Ok(value) => value,
        Err(_) => documents.take(&any_document(name, bytes)?),
    };
    if !matches!(value, RegoValue::Object(_)) {
        return Err(EngineError::new(name, "is not an object"));
    }
    let steps = folder.components().rev().filter_map(|step| match step {
        Component::Normal(step) => step.to_str(),
        _ => None,
    });
    Ok(steps.fold(value, |value, step| RegoValue::from(BTreeMap::from([(RegoValue::from(step), value)]))))
}
