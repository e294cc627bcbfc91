//! What references may open: a trait, so that this crate has no files and no network of its own.
//!
//! Deliberately absent: the jail; whoever implements the trait holds it.

use crate::document::Document;

/// Opens files for references.
pub trait Files: Sync {
    /// Opens the file that a reference in `from` names.
    ///
    /// # Errors
    /// [`Unopened`] says why it may not or cannot be opened.
    fn open(&self, from: &str, reference: &str) -> Result<Opened, Unopened>;

    /// Opens the file of the run that holds the contract with this id.
    fn contract(&self, id: &str) -> Option<Opened>;

    /// Returns the documents of a file that was read a moment ago: contracts are read for themselves and for products.
    fn recent(&self, _file: &str) -> Option<Vec<Document>> {
        None
    }

    /// Returns the name of the file that [`Files::contract`] would open.
    fn contract_file(&self, _id: &str) -> Option<String> {
        None
    }
}

/// A file that was opened.
#[derive(Debug)]
pub struct Opened {
    /// Its name, as reports give it: the same file has the same name.
    pub file: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a file was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unopened {
    /// It lies on another machine, whose host was not allowed.
    Remote(String),
    /// It lies outside of the folders that may be read.
    Outside,
    /// It is not there.
    Missing,
    /// It cannot be read.
    Unreadable(String),
    /// The descriptor was given as text alone.
    Alone,
}

/// For a text that came without files.
#[derive(Debug, Clone, Copy)]
pub struct NoFiles;

impl Files for NoFiles {
    fn open(&self, _: &str, reference: &str) -> Result<Opened, Unopened> {
        if reference.starts_with("file:") {
            return Err(Unopened::Outside);
        }
        Err(host(reference).map_or(Unopened::Alone, |host| Unopened::Remote(host.to_owned())))
    }

    fn contract(&self, _: &str) -> Option<Opened> {
        None
    }
}

/// Returns the host of a reference that is a URL.
#[must_use]
pub fn host(reference: &str) -> Option<&str> {
    let rest = reference.split_once("://").map(|(_, rest)| rest)?;
    rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())
}
