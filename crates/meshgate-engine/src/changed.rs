//! Which files of a run are looked at when only changes are: those that differ from what is compared with, and those that
//! depend on one that does.
//!
//! Deliberately absent: rules that changed. Where a configuration or a bundle differs, everything below it is looked at.

use crate::base::{Base, History};
use crate::config::CONFIG_FILE;
use crate::engine::Engine;
use crate::judge::Prepared;
use crate::layers::{Layers, POLICIES};
use crate::mesh::Entry;
use crate::reading;
use crate::sources::{name, tidy};
use meshgate_descriptor::{Document, Files, Opened, Unopened};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Hears which files references lead to.
pub struct Recorder<'a> {
    files: &'a dyn Files,
    seen: Mutex<Vec<String>>,
}

impl<'a> Recorder<'a> {
    pub fn new(files: &'a dyn Files) -> Self {
        Self { files, seen: Mutex::default() }
    }

    pub fn seen(self) -> Vec<String> {
        self.seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, file: &str) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(file.to_owned());
    }
}

impl Files for Recorder<'_> {
    fn open(&self, from: &str, reference: &str) -> Result<Opened, Unopened> {
        let opened = self.files.open(from, reference);
        match &opened {
            Ok(opened) => self.note(&opened.file),
            // What is gone may have been there.
            Err(Unopened::Missing | Unopened::Unreadable(_)) => {
                let folder = Path::new(from).parent().unwrap_or(Path::new(""));
                self.note(&name(&tidy(&folder.join(reference))));
            }
            Err(_) => {}
        }
        opened
    }

    fn contract(&self, id: &str) -> Option<Opened> {
        self.files.contract(id)
    }

    fn recent(&self, file: &str) -> Option<Vec<Document>> {
        self.files.recent(file)
    }

    fn contract_file(&self, id: &str) -> Option<String> {
        self.files.contract_file(id)
    }
}

/// What a file has and wants, by ids.
#[derive(Default)]
struct Ties {
    has: Vec<String>,
    wants: Vec<String>,
}

/// What differs, each looked at once.
struct Differences<'a> {
    base: &'a Base,
    bytes_max: usize,
    files: HashMap<PathBuf, bool>,
    folders: HashMap<PathBuf, bool>,
}

impl Differences<'_> {
    /// Does a file differ, or has it come or gone?
    fn file(&mut self, path: &Path) -> bool {
        if let Some(known) = self.files.get(path) {
            return *known;
        }
        let then = path.to_string_lossy();
        let differs = match (path.exists(), self.base.read(&then)) {
            // What a link leads to may have been no descriptor then.
            _ if path.is_symlink() => true,
            (false, Ok(None)) => false,
            // What cannot be read is looked at, and told.
            (true, Ok(Some(_))) => {
                reading::regular(path, self.bytes_max).map_or(true, |bytes| !self.base.is_same(&then, &bytes))
            }
            _ => true,
        };
        self.files.insert(path.to_owned(), differs);
        differs
    }

    /// Does anything in a folder?
    fn folder(&mut self, path: &Path) -> bool {
        if let Some(known) = self.folders.get(path) {
            return *known;
        }
        let walk = ignore::WalkBuilder::new(path).standard_filters(false).follow_links(true).build();
        let now: Vec<PathBuf> = match path.is_dir() {
            true => walk.flatten().map(|entry| entry.into_path()).filter(|path| path.is_file()).collect(),
            false => Vec::new(),
        };
        let differs = now.len() != self.base.count(path) || now.iter().any(|file| self.file(file));
        self.folders.insert(path.to_owned(), differs);
        differs
    }

    /// The same for either.
    fn path(&mut self, path: &Path) -> bool {
        if path.is_dir() { self.folder(path) } else { self.file(path) }
    }

    /// Does anything that speaks of the descriptors of a folder?
    fn layers(&mut self, folder: &Path) -> bool {
        folder.ancestors().any(|at| self.speaks(at))
    }

    /// Does anything of one folder: its configuration, its rules, and what it hides?
    fn speaks(&mut self, at: &Path) -> bool {
        self.file(&at.join(CONFIG_FILE)) || self.file(&at.join(".gitignore")) || self.folder(&at.join(POLICIES))
    }
}

/// Leaves the files that changed and those that depend on them.
pub fn narrow(prepared: Vec<Prepared>, history: &History, layers: &Layers, engine: &Engine) -> Vec<Prepared> {
    let base = &*history.base;
    let bytes_max = engine.read_limits.file_bytes_max;
    let mut differences = Differences { base, bytes_max, files: HashMap::new(), folders: HashMap::new() };
    // Rules that are the root's are everybody's.
    let sources = engine.layers.iter().filter_map(|layer| layer.config.source.as_ref());
    let mut roots: Vec<PathBuf> = sources.map(|source| PathBuf::from(&source.name)).collect();
    let root = &engine.root;
    let named = root.waiver_files.iter().chain(&root.baseline).chain(root.plugins.iter().map(|entry| &entry.path));
    roots.extend(named.map(|path| root.folder.join(path)));
    let files = roots.iter().filter(|path| base.holds(path)).any(|path| differences.path(path));
    let mut bundles = engine.listed.iter().filter(|folder| base.holds(folder));
    if files || bundles.any(|folder| differences.folder(folder)) {
        return prepared;
    }
    let mut looked: Vec<bool> = Vec::with_capacity(prepared.len());
    for file in &prepared {
        let path = Path::new(&file.found.name);
        let folder = path.parent().unwrap_or(Path::new(""));
        let above = std::env::current_dir().ok().filter(|_| !path.is_absolute());
        let own = layers.paths(&file.found.path);
        looked.push(
            differences.file(path)
                || file.refers.iter().any(|name| differences.file(Path::new(name)))
                || differences.layers(folder)
                || above.is_some_and(|above| {
                    above.ancestors().skip(1).filter(|up| base.holds(up)).any(|up| differences.speaks(up))
                })
                || own.iter().any(|path| base.holds(path) && differences.path(path)),
        );
    }
    let names: HashSet<&str> = prepared.iter().map(|file| file.found.name.as_str()).collect();
    // What is gone is wanted in vain.
    let gone = history.descriptors().filter(|(_, file)| !names.contains(file));
    let mut ids: HashSet<String> = gone.map(|(id, _)| id.to_owned()).collect();
    let ties: Vec<Ties> = prepared.iter().map(ties).collect();
    for (ties, looked) in ties.iter().zip(&looked) {
        if *looked {
            ids.extend(ties.has.iter().cloned());
        }
    }
    for (ties, looked) in ties.iter().zip(&mut looked) {
        *looked |= ties.wants.iter().any(|id| ids.contains(id));
    }
    prepared.into_iter().zip(looked).filter_map(|(file, looked)| looked.then_some(file)).collect()
}

fn ties(file: &Prepared) -> Ties {
    let mut ties = Ties::default();
    for entry in &file.entries {
        match entry {
            Entry::Contract(contract) => ties.has.push(contract.id.clone()),
            Entry::Product(product) => {
                ties.has.push(product.id.clone());
                ties.has.extend(product.fqn.clone());
                for port in &product.ports {
                    // What it offers is its contract's affair too; what it reads, its provider's.
                    ties.wants.extend(port.contract_id.clone());
                    ties.wants.extend(port.upstream.iter().cloned());
                    if port.direction == meshgate_core::model::Direction::Output {
                        ties.has.extend(port.contract_id.clone());
                        ties.has.extend(port.id.clone());
                    }
                }
            }
        }
    }
    ties
}
