//! From paths to files: a file is itself, a folder is every YAML and JSON file below it that `.gitignore` does not name.
//! Hidden files and links to files are files too: what a deployment can read, the gate reads. Links to folders are not
//! followed, they may lead in circles or out of the tree; they are counted as skipped.
//!
//! Deliberately absent: content. Whether a file is a descriptor is the reader's to say.

use ignore::WalkBuilder;
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

/// Lists the files of one path; what cannot be listed is named in the errors.
pub fn files(path: &Path, errors: &mut Vec<String>, links: &mut usize) -> Vec<Found> {
    let found = |path: &Path, named| Found {
        path: path.strip_prefix("./").unwrap_or(path).to_owned(),
        name: name(path),
        named,
    };
    match std::fs::metadata(path) {
        Err(error) => {
            errors.push(format!("{}: cannot be opened: {error}", path.display()));
            Vec::new()
        }
        Ok(metadata) if !metadata.is_dir() => vec![found(path, true)],
        Ok(_) => {
            let mut files = Vec::new();
            let walk = WalkBuilder::new(path)
                .hidden(false)
                .ignore(false)
                .git_global(false)
                .git_exclude(false)
                .require_git(false)
                .filter_entry(|entry| entry.file_name() != ".git")
                .sort_by_file_path(Path::cmp)
                .build();
            for entry in walk {
                match entry {
                    // A link that leads nowhere is kept: opening it says so.
                    Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) && !entry.path().is_dir() => {
                        let extension = entry.path().extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
                        // What it is said in is read as such, by whoever it speaks for.
                        let is_config = entry.file_name() == crate::config::CONFIG_FILE;
                        if matches!(extension.as_deref(), Some("yaml" | "yml" | "json")) && !is_config {
                            files.push(found(entry.path(), false));
                        }
                    }
                    Ok(entry) => *links += usize::from(entry.path_is_symlink() && entry.depth() > 0),
                    Err(error) => errors.push(error.to_string()),
                }
            }
            files
        }
    }
}

fn name(path: &Path) -> String {
    let text = path.display().to_string();
    let text = if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace(std::path::MAIN_SEPARATOR, "/") };
    text.strip_prefix("./").map_or(text.clone(), str::to_owned)
}
