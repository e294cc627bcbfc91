//! Capabilities: what a plugin may be granted, how it is written, and which import it is.
//!
//! Deliberately absent: a wildcard. A grant names one folder, one path of data, one interface.

use cap_std::fs::Dir;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// One authority.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Reading a folder, by the name that the configuration gives it.
    Files(String),
    /// Reading the bundles' data at and below a path, steps joined by `/`.
    Data(String),
    /// The time of day.
    Clock,
    /// Random bytes.
    Random,
}

/// A text that is no capability.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no capability: there are `files:NAME`, `data:PATH`, `clock` and `random`")]
pub struct NotACapability(pub String);

impl Capability {
    /// Reads a capability as a plugin's description writes it: `files:NAME`, `data:PATH`, `clock`, `random`.
    ///
    /// # Errors
    /// [`NotACapability`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotACapability> {
        let bad = || NotACapability(text.to_owned());
        match text.split_once(':') {
            None if text == "clock" => Ok(Self::Clock),
            None if text == "random" => Ok(Self::Random),
            Some(("files", name)) if is_name(name) => Ok(Self::Files(name.to_owned())),
            Some(("data", path)) => data_path(path).map(Self::Data).ok_or_else(bad),
            _ => Err(bad()),
        }
    }

    /// The contract's interface that it is.
    #[must_use]
    pub const fn interface(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Data(_) => "data",
            Self::Clock => "clock",
            Self::Random => "random",
        }
    }

    /// Does whoever has this have that too?
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Data(above), Self::Data(path)) => {
                path.strip_prefix(above.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            (one, other) => one == other,
        }
    }

    /// How `meshgate.yaml` grants it.
    #[must_use]
    pub fn grant(&self) -> String {
        match self {
            Self::Files(name) => format!("files: {{ {name}: FOLDER }}"),
            Self::Data(path) => format!("data: [ {path} ]"),
            Self::Clock => "clock: true".to_owned(),
            Self::Random => "random: true".to_owned(),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(name) => write!(f, "files:{name}"),
            Self::Data(path) => write!(f, "data:{path}"),
            Self::Clock => f.write_str("clock"),
            Self::Random => f.write_str("random"),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// A path of data without empty steps; the slashes around it do not matter.
fn data_path(text: &str) -> Option<String> {
    let path = text.trim_matches('/');
    (!path.is_empty() && path.split('/').all(|step| !step.is_empty())).then(|| path.to_owned())
}

/// What one plugin is granted.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    pub(crate) files: BTreeMap<String, Arc<Dir>>,
    pub(crate) data: BTreeSet<String>,
    pub(crate) clock: bool,
    pub(crate) random: bool,
    /// The bundles' data, of which the paths in `data` are seen.
    pub(crate) snapshot: Arc<Value>,
}

impl Grants {
    /// Grants a folder under a name. It is opened here: what is put in its place later is not seen.
    ///
    /// # Errors
    /// When the name is no name, or the folder cannot be opened.
    pub fn folder(&mut self, name: &str, path: &Path) -> Result<(), String> {
        if !is_name(name) {
            return Err(format!("`{name}` is no name of a folder: use letters, digits, `-` and `_`"));
        }
        let dir = Dir::open_ambient_dir(path, cap_std::ambient_authority())
            .map_err(|error| format!("folder `{name}`, {}: cannot be opened: {error}", path.display()))?;
        self.files.insert(name.to_owned(), Arc::new(dir));
        Ok(())
    }

    /// Grants the data at and below a path.
    ///
    /// # Errors
    /// When the path is no path.
    pub fn data(&mut self, path: &str) -> Result<(), String> {
        let path =
            data_path(path).ok_or_else(|| format!("`{path}` is no path of data: write it as in `org/glossary`"))?;
        self.data.insert(path);
        Ok(())
    }

    /// Grants the clock.
    pub const fn clock(&mut self) {
        self.clock = true;
    }

    /// Grants randomness.
    pub const fn random(&mut self) {
        self.random = true;
    }

    /// Sets the data that granted paths lead to.
    #[must_use]
    pub fn with_snapshot(mut self, snapshot: Arc<Value>) -> Self {
        self.snapshot = snapshot;
        self
    }

    /// Does any grant cover this?
    #[must_use]
    pub fn cover(&self, wanted: &Capability) -> bool {
        self.all().iter().any(|granted| granted.covers(wanted))
    }

    /// May a component import this interface?
    pub(crate) fn interface(&self, name: &str) -> bool {
        self.all().iter().any(|granted| granted.interface() == name)
    }

    /// Everything that is granted, as capabilities.
    #[must_use]
    pub fn all(&self) -> Vec<Capability> {
        let files = self.files.keys().cloned().map(Capability::Files);
        let data = self.data.iter().cloned().map(Capability::Data);
        let clock = self.clock.then_some(Capability::Clock);
        files.chain(data).chain(clock).chain(self.random.then_some(Capability::Random)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_as_they_are_written() {
        for text in ["files:glossary", "data:org/glossary", "clock", "random"] {
            assert_eq!(Capability::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["file:x", "files", "files:", "files:../x", "files:a/b", "data:", "data:a//b", "clock:utc", "network", ""]
        {
            assert!(Capability::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn data_is_granted_by_whole_steps() {
        let mut grants = Grants::default();
        grants.data("/org/glossary/").unwrap();
        for (path, covered) in
            [("org/glossary", true), ("org/glossary/terms", true), ("org", false), ("org/glossary2", false)]
        {
            assert_eq!(grants.cover(&Capability::Data(path.to_owned())), covered, "{path}");
        }
    }
}
