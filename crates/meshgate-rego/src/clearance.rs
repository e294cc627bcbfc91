//! The record of what is cleared for the fast gear, kept beside a bundle: it holds for these texts, this engine and these
//! settings only.
//!
//! Deliberately absent: trust in a record that is for something else; it is as if it were not there.

use crate::builtins::hex;
use crate::options::Module;
use regorus::Value;
use regorus::rvm::program::Program;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// Counts up when our own rewriting or builtins may change what either gear answers.
const REVISION: u32 = 4;

/// What is cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clearance {
    /// The digest of modules and data: `sha256:…`.
    pub bundle: String,
    /// The engine's versions.
    pub engine: String,
    /// The settings that it was made with.
    pub settings: String,
    /// Entry points on which both gears agreed.
    pub cleared: BTreeSet<String>,
}

impl Clearance {
    /// An empty record for a bundle. Tests are no part of it.
    #[must_use]
    pub fn of(modules: &[Module], data: &[Value]) -> Self {
        // By text alone: where a bundle is mounted changes nothing.
        let mut parts: Vec<String> = modules
            .iter()
            .filter(|module| !module.is_test())
            .map(|module| hex(&Sha256::digest(module.text.as_bytes())))
            .collect();
        parts.sort();
        parts.extend(data.iter().map(digest));
        Self {
            bundle: format!("sha256:{}", hex(&Sha256::digest(parts.join("\n").as_bytes()))),
            engine: format!("regorus {}, revision {REVISION}", Program::new().metadata.compiler_version),
            settings: "strict=false".to_owned(),
            cleared: BTreeSet::new(),
        }
    }

    /// Reads a record; `None` when it is not one for this bundle and this engine.
    #[must_use]
    pub fn read(text: &str, modules: &[Module], data: &[Value]) -> Option<Self> {
        let found: Self = serde_json::from_str(text).ok()?;
        let wanted = Self { cleared: found.cleared.clone(), ..Self::of(modules, data) };
        (found == wanted).then_some(found)
    }

    /// The record as a file has it.
    #[must_use]
    pub fn write(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| format!("{text}\n")).unwrap_or_default()
    }

    /// Is an entry point cleared?
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.cleared.contains(path)
    }
}

/// The digest of a document as text, which may be large: it is not held.
fn digest(document: &Value) -> String {
    struct Into(Sha256);
    impl fmt::Write for Into {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }
    let mut digest = Into(Sha256::new());
    // Only the digest could fail, and it does not.
    let _ = write!(digest, "{document}");
    hex(&digest.0.finalize())
}
