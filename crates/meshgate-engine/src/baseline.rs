//! A baseline: findings that were there when a gate was put up. They are shown, and do not deny; what is new does.
//!
//! Deliberately absent: time. A baseline has no expiry; it is for the day of adoption, a waiver is for everything after.

use meshgate_core::finding::Finding;
use meshgate_core::report::Report;
use meshgate_core::rule::Source;
use meshgate_core::span::Range;
use meshgate_core::waiver::WaiverKind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Bytes of a baseline.
const BASELINE_BYTES_MAX: usize = 256 << 20;
/// Values in it.
const BASELINE_VALUES_MAX: usize = 20_000_000;

/// The version of the file. Version 1, of the first edition, is read as well.
const VERSION: u64 = 2;

/// Findings that are known: not only which, but how many.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// Fingerprints, each with the files that it was found in, and how often.
    counts: HashMap<String, BTreeMap<String, usize>>,
    /// Are the fingerprints those of the first edition?
    is_v1: bool,
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
    /// For programs of the first edition, for one release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint_v1: Option<String>,
}

/// Where in its file a finding is: the same finding may be made for a contract and for its product.
type At<'a> = (Range, &'a str, &'a str);

fn at(finding: &Finding) -> At<'_> {
    (finding.location.range, finding.location.pointer.as_str(), &finding.message)
}

/// Can a finding be known? What cannot be read is not judged, and the law of layers is not for sale.
pub fn can_be_known(finding: &Finding) -> bool {
    !matches!(finding.source, Source::Read | Source::Governance)
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
        if !(1..=VERSION).contains(&written.version) {
            let version = written.version;
            return Err(format!("{name} has the version {version}; this program reads the versions 1 and {VERSION}"));
        }
        let mut baseline = Self { name, is_v1: written.version == 1, ..Self::default() };
        for entry in written.findings {
            *baseline.counts.entry(entry.fingerprint).or_default().entry(entry.file).or_default() += 1;
        }
        baseline.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(baseline)
    }

    /// What stands in a report, for the file, and how much that is: one line a finding, in an order that differs little from day to day.
    #[must_use]
    pub fn write(report: &Report) -> (String, usize) {
        // What stood in an older baseline stands in the new one while it is there.
        let is_waived =
            |finding: &Finding| finding.waiver.as_ref().is_some_and(|waiver| waiver.kind != WaiverKind::Known);
        let mut findings: Vec<Entry> = report
            .findings
            .iter()
            .filter(|finding| can_be_known(finding) && !is_waived(finding))
            .map(|finding| Entry {
                file: finding.location.file.clone(),
                rule: finding.rule.to_string(),
                message: finding.message.clone(),
                fingerprint: finding.fingerprint.clone(),
                fingerprint_v1: Some(finding.fingerprint_v1.clone()),
            })
            .collect();
        findings.sort();
        // Plain data with string keys: serialisation cannot fail.
        let lines: Vec<String> =
            findings.iter().map(|entry| format!("    {}", serde_json::to_string(entry).unwrap_or_default())).collect();
        let list = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", lines.join(",\n")) };
        let text = format!("{{\n  \"version\": {VERSION},\n  \"findings\": {list}\n}}\n");
        (meshgate_core::shown::json(text), findings.len())
    }

    /// A baseline of these findings.
    pub(crate) fn of<'a>(findings: impl Iterator<Item = &'a Finding>, name: String) -> Self {
        let mut places: HashMap<&str, BTreeMap<&str, BTreeSet<At<'_>>>> = HashMap::new();
        for finding in findings.filter(|finding| can_be_known(finding)) {
            let files = places.entry(&finding.fingerprint).or_default();
            files.entry(&finding.location.file).or_default().insert(at(finding));
        }
        let count = |(file, places): (&str, BTreeSet<At<'_>>)| (file.to_owned(), places.len());
        let counts = places
            .into_iter()
            .map(|(fingerprint, files)| (fingerprint.to_owned(), files.into_iter().map(count).collect()))
            .collect();
        Self { counts, name, ..Self::default() }
    }

    /// Says which of the findings are known, by their positions. As many are as there were: in the same file, or in one that is gone, for
    /// files move. What there is more of is new: a copy, a second document with the same id, a twin.
    #[must_use]
    pub fn known(&self, findings: &[&Finding]) -> HashSet<usize> {
        let mut known: HashSet<usize> = HashSet::new();
        let mut groups: HashMap<&str, BTreeMap<&str, BTreeMap<At<'_>, Vec<usize>>>> = HashMap::new();
        for (index, finding) in findings.iter().enumerate().filter(|(_, finding)| can_be_known(finding)) {
            let print = if self.is_v1 { &finding.fingerprint_v1 } else { &finding.fingerprint };
            if self.counts.contains_key(print.as_str()) {
                let files = groups.entry(print).or_default();
                files.entry(&finding.location.file).or_default().entry(at(finding)).or_default().push(index);
            }
        }
        for (print, files) in groups {
            let mut left = self.counts.get(print).cloned().unwrap_or_default();
            // First what stayed where it was, then what moved.
            let mut moved: Vec<Vec<usize>> = Vec::new();
            for (file, places) in files {
                let same = if left.contains_key(file) { Some(file) } else { self.same(file, &left) };
                let same = same.map(str::to_owned);
                for places in places.into_values() {
                    match same.as_ref().and_then(|same| left.get_mut(same)).filter(|count| **count > 0) {
                        Some(count) => {
                            *count -= 1;
                            known.extend(places);
                        }
                        None => moved.push(places),
                    }
                }
            }
            let is_gone = |file: &str| !Path::new(file).exists() && !self.folder.join(file).exists();
            let gone = left.iter().filter(|(file, count)| **count > 0 && is_gone(file)).map(|(_, count)| count).sum();
            known.extend(moved.into_iter().take(gone).flatten());
        }
        known
    }

    /// The name by which a file was known that is called otherwise now.
    fn same<'a>(&self, file: &str, left: &'a BTreeMap<String, usize>) -> Option<&'a str> {
        let file = std::fs::canonicalize(file).ok()?;
        let is_same = |known: &&str| std::fs::canonicalize(self.folder.join(known)).is_ok_and(|known| known == file);
        left.keys().map(String::as_str).find(is_same)
    }

    /// How many are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }

    /// Is none known?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
