//! A baseline: findings that were there when a gate was put up. They are shown, and do not deny; what is new does.
//!
//! Deliberately absent: time. A baseline has no expiry; it is for the day of adoption, a waiver is for everything after.

use meshgate_core::finding::Finding;
use meshgate_core::report::Report;
use meshgate_core::rule::Source;
use meshgate_core::waiver::WaiverKind;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Bytes of a baseline.
const BASELINE_BYTES_MAX: usize = 256 << 20;
/// Values in it.
const BASELINE_VALUES_MAX: usize = 20_000_000;

/// Findings that are known.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// Fingerprints, each with the files that it was found in.
    fingerprints: HashMap<String, HashSet<String>>,
    /// What reports call it.
    pub name: String,
    /// Where it lies: it may have been written there, and the run be elsewhere.
    folder: PathBuf,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u64,
    findings: Vec<Entry>,
}

/// Everything but the fingerprint is for whoever reads the file.
#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    rule: String,
    message: String,
    fingerprint: String,
}

impl Baseline {
    /// Reads a file that [`Baseline::write`] wrote.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = crate::layers::shown(path);
        let bytes = crate::reading::whole(path, BASELINE_BYTES_MAX)
            .map_err(|error| format!("{name} cannot be read: {error}; `meshgate baseline` writes it"))?;
        let written: Written = crate::reading::json(&bytes, BASELINE_VALUES_MAX)
            .map_err(|error| format!("{name} is no baseline: {error}; `meshgate baseline` writes one"))?;
        if written.version != 1 {
            return Err(format!("{name} has the version {}; this program reads version 1", written.version));
        }
        let mut baseline = Self::of(written.findings.into_iter().map(|entry| (entry.fingerprint, entry.file)), name);
        baseline.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(baseline)
    }

    /// What stands in a report, for the file, and how much that is: one line a finding, in an order that differs little from day to day.
    #[must_use]
    pub fn write(report: &Report) -> (String, usize) {
        // What stood in an older baseline stands in the new one while it is there.
        let is_waived =
            |finding: &Finding| finding.waiver.as_ref().is_some_and(|waiver| waiver.kind != WaiverKind::Known);
        let can_be_known = |source| !matches!(source, Source::Read | Source::Governance);
        let mut findings: Vec<Entry> = report
            .findings
            .iter()
            .filter(|finding| can_be_known(finding.source) && !is_waived(finding))
            .map(|finding| Entry {
                file: finding.location.file.clone(),
                rule: finding.rule.to_string(),
                message: finding.message.clone(),
                fingerprint: finding.fingerprint.clone(),
            })
            .collect();
        findings.sort();
        findings.dedup();
        // Plain data with string keys: serialisation cannot fail.
        let lines: Vec<String> =
            findings.iter().map(|entry| format!("    {}", serde_json::to_string(entry).unwrap_or_default())).collect();
        let list = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", lines.join(",\n")) };
        (format!("{{\n  \"version\": 1,\n  \"findings\": {list}\n}}\n"), findings.len())
    }

    /// A baseline of these fingerprints and files.
    pub(crate) fn of(findings: impl Iterator<Item = (String, String)>, name: String) -> Self {
        let mut fingerprints: HashMap<String, HashSet<String>> = HashMap::new();
        for (fingerprint, file) in findings {
            fingerprints.entry(fingerprint).or_default().insert(file);
        }
        Self { fingerprints, name, folder: PathBuf::new() }
    }

    /// Is a finding known: was it there in this file, or in one that is gone? A second descriptor with the id of one that is
    /// still there is no old acquaintance.
    #[must_use]
    pub fn knows(&self, finding: &Finding) -> bool {
        let file = &finding.location.file;
        let there = |known: &String| self.folder.join(known);
        let is_same = |known: &String| {
            known == file
                || matches!((std::fs::canonicalize(there(known)), std::fs::canonicalize(file)), (Ok(a), Ok(b)) if a == b)
        };
        let is_gone = |known: &String| !Path::new(known).exists() && !there(known).exists();
        let files = self.fingerprints.get(&finding.fingerprint);
        files.is_some_and(|files| files.iter().any(is_same) || files.iter().all(is_gone))
    }

    /// How many are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Is none known?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }
}
