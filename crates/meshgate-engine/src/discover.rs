//! From paths to files: a file is itself, a folder is every YAML and JSON file below it that `.gitignore` does not name.
//! Hidden files and links to files are files too: what a deployment can read, the gate reads. Links to folders are not
//! followed, they may lead in circles or out of the tree; they are counted as skipped.
//!
//! Deliberately absent: content. Whether a file is a descriptor is the reader's to say.

pub mod gitignore;

use crate::config::CONFIG_FILE;
use gitignore::{NAME, PATTERNS_MAX, Patterns};
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

/// A file to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    pub path: PathBuf,
    /// The name of the file in reports: as given, or below the folder as given; `/` on every system.
    pub name: String,
    /// Was it named, or found in a folder?
    pub named: bool,
}

impl Found {
    fn at(path: &Path, named: bool) -> Self {
        Self { path: path.strip_prefix("./").unwrap_or(path).to_owned(), name: name(path), named }
    }
}

/// Lists the files of one path; what cannot be listed is named in the errors.
pub fn files(path: &Path, errors: &mut Vec<String>, links: &mut usize) -> Vec<Found> {
    match std::fs::metadata(path) {
        Err(error) => {
            errors.push(format!("{}: cannot be opened: {error}", path.display()));
            Vec::new()
        }
        Ok(metadata) if !metadata.is_dir() => vec![Found::at(path, true)],
        Ok(_) => Walk::below(path, errors, links),
    }
}

/// A folder that is being gone through.
struct Open {
    /// What is left in it, the last first.
    entries: Vec<DirEntry>,
    patterns: Option<Patterns>,
}

struct Walk<'a> {
    /// The folder as given, and as it really is.
    given: &'a Path,
    real: PathBuf,
    /// Patterns of the folders above, the outermost first.
    above: Vec<Patterns>,
    open: Vec<Open>,
    errors: &'a mut Vec<String>,
    links: &'a mut usize,
    found: Vec<Found>,
}

impl<'a> Walk<'a> {
    fn below(given: &'a Path, errors: &'a mut Vec<String>, links: &'a mut usize) -> Vec<Found> {
        let real = std::fs::canonicalize(given).unwrap_or_else(|_| given.to_owned());
        let mut walk = Self { given, real, above: Vec::new(), open: Vec::new(), errors, links, found: Vec::new() };
        walk.look_above();
        walk.enter(given);
        while let Some(open) = walk.open.last_mut() {
            match open.entries.pop() {
                Some(entry) => walk.entry(&entry),
                None => {
                    walk.open.pop();
                }
            }
        }
        walk.found
    }

    /// The patterns above the folder count as well, up to where the repository begins.
    fn look_above(&mut self) {
        let is_top = |folder: &Path| folder.join(".git").symlink_metadata().is_ok();
        if is_top(&self.real) {
            return;
        }
        let mut above = Vec::new();
        let folders: Vec<PathBuf> = self.real.ancestors().skip(1).map(Path::to_owned).collect();
        for folder in folders {
            above.extend(self.patterns(&folder, &folder.join(NAME)));
            if is_top(&folder) {
                break;
            }
        }
        above.reverse();
        self.above = above;
    }

    /// Reads the patterns of a folder; what is too much is told.
    fn patterns(&mut self, folder: &Path, named: &Path) -> Option<Patterns> {
        let open = self.open.iter().filter_map(|open| open.patterns.as_ref());
        let count: usize = self.above.iter().chain(open).map(|patterns| patterns.count).sum();
        match Patterns::read(folder, PATTERNS_MAX.saturating_sub(count)) {
            Ok(patterns) => patterns,
            Err(why) => {
                self.errors.push(format!("{}: cannot be heeded: {why}; shorten it", named.display()));
                None
            }
        }
    }

    fn enter(&mut self, folder: &Path) {
        let entries: Result<Vec<DirEntry>, _> = std::fs::read_dir(folder).and_then(Iterator::collect);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.errors.push(format!("{}: {error}", folder.display())),
        };
        // The last is taken first.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
        let patterns = self.patterns(&self.real(folder), &folder.join(NAME));
        self.open.push(Open { entries, patterns });
    }

    /// Where a path below the folder really lies.
    fn real(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.given).map_or_else(|_| path.to_owned(), |below| self.real.join(below))
    }

    fn is_ignored(&self, path: &Path, is_folder: bool) -> bool {
        let real = self.real(path);
        let open = self.open.iter().filter_map(|open| open.patterns.as_ref());
        let inmost_first = self.above.iter().chain(open).rev();
        inmost_first.filter_map(|patterns| patterns.says(&real, is_folder)).next().unwrap_or(false)
    }

    fn entry(&mut self, entry: &DirEntry) {
        let path = entry.path();
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.errors.push(format!("{}: {error}", path.display())),
        };
        if entry.file_name() == ".git" || self.is_ignored(&path, kind.is_dir()) {
            return;
        }
        if kind.is_dir() {
            return self.enter(&path);
        }
        if kind.is_symlink() && path.is_dir() {
            *self.links += 1;
            return;
        }
        // A link that leads nowhere is kept: opening it says so.
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        // What a configuration is said in is read as such, by whoever it speaks for.
        let is_config = entry.file_name() == CONFIG_FILE;
        if matches!(extension.as_deref(), Some("yaml" | "yml" | "json")) && !is_config {
            self.found.push(Found::at(&path, false));
        }
    }
}

fn name(path: &Path) -> String {
    let text = path.display().to_string();
    let text = if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace(std::path::MAIN_SEPARATOR, "/") };
    text.strip_prefix("./").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ignore::WalkBuilder;

    fn write(folder: &Path, name: &str, text: &str) {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn names(path: &Path) -> (Vec<PathBuf>, Vec<String>) {
        let (mut errors, mut links) = (Vec::new(), 0);
        let found = files(path, &mut errors, &mut links);
        (found.into_iter().map(|found| found.path).collect(), errors)
    }

    /// What the library that ripgrep walks with finds.
    fn by_library(path: &Path) -> Vec<PathBuf> {
        let walk = WalkBuilder::new(path)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .git_exclude(false)
            .require_git(false)
            .filter_entry(|entry| entry.file_name() != ".git")
            .sort_by_file_path(Path::cmp)
            .build();
        let files = walk.map(|entry| entry.unwrap()).filter(|entry| !entry.path().is_dir());
        let wanted = files.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "yaml"));
        wanted.map(|entry| entry.into_path()).collect()
    }

    #[test]
    fn folders_are_gone_through_as_the_library_does() {
        let top = tempfile::tempdir().unwrap();
        let here = top.path();
        std::fs::create_dir(here.join(".git")).unwrap();
        write(here, ".gitignore", "*.yaml\n!a*.yaml\n!keep/\n!keep/**\n# c\n\n/only_top.yaml\nbuild/\n");
        write(here, "keep/.gitignore", "x.yaml\n!build/\n/deep/*\n!/deep/y.yaml\n");
        for name in [
            "a.yaml",
            "b.yaml",
            "only_top.yaml",
            "build/a.yaml",
            "keep/x.yaml",
            "keep/z.yaml",
            "keep/build/q.yaml",
            "keep/deep/y.yaml",
            "keep/deep/w.yaml",
            "keep/deep/er/y.yaml",
            "keep/.hidden/h.yaml",
            "keep-2/a.yaml",
        ] {
            write(here, name, "x: 1\n");
        }
        for from in ["", "keep", "keep/deep"] {
            let from = here.join(from);
            assert_eq!(names(&from), (by_library(&from), Vec::new()), "{}", from.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_plain_file_holds_no_patterns() {
        for target in ["/dev/zero", "/dev/stdin", "/etc/hostname", "nowhere"] {
            let here = tempfile::tempdir().unwrap();
            write(here.path(), "a.yaml", "x: 1\n");
            std::os::unix::fs::symlink(target, here.path().join(NAME)).unwrap();
            assert_eq!(names(here.path()), (vec![here.path().join("a.yaml")], Vec::new()), "{target}");
        }
    }

    #[test]
    fn patterns_beyond_the_bounds_are_told_and_ignore_nothing() {
        let here = tempfile::tempdir().unwrap();
        write(here.path(), "a.yaml", "x: 1\n");
        for text in ["p\n".repeat(PATTERNS_MAX + 1), "p".repeat(300 << 10)] {
            write(here.path(), NAME, &text);
            let (found, errors) = names(here.path());
            assert_eq!((found.len(), errors.len()), (1, 1), "{errors:?}");
        }
        // What holds at one place counts together.
        write(here.path(), NAME, &"p\n".repeat(PATTERNS_MAX));
        write(here.path(), "s/.gitignore", "*.yaml\n");
        write(here.path(), "s/b.yaml", "x: 1\n");
        let (found, errors) = names(here.path());
        assert_eq!((found.len(), errors.len()), (2, 1), "{errors:?}");
    }
}
