//! The files that references may reach: those within the folders of the run, and no others.
//!
//! Deliberately absent: the network, unless a host was allowed by name.

pub mod fetch;

use crate::discover::Found;
use crate::reading;
use fetch::Fetcher;
use meshgate_descriptor::{Document, Files, Opened, Unopened, host};
use std::collections::{HashMap, VecDeque};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where the files of a run are read from.
pub(crate) trait Tree: Files + Sync {
    /// Reads a file of the run.
    fn bytes(&self, file: &Found, bytes_max: usize) -> std::io::Result<Vec<u8>>;

    /// Keeps what was read of a file for those beside it.
    fn remember(&self, _file: &str, _documents: &[Document]) {}

    /// The same, for references.
    fn files(&self) -> &dyn Files;
}

/// Opens files for references, relative to the file that refers.
#[derive(Debug, Default)]
pub struct Sources {
    /// The folders that may be read, links and `..` resolved.
    roots: Vec<PathBuf>,
    /// Files of the run that hold a contract, by its id: the first, where several have it.
    contracts: HashMap<String, PathBuf>,
    bytes_max: usize,
    fetcher: Option<Fetcher>,
    recent: Mutex<VecDeque<(String, Vec<Document>)>>,
}

/// Files that are remembered: a product lies beside its contracts, and is judged a moment after them.
const RECENT_MAX: usize = 64;
/// Bytes of a file that is remembered.
const RECENT_BYTES_MAX: usize = 1 << 18;

impl Sources {
    /// Allows the folders that the paths of a run stand for: a folder itself; for a file, the nearest folder above it that
    /// holds `.git` or `meshgate.yaml`, else its own. Never more because of where the command runs.
    pub fn new(paths: &[PathBuf], bytes_max: usize, fetcher: Option<Fetcher>) -> Self {
        let root = |path: &PathBuf| {
            let real = std::fs::canonicalize(path).ok()?;
            if real.is_dir() {
                return Some(real);
            }
            let folder = real.parent()?;
            let marked = |folder: &&Path| folder.join(".git").exists() || folder.join("meshgate.yaml").exists();
            Some(folder.ancestors().find(marked).unwrap_or(folder).to_owned())
        };
        let roots = paths.iter().filter_map(root).collect();
        Self { roots, contracts: HashMap::new(), bytes_max, fetcher, recent: Mutex::default() }
    }

    /// Refuses a link that leads out of the folders of the run.
    pub fn within(&self, path: &Path) -> std::io::Result<()> {
        let real = std::fs::canonicalize(path)?;
        if self.roots.iter().any(|root| real.starts_with(root)) {
            Ok(())
        } else {
            Err(std::io::Error::other("it is a link that leads out of the folders that are checked"))
        }
    }

    /// Says where a contract is. The first file that has an id keeps it.
    pub fn add_contract(&mut self, id: String, path: &Path) {
        self.contracts.entry(id).or_insert_with(|| path.to_owned());
    }

    fn read(&self, path: &Path) -> Result<Opened, Unopened> {
        let real = match std::fs::canonicalize(path) {
            Ok(real) => real,
            // Whether something is there is not told of what lies outside.
            Err(_) if !self.lexically_within(path) => return Err(Unopened::Outside),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(Unopened::Missing),
            Err(error) => return Err(Unopened::Unreadable(error.to_string())),
        };
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            return Err(Unopened::Outside);
        }
        let bytes = reading::regular(&real, self.bytes_max).map_err(|error| Unopened::Unreadable(error.to_string()))?;
        Ok(Opened { file: name(path), bytes })
    }

    fn lexically_within(&self, path: &Path) -> bool {
        let absolute = std::path::absolute(path).map(|path| tidy(&path)).unwrap_or_default();
        self.roots.iter().any(|root| absolute.starts_with(root))
    }
}

impl Tree for Sources {
    /// A regular file, no larger than the limit, and when it was found in a folder, in that folder even if it is a link.
    fn bytes(&self, file: &Found, bytes_max: usize) -> std::io::Result<Vec<u8>> {
        if file.named && reading::is_pipe(&file.path) {
            return reading::named_for_reader(&file.path, bytes_max);
        }
        if !file.named && file.path.is_symlink() {
            self.within(&file.path)?;
        }
        reading::regular(&file.path, bytes_max)
    }

    fn remember(&self, file: &str, documents: &[Document]) {
        if documents.first().is_none_or(|document| document.text().len() > RECENT_BYTES_MAX) {
            return;
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push_front((file.to_owned(), documents.to_vec()));
        recent.truncate(RECENT_MAX);
    }

    fn files(&self) -> &dyn Files {
        self
    }
}

impl Files for Sources {
    fn open(&self, from: &str, reference: &str) -> Result<Opened, Unopened> {
        if reference.starts_with("file:") {
            return Err(Unopened::Outside);
        }
        if let Some(host) = host(reference) {
            let fetched = self.fetcher.as_ref().and_then(|fetcher| fetcher.fetch(host, reference));
            return fetched.unwrap_or_else(|| Err(Unopened::Remote(host.to_owned())));
        }
        // A file that came over the network refers to its neighbours there.
        if let Some(base) = from.rsplit_once('/').map(|(base, _)| base).filter(|_| host(from).is_some()) {
            return self.open("", &format!("{base}/{reference}"));
        }
        let folder = Path::new(from).parent().unwrap_or(Path::new(""));
        self.read(&tidy(&folder.join(reference)))
    }

    fn contract(&self, id: &str) -> Option<Opened> {
        self.read(self.contracts.get(id)?).ok()
    }

    fn recent(&self, file: &str) -> Option<Vec<Document>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().find(|(known, _)| known == file).map(|(_, documents)| documents.clone())
    }

    fn contract_file(&self, id: &str) -> Option<String> {
        self.contracts.get(id).map(|path| name(path))
    }
}

/// Takes `.` and `name/..` out of a path; `..` at its beginning stays.
pub fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for step in path.components() {
        match step {
            Component::CurDir => {}
            Component::ParentDir if tidy.file_name().is_some() => {
                tidy.pop();
            }
            step => tidy.push(step),
        }
    }
    tidy
}

pub fn name(path: &Path) -> String {
    let text = path.display().to_string();
    if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}
