//! The one way to write a file that a command was told to write: nothing is written through a link that leads out of the tree.
//!
//! Deliberately absent: logs and spools of the sidecar, whose folders are the operator's; and files of temporary folders.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file that lies in a tree or elsewhere. Within the working folder, its real place must be within, too: who may
/// change a tree could otherwise have any file overwritten that a command may write. A path that leads out of the working
/// folder by its own words is the user's own affair.
///
/// # Errors
/// When it is a link that leads out of the tree, or cannot be written.
pub fn file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create(path)?.write_all(bytes)
}

/// Opens such a file, empty.
///
/// # Errors
/// When it is a link that leads out of the tree, or cannot be written.
pub fn create(path: &Path) -> io::Result<File> {
    within(Path::new("."), path)
}

/// The same for a file of a folder that is given: it stays within that folder.
///
/// # Errors
/// When it is a link that leads out of the folder, or cannot be written.
pub fn file_of(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    within(folder, path)?.write_all(bytes)
}

fn within(tree: &Path, path: &Path) -> io::Result<File> {
    let tree_real = std::fs::canonicalize(tree)?;
    let named = crate::sources::tidy(&std::path::absolute(path)?);
    let tree_named = crate::sources::tidy(&std::path::absolute(tree)?);
    if !named.starts_with(&tree_named) && !named.starts_with(&tree_real) {
        return File::create(path);
    }
    let real = real(&named)?;
    if !real.starts_with(&tree_real) {
        return Err(io::Error::other("it is a link that leads out of the folder: name the file itself"));
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Nobody puts a link there in the meantime.
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(real)
}

/// Where a file really is, or would be.
fn real(path: &Path) -> io::Result<PathBuf> {
    match std::fs::canonicalize(path) {
        Ok(real) => Ok(real),
        // A link that leads nowhere would make a file there.
        Err(_) if path.symlink_metadata().is_ok() => {
            Err(io::Error::other("it is a link that leads nowhere: take it away, or name the file itself"))
        }
        Err(_) => {
            let name = path.file_name().ok_or_else(|| io::Error::other("it is no name of a file"))?;
            Ok(std::fs::canonicalize(path.parent().unwrap_or(Path::new("/")))?.join(name))
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_is_written_through_a_link_that_leads_out() {
        let (outside, tree) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (victim, within) = (outside.path().join("victim"), |name: &str| tree.path().join(name));
        std::fs::write(&victim, "theirs").unwrap();
        symlink(&victim, within("link")).unwrap();
        symlink(outside.path().join("not there yet"), within("nowhere")).unwrap();
        symlink(outside.path(), within("folder")).unwrap();
        std::fs::create_dir(within("own")).unwrap();
        symlink(within("own"), within("alias")).unwrap();
        for path in ["link", "nowhere", "folder/victim", "folder/new", "own/../link"] {
            assert!(file_of(tree.path(), &within(path), b"ours").is_err(), "{path}");
        }
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "theirs");
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
        for path in ["a", "own/b", "alias/c", "own/../d"] {
            file_of(tree.path(), &within(path), b"ours").unwrap();
            assert_eq!(std::fs::read_to_string(within(path)).unwrap(), "ours");
        }
        // Written again, it is no longer than what is written.
        file_of(tree.path(), &within("a"), b"o").unwrap();
        assert_eq!(std::fs::read_to_string(within("a")).unwrap(), "o");
        // What is named elsewhere is the user's own affair.
        file_of(tree.path(), &victim, b"mine").unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
    }
}
