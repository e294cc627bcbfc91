//! What a run is compared with: a revision of git, another folder, one file, or a text.
//!
//! Deliberately absent: the comparison. Rules see the earlier model as `input.previous`, and say what of it matters.

mod git;
mod history;

pub use history::History;

pub use crate::baseline::Baseline;

use crate::reading;
use crate::sources::{name as shown_name, tidy};
use git::Git;
use std::fmt;
use std::path::{Path, PathBuf};

/// Bytes of one earlier file.
const FILE_BYTES_MAX: usize = 64 << 20;

/// What a run is compared with.
pub struct Base {
    kind: Kind,
    /// What reports call it.
    pub label: String,
    /// The paths of the run, as they were given.
    paths: Vec<PathBuf>,
}

enum Kind {
    Git(Git),
    /// Paths of the run, each with its counterpart.
    Folder(Vec<(PathBuf, PathBuf)>),
    Text(String, Vec<u8>),
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("label", &self.label).finish_non_exhaustive()
    }
}

impl Base {
    /// Opens what `--against` names: a file or folder when there is one of that name, else a revision of git.
    ///
    /// # Errors
    /// When it is neither, or both.
    pub fn open(against: &str, paths: &[PathBuf]) -> Result<Self, String> {
        let path = Path::new(against);
        let label = against.to_owned();
        let of = |kind| Self { kind, label, paths: paths.to_vec() };
        // Whoever may write into the tree could lay a folder where a branch is meant.
        let plain = !(against.starts_with("./") || against.starts_with("../") || path.is_absolute());
        match (path.exists(), Git::open(against, paths)) {
            (true, Ok(_)) if plain => Err(format!(
                "`{against}` is a path and a revision of git: write `./{against}` for the path, or `refs/heads/{against}`"
            )),
            (true, _) => Ok(of(Kind::Folder(counterparts(path, paths)?))),
            (false, Ok(git)) => Ok(of(Kind::Git(git))),
            (false, Err(why)) => Err(format!("`{against}` is no file or folder, and no revision of git: {why}")),
        }
    }

    /// The earlier version of one text.
    pub(crate) fn text(name: &str, bytes: Vec<u8>) -> Self {
        Self { kind: Kind::Text(name.to_owned(), bytes), label: "the previous version".to_owned(), paths: Vec::new() }
    }

    /// Names of the descriptors that there may be, as the run would name them.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.kind {
            Kind::Git(git) => self.paths.iter().flat_map(|path| git.names(path)).collect(),
            Kind::Text(name, _) => vec![name.clone()],
            Kind::Folder(pairs) => {
                let mut names = Vec::new();
                for (now, then) in pairs {
                    let (mut errors, mut links) = (Vec::new(), 0);
                    for found in crate::discover::files(then, &mut errors, &mut links) {
                        let below = found.path.strip_prefix(then.strip_prefix("./").unwrap_or(then));
                        let path = below.map_or_else(|_| now.clone(), |below| now.join(below));
                        names.push(shown_name(&tidy(&path)));
                    }
                }
                names
            }
        }
    }

    /// Reads an earlier file by its name of today; `None` when there was none.
    pub(crate) fn read(&self, name: &str) -> std::io::Result<Option<Vec<u8>>> {
        match &self.kind {
            Kind::Git(git) => git.read(Path::new(name)),
            Kind::Text(own, bytes) => Ok((own == name).then(|| bytes.clone())),
            Kind::Folder(pairs) => match then(pairs, Path::new(name)) {
                Some(path) if path.is_file() => reading::regular(&path, FILE_BYTES_MAX).map(Some),
                _ => Ok(None),
            },
        }
    }

    /// Is a file of today the one of then?
    pub(crate) fn is_same(&self, name: &str, bytes: &[u8]) -> bool {
        match &self.kind {
            Kind::Git(git) => git.is_same(Path::new(name), bytes),
            _ => matches!(self.read(name), Ok(Some(then)) if then == bytes),
        }
    }

    /// Could it have had this path?
    pub(crate) fn holds(&self, path: &Path) -> bool {
        match &self.kind {
            Kind::Git(git) => git.path(path).is_some(),
            Kind::Folder(pairs) => then(pairs, path).is_some(),
            Kind::Text(..) => false,
        }
    }

    /// How many files it has below a folder.
    pub(crate) fn count(&self, folder: &Path) -> usize {
        match &self.kind {
            Kind::Git(git) => git.count(folder),
            Kind::Folder(pairs) => then(pairs, folder).filter(|folder| folder.is_dir()).map_or(0, |folder| {
                let walk = ignore::WalkBuilder::new(folder).standard_filters(false).follow_links(true).build();
                walk.flatten().filter(|entry| entry.path().is_file()).count()
            }),
            Kind::Text(..) => 0,
        }
    }

    /// What the caller should know of it.
    pub(crate) fn note(&self) -> Option<String> {
        match &self.kind {
            Kind::Git(git) => Some(format!("comparing with {} ({})", self.label, git.short())),
            _ => None,
        }
    }
}

/// The counterparts of the paths of a run in another folder, or in one file.
fn counterparts(base: &Path, paths: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>, String> {
    match paths {
        [one] if one.is_dir() == base.is_dir() => Ok(vec![(one.clone(), base.to_owned())]),
        [one] if base.is_dir() => {
            let name = one.file_name().ok_or_else(|| format!("`{}` has no name", one.display()))?;
            Ok(vec![(one.clone(), base.join(name))])
        }
        _ if !base.is_dir() => Err(format!("`{}` is a file: it stands for one file only", base.display())),
        several => match several.iter().find(|path| path.is_absolute()) {
            Some(path) => Err(format!("`{}` is absolute: with several paths, give relative ones", path.display())),
            None => Ok(several.iter().map(|path| (path.clone(), base.join(path))).collect()),
        },
    }
}

/// Where a file of today was then.
fn then(pairs: &[(PathBuf, PathBuf)], name: &Path) -> Option<PathBuf> {
    let name = tidy(name);
    pairs.iter().find_map(|(now, then)| {
        let below = name.strip_prefix(tidy(now)).ok()?;
        Some(if below.as_os_str().is_empty() { then.clone() } else { then.join(below) })
    })
}
