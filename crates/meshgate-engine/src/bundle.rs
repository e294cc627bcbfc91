//! Bundles on disk: every `.rego` below a folder, and `data.json` / `data.yaml` at their folder's path, as OPA has it.
//!
//! A bundle's `.manifest` (OPA's name for it, JSON) may say `{"input": "raw"}`: its rules see the document itself.
//!
//! Deliberately absent: archives; the manifest's `roots`.

use crate::engine::EngineError;
use ignore::WalkBuilder;
use meshgate_core::limits::ReadLimits;
use meshgate_rego::Module;
use serde_json::{Map, Value};
use std::path::{Component, Path};

/// The Rego and the data of one bundle.
#[derive(Default)]
pub struct Files {
    pub modules: Vec<Module>,
    pub data: Vec<Value>,
    /// Do its rules want the document itself as `input`?
    pub raw: bool,
}

/// Reads a folder, or one `.rego` file.
pub fn read(path: &Path) -> Result<Files, EngineError> {
    let mut files = Files::default();
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
        let text = || std::fs::read(entry.path()).map_err(|error| EngineError::new(&name, error));
        if kind.ends_with(".rego") && entry.path().is_file() {
            let text = String::from_utf8(text()?).map_err(|_| EngineError::new(&name, "is not UTF-8"))?;
            files.modules.push(Module { file: name, text });
        } else if kind == ".manifest" && entry.depth() == 1 {
            files.raw = manifest(&name, &text()?)?;
        } else if matches!(kind, "data.json" | "data.yaml" | "data.yml") {
            let folder = entry.path().parent().unwrap_or(path);
            files.data.push(data(&name, &text()?, folder.strip_prefix(path).unwrap_or(Path::new("")))?);
        }
    }
    if files.modules.is_empty() && files.data.is_empty() {
        return Err(EngineError::new(
            path.display(),
            "holds no .rego file and no data.json: a gate without rules is open",
        ));
    }
    Ok(files)
}

/// Reads what a manifest says of the input. What other tools write there is theirs.
fn manifest(name: &str, bytes: &[u8]) -> Result<bool, EngineError> {
    let manifest: Value = serde_json::from_slice(bytes).map_err(|error| EngineError::new(name, error))?;
    match manifest.get("input").map(Value::as_str) {
        None | Some(Some("model")) => Ok(false),
        Some(Some("raw")) => Ok(true),
        Some(_) => Err(EngineError::new(name, "`input` is neither `raw` nor `model`")),
    }
}

fn data(name: &str, bytes: &[u8], folder: &Path) -> Result<Value, EngineError> {
    let parsed =
        meshgate_descriptor::read(name, bytes, &ReadLimits { file_bytes_max: usize::MAX, ..ReadLimits::default() });
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Err(EngineError::new(name, &diagnostic.message));
    }
    let document = parsed.documents.first().map(|document| document.to_value());
    let value = document.filter(Value::is_object).ok_or_else(|| EngineError::new(name, "is not an object"))?;
    let steps = folder.components().rev().filter_map(|step| match step {
        Component::Normal(step) => step.to_str(),
        _ => None,
    });
    Ok(steps.fold(value, |value, step| Value::Object(Map::from_iter([(step.to_owned(), value)]))))
}
