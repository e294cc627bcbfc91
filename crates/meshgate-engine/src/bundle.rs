//! Bundles on disk: every `.rego` below a folder or in an archive, and `data.json` / `data.yaml` at their folder's path, as
//! OPA has it.
//!
//! A bundle's `.manifest` (OPA's name for it, JSON) may say `{"input": "raw"}`: its rules see the document itself; and
//! `{"rego_version": 0}`, of modules in Rego v0, with `file_rego_versions` by path; `{"types": "warn"}`: errors of types are warnings; `roots` are what it is
//! about, and it may hold nothing else.
//!
//! Deliberately absent: signatures of bundles; a bundle that is pinned has its digest in the configuration.

mod archive;
mod loading;

pub use loading::{overlay, tree};

use crate::engine::EngineError;
use crate::reading;
use ignore::WalkBuilder;
use meshgate_core::limits::{EvaluationLimits, ReadLimits};
use meshgate_core::size::{has_more_values, json_values};
use meshgate_rego::{Documents, Module, Value as RegoValue, Version, fits};
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
    /// Are errors of types warnings?
    pub warn_of_types: bool,
    /// The paths that its manifest says it is about: its packages lie there, too.
    pub roots: Option<Vec<String>>,
    /// What its manifest says of its revision.
    pub manifest_revision: Option<String>,
    /// Which Rego its modules are in.
    pub version: Version,
    /// Those of single modules, by their names.
    pub versions: BTreeMap<String, Version>,
    /// The record of what is cleared for the fast gear, if it has one.
    pub clearance: Option<String>,
    /// Are they compiled into the program?
    pub built_in: bool,
}

impl Files {
    /// Which Rego each module is in, where the manifest says.
    pub fn all_versions(&self) -> BTreeMap<String, Version> {
        let said = self.modules.iter().filter(|_| self.version != Version::Either);
        let mut versions: BTreeMap<_, _> = said.map(|module| (module.file.clone(), self.version)).collect();
        versions.extend(self.versions.clone());
        versions
    }

    /// What the manifest says, else the digest of its files.
    pub fn revision(&self) -> String {
        let digest = || if self.digest.is_empty() { env!("CARGO_PKG_VERSION") } else { &self.digest };
        self.manifest_revision.clone().unwrap_or_else(|| digest().chars().take(16).collect())
    }
}

/// What a bundle may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one file.
    file_bytes_max: usize,
    /// Bytes of all files; of an archive, those that are no part of the bundle count as well.
    bytes_max: usize,
    /// Files.
    files_max: usize,
    /// Values of all its documents, with every use of an alias counted.
    values_max: usize,
}

impl Bounds {
    /// Of what the root names: it is the law, and may be large.
    pub const ROOT: Self =
        Self { file_bytes_max: 1 << 30, bytes_max: 2 << 30, files_max: 100_000, values_max: 100_000_000 };
    /// Of what lies in the tree that is judged.
    pub const TREE: Self =
        Self { file_bytes_max: 16 << 20, bytes_max: 64 << 20, files_max: 10_000, values_max: 1_000_000 };
}

/// Values of one document of YAML, which takes several times the memory of JSON while it is read.
const YAML_VALUES_MAX: usize = 10_000_000;

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
    let bounds = if within.is_some() { Bounds::TREE } else { Bounds::ROOT };
    let mut reading = Reading::new(limits, bounds);
    if archive::is_one(path) && path.is_file() {
        for (below, bytes) in archive::read(path, &bounds, is_part)? {
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
            reading::whole(entry.path(), bounds.file_bytes_max).map_err(|error| EngineError::new(&name, error))
        })?;
    }
    reading.end()
}

/// A bundle that is being read.
struct Reading {
    files: Files,
    documents: Documents,
    digest: Sha256,
    /// The path of each module, from the bundle's folder.
    below: Vec<String>,
    file_versions: BTreeMap<String, Version>,
    roots: Option<Vec<String>>,
    bounds: Bounds,
    /// What there is still room for.
    left: Bounds,
}

/// Is a file, by its name below the bundle's root, a part of a bundle?
fn is_part(below: &str) -> bool {
    let (folder, kind) = below.rsplit_once('/').unwrap_or(("", below));
    is_data(kind) || kind.ends_with(".rego") || (folder.is_empty() && matches!(kind, ".manifest" | CLEARANCE))
}

fn is_data(kind: &str) -> bool {
    matches!(kind, "data.json" | "data.yaml" | "data.yml")
}

impl Reading {
    fn new(limits: &EvaluationLimits, bounds: Bounds) -> Self {
        let documents = Documents::new(limits);
        Self {
            files: Files::default(),
            documents,
            digest: Sha256::new(),
            roots: None,
            below: Vec::new(),
            file_versions: BTreeMap::new(),
            bounds,
            left: bounds,
        }
    }

    /// Counts a file against what the bundle may hold.
    fn count(&mut self, name: &str, bytes: usize) -> Result<(), EngineError> {
        let (left, bounds) = (&mut self.left, &self.bounds);
        let more =
            |most: usize, what: &str| EngineError::new(name, format!("the bundle holds more than {most} {what}"));
        left.bytes_max =
            left.bytes_max.checked_sub(bytes).ok_or_else(|| more(bounds.bytes_max, "bytes of policies and data"))?;
        left.files_max = left.files_max.checked_sub(1).ok_or_else(|| more(bounds.files_max, "files"))?;
        Ok(())
    }

    /// Reads a document against what the bundle may hold.
    fn data(&mut self, name: &str, bytes: &[u8], folder: &Path) -> Result<RegoValue, EngineError> {
        let left = self.left.values_max;
        let (value, values) = data(name, bytes, folder, &mut self.documents, left)?;
        self.left.values_max = left.saturating_sub(values);
        Ok(value)
    }

    /// Adds a file, if it is one of a bundle.
    fn add(
        &mut self,
        name: &str,
        below: &str,
        bytes: impl FnOnce() -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), EngineError> {
        let (folder, kind) = below.rsplit_once('/').unwrap_or(("", below));
        if !is_part(below) {
            return Ok(());
        }
        let bytes = bytes()?;
        self.count(name, bytes.len())?;
        for part in [below.as_bytes(), &bytes] {
            self.digest.update((part.len() as u64).to_le_bytes());
            self.digest.update(part);
        }
        if is_data(kind) {
            let document = self.data(name, &bytes, Path::new(folder))?;
            self.files.data_files.push(name.to_owned());
            self.files.data.push(document);
            return Ok(());
        }
        let files = &mut self.files;
        if kind == ".manifest" {
            let manifest = manifest(name, &bytes)?;
            (files.raw, files.version, files.manifest_revision) = (manifest.raw, manifest.version, manifest.revision);
            files.warn_of_types = manifest.warn_of_types;
            self.roots = manifest.roots;
            self.file_versions = manifest.file_versions;
        } else if kind == CLEARANCE {
            files.clearance = String::from_utf8(bytes).ok();
        } else {
            let text = String::from_utf8(bytes).map_err(|_| EngineError::new(name, "is not UTF-8"))?;
            files.modules.push(Module { file: name.to_owned(), text });
            self.below.push(format!("/{below}"));
        }
        Ok(())
    }

    fn end(self) -> Result<Files, EngineError> {
        let Self { mut files, digest, roots, below, file_versions, .. } = self;
        for (module, path) in files.modules.iter().zip(&below) {
            if let Some((_, version)) = file_versions.iter().find(|(glob, _)| fits(glob, path) == Ok(true)) {
                files.versions.insert(module.file.clone(), *version);
            }
        }
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

/// Values of a manifest.
const MANIFEST_VALUES_MAX: usize = 1_000_000;

/// What a manifest says.
struct Manifest {
    raw: bool,
    version: Version,
    /// Globs over paths that begin with `/`, in the order of their texts.
    file_versions: BTreeMap<String, Version>,
    warn_of_types: bool,
    revision: Option<String>,
    roots: Option<Vec<String>>,
}

/// Reads what a manifest says of the input, of the language, and of what the bundle is about. What other tools write there
/// is theirs.
fn manifest(name: &str, bytes: &[u8]) -> Result<Manifest, EngineError> {
    let manifest: Value = reading::json(bytes, MANIFEST_VALUES_MAX).map_err(|error| EngineError::new(name, error))?;
    let raw = match manifest.get("input").map(Value::as_str) {
        None | Some(Some("model")) => false,
        Some(Some("raw")) => true,
        Some(_) => return Err(EngineError::new(name, "`input` is neither `raw` nor `model`")),
    };
    let number = |value: &Value, key: &str| match value.as_u64() {
        Some(0) => Ok(Version::V0),
        Some(1) => Ok(Version::V1),
        _ => Err(EngineError::new(name, format!("`{key}` is neither 0 nor 1"))),
    };
    let version = match manifest.get("rego_version") {
        None => Version::Either,
        Some(said) => number(said, "rego_version")?,
    };
    let mut file_versions = BTreeMap::new();
    match manifest.get("file_rego_versions") {
        None | Some(Value::Null) => {}
        Some(Value::Object(files)) => {
            for (glob, said) in files {
                let of = number(said, &format!("file_rego_versions.{glob}"))?;
                let glob = if glob.starts_with(['/', '*']) { glob.clone() } else { format!("/{glob}") };
                fits(&glob, "").map_err(|error| {
                    EngineError::new(name, format!("`file_rego_versions` has `{glob}`, which is no glob: {error}"))
                })?;
                file_versions.insert(glob, of);
            }
        }
        Some(_) => return Err(EngineError::new(name, "`file_rego_versions` is no object of paths")),
    }
    let warn_of_types = match manifest.get("types").map(Value::as_str) {
        None | Some(Some("error")) => false,
        Some(Some("warn")) => true,
        Some(_) => return Err(EngineError::new(name, "`types` is neither `error` nor `warn`")),
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
    Ok(Manifest { raw, version, file_versions, warn_of_types, revision: revision.map(str::to_owned), roots })
}

/// Reads one document of data that the command line names.
pub fn document(path: &Path, limits: &EvaluationLimits) -> Result<RegoValue, EngineError> {
    let name = path.display().to_string();
    let bounds = Bounds::ROOT;
    let bytes = reading::named(path, bounds.file_bytes_max).map_err(|error| EngineError::new(&name, error))?;
    data(&name, &bytes, Path::new(""), &mut Documents::new(limits), bounds.values_max).map(|(value, _)| value)
}

/// Nesting of a document that is no descriptor: as deep as JSON is read.
const DEPTH_MAX: usize = 128;

/// Reads one document, whatever it is, of so many bytes and values at most.
pub fn any_document(name: &str, bytes: &[u8], bytes_max: usize, values_max: usize) -> Result<Value, EngineError> {
    if bytes.len() > bytes_max {
        return Err(EngineError::new(name, format!("has {} bytes, at most {bytes_max} are read", bytes.len())));
    }
    if has_more_values(bytes, values_max) && bytes.trim_ascii_start().starts_with(b"{") {
        return Err(EngineError::new(name, format!("has more than {values_max} values")));
    }
    // JSON is read as JSON: its numbers keep their kind, and it is read much faster.
    if let Ok(value) = reading::json(bytes, values_max) {
        return Ok(value);
    }
    let limits =
        ReadLimits { file_bytes_max: bytes_max, nodes_max: values_max.min(YAML_VALUES_MAX), depth_max: DEPTH_MAX };
    let parsed = meshgate_descriptor::read(name, bytes, &limits);
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Err(EngineError::new(name, &diagnostic.message));
    }
    let document = parsed.documents.first().map(|document| document.to_value());
    document.ok_or_else(|| EngineError::new(name, "is empty"))
}

/// A document at its folder's path, and how many values it has.
fn data(
    name: &str,
    bytes: &[u8],
    folder: &Path,
    documents: &mut Documents,
    values_max: usize,
) -> Result<(RegoValue, usize), EngineError> {
    let values = json_values(bytes);
    // A tree of a large document would need several times the memory of what is made of it in the end.
    let read = if values > values_max { None } else { documents.read(bytes, values).ok() };
    let (value, values) = match read {
        Some(value) => (value, values),
        None => documents.take(&any_document(name, bytes, bytes.len(), values_max)?),
    };
    if !matches!(value, RegoValue::Object(_)) {
        return Err(EngineError::new(name, "is not an object"));
    }
    let steps = folder.components().rev().filter_map(|step| match step {
        Component::Normal(step) => step.to_str(),
        _ => None,
    });
    let value = steps.fold(value, |value, step| RegoValue::from(BTreeMap::from([(RegoValue::from(step), value)])));
    Ok((value, values))
}
