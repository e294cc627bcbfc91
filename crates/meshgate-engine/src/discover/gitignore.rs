//! The patterns of `.gitignore` files, read within bounds: a file may be of anybody's making, and each pattern takes some
//! kilobytes once it is compiled.
//!
//! Deliberately absent: links. git reads none in their place, and neither do we; and patterns from outside of the tree (a
//! user's own, `.git/info/exclude`), which would make a verdict depend on the machine.

use crate::reading;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::Path;

/// The name of the file.
pub const NAME: &str = ".gitignore";
/// Bytes of one file.
const BYTES_MAX: usize = 256 << 10;
/// Patterns of one file, and of all that hold at one place of the tree.
pub const PATTERNS_MAX: usize = 10_000;

/// The patterns of one file.
pub struct Patterns {
    matcher: Gitignore,
    /// How many there are.
    pub count: usize,
}

impl Patterns {
    /// Reads the file of a folder, if there is one, when at most so many patterns may be in it.
    ///
    /// # Errors
    /// When it is too large, or cannot be read: then nobody knows what it names.
    pub fn read(folder: &Path, count_max: usize) -> Result<Option<Self>, String> {
        let file = folder.join(NAME);
        // What is not a plain file is none of git's either.
        if !file.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Ok(None);
        }
        let bytes = reading::regular(&file, BYTES_MAX).map_err(|error| error.to_string())?;
        Self::parse(folder, &bytes, count_max).map(Some)
    }

    /// Takes the text of such a file, for what lies below a folder.
    ///
    /// # Errors
    /// When it is too large.
    pub fn parse(folder: &Path, bytes: &[u8], count_max: usize) -> Result<Self, String> {
        if bytes.len() > BYTES_MAX {
            return Err(format!("it has more than {BYTES_MAX} bytes"));
        }
        let text = String::from_utf8_lossy(bytes);
        let mut builder = GitignoreBuilder::new(folder);
        let mut count = 0;
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            count += 1;
            if count > count_max {
                return Err(format!("there are more than {PATTERNS_MAX} patterns"));
            }
            // A line that is no pattern ignores nothing.
            let _ = builder.add_line(None, line);
        }
        let matcher = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { matcher, count })
    }

    /// What they say of a path itself; `None` is nothing.
    pub fn says(&self, path: &Path, is_folder: bool) -> Option<bool> {
        told(&self.matcher.matched(path, is_folder))
    }

    /// What they say of a file, or of a folder on the way to it.
    pub fn says_on_the_way(&self, below: &str) -> Option<bool> {
        told(&self.matcher.matched_path_or_any_parents(below, false))
    }
}

fn told<T>(matched: &Match<T>) -> Option<bool> {
    match matched {
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
        Match::None => None,
    }
}
