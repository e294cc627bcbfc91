//! The one way of a check: bytes → documents → descriptors → evaluators → findings → decision → report.
//!
//! A run reads every file twice in spirit: first for the mesh (what there is, and who refers to whom), then to judge.
//! Files that were read first are kept for the second time as long as they are small together.
//!
//! Deliberately absent: output. The same report goes to the terminal and over HTTP.

use crate::discover::{Found, files};
use crate::engine::Engine;
use crate::judge::{FileResult, Run, failed};
use crate::mesh::{self, Entry};
use crate::sources::Sources;
use meshgate_core::decide::{Verdict, decide};
use meshgate_core::evaluate::Shared;
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::model::{Context, Format};
use meshgate_core::report::Report;
use meshgate_descriptor::{Files, NoFiles, Parsed, Recognised, recognise};
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of text that are kept read between the two steps of a run.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// What the caller says of the run.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// The stage of the deployment, given to rules as `input.context.stage`.
    pub stage: Option<String>,
    /// The event that asks, given to rules as `input.context.event`.
    pub event: Option<String>,
    /// Does the run see the whole mesh? Rules that argue from absence need this.
    pub mesh_complete: bool,
    /// Hosts that references may lead to.
    pub allow_hosts: Vec<String>,
}

/// A report, and what kept the job from being done in full.
#[derive(Debug)]
pub struct Outcome {
    /// What was judged.
    pub report: Report,
    /// Why the job could not be done in full (exit code 2); empty when it was.
    pub errors: Vec<String>,
}

/// A file after the first step.
pub(crate) struct Prepared {
    pub found: Found,
    /// What was read, when it was kept.
    pub parsed: Option<Parsed>,
    entries: Vec<Entry>,
}

impl Engine {
    /// Checks files and folders.
    #[must_use]
    pub fn check(&self, paths: &[PathBuf], options: &CheckOptions) -> Outcome {
        let mut errors = Vec::new();
        let mut links = 0;
        let mut found: Vec<Found> = paths.iter().flat_map(|path| files(path, &mut errors, &mut links)).collect();
        // A file that is named and lies in a named folder is judged once, as named.
        found.sort_by(|a, b| a.path.cmp(&b.path).then(b.named.cmp(&a.named)));
        found.dedup_by(|a, b| a.path == b.path);
        let mut sources = self.sources(paths, options);
        let kept = AtomicUsize::new(0);
        let prepare = |file: Found| self.prepare(file, &sources, &kept);
        let prepared: Vec<Prepared> = self.pool.install(|| found.into_par_iter().map(prepare).collect());
        let mut entries = Vec::new();
        for file in &prepared {
            for entry in &file.entries {
                if let Entry::Contract(contract) = entry {
                    sources.add_contract(contract.id.clone(), &file.found.path);
                }
            }
            entries.extend(file.entries.iter().cloned());
        }
        let (mesh, dense) = self.mesh(entries, options);
        let run = Run { context: context(options), files: &sources, sources: Some(&sources), mesh };
        let judge = |file: Prepared| self.judge_file(file, &run);
        let results: Vec<FileResult> = self.pool.install(|| prepared.into_par_iter().map(judge).collect());
        let mut outcome = self.conclude(results.into_iter().chain(dense).collect(), errors);
        outcome.report.skipped += links;
        outcome
    }

    /// Checks one text, as the sidecar and standard input give it. Runs on the calling thread: call it on the engine's own.
    #[must_use]
    pub fn check_text(&self, name: &str, bytes: &[u8], options: &CheckOptions) -> Outcome {
        let found = Found { path: PathBuf::new(), name: name.to_owned(), named: true };
        let read = || meshgate_descriptor::read(name, bytes, &self.read_limits);
        let Ok(parsed) = catch_unwind(AssertUnwindSafe(read)) else {
            return self.conclude(vec![failed(&found)], Vec::new());
        };
        let entries = self.entries(name, &parsed, &NoFiles);
        let (mesh, dense) = self.mesh(entries, options);
        let run = Run { context: context(options), files: &NoFiles, sources: None, mesh };
        let result = self.judge_file(Prepared { found, parsed: Some(parsed), entries: Vec::new() }, &run);
        self.conclude([result].into_iter().chain(dense).collect(), Vec::new())
    }

    /// Joins the mesh; one that cannot be told is a fault, and no rule may argue from it.
    fn mesh(&self, entries: Vec<Entry>, options: &CheckOptions) -> (Arc<Shared>, Option<FileResult>) {
        match mesh::join(entries, options.mesh_complete || self.mesh_complete) {
            Ok(mesh) => (mesh, None),
            Err(message) => {
                let fault = Fault { file: None, rule: "meshgate".to_owned(), kind: FaultKind::Memory, message };
                let dense = FileResult { faults: vec![fault], ..FileResult::default() };
                (mesh::join(Vec::new(), false).unwrap_or_default(), Some(dense))
            }
        }
    }

    fn sources(&self, paths: &[PathBuf], options: &CheckOptions) -> Sources {
        let fetcher = crate::fetch::Fetcher::new(&options.allow_hosts, self.read_limits.file_bytes_max);
        Sources::new(paths, self.read_limits.file_bytes_max, fetcher)
    }

    fn prepare(&self, found: Found, files: &Sources, kept: &AtomicUsize) -> Prepared {
        // What cannot be opened is told when it is judged.
        let Ok(bytes) = self.open(&found, Some(files)) else {
            return Prepared { found, parsed: None, entries: Vec::new() };
        };
        let read = || meshgate_descriptor::read(&found.name, &bytes, &self.read_limits);
        let Ok(parsed) = catch_unwind(AssertUnwindSafe(read)) else {
            return Prepared { found, parsed: None, entries: Vec::new() };
        };
        let entries = self.entries(&found.name, &parsed, files);
        let keep = kept.fetch_add(bytes.len(), Ordering::Relaxed) < KEPT_BYTES_MAX;
        Prepared { found, parsed: keep.then_some(parsed), entries }
    }

    /// What a file brings to the mesh; a failure here is met again, and told, when the file is judged.
    fn entries(&self, name: &str, parsed: &Parsed, files: &dyn Files) -> Vec<Entry> {
        let entry = |document: &meshgate_descriptor::Document| {
            let Recognised::Known(format) = recognise(document) else { return None };
            let extract = Arc::clone(&self.extract);
            let join = || {
                let (descriptor, _) =
                    meshgate_descriptor::link(name, document.clone(), format, files, &self.read_limits, extract);
                mesh::entry(&meshgate_descriptor::outline(&descriptor))
            };
            catch_unwind(AssertUnwindSafe(join)).ok().flatten()
        };
        parsed.documents.iter().filter_map(entry).collect()
    }

    fn conclude(&self, results: Vec<FileResult>, mut errors: Vec<String>) -> Outcome {
        let mut report = Report {
            verdict: Verdict::Allow,
            descriptors: Vec::new(),
            skipped: 0,
            rules: self.rules.len(),
            findings: Vec::new(),
            faults: self.load_faults.clone(),
        };
        let mut judged = false;
        for result in results {
            judged |= result.judged;
            report.skipped += result.skipped;
            report.descriptors.extend(result.descriptors);
            report.findings.extend(result.findings);
            report.faults.extend(result.faults);
            errors.extend(result.unread);
        }
        report.normalise();
        report.verdict = decide(&report.findings, &report.faults, self.deny_at);
        if !self.load_faults.is_empty() {
            errors.push("not everything could be loaded; see the faults of kind `load`".to_owned());
        }
        if report.descriptors.is_empty() {
            let skipped = match report.skipped {
                0 => String::new(),
                1 => "; 1 file is of no known format".to_owned(),
                n => format!("; {n} files are of no known format"),
            };
            let known: Vec<&str> = Format::STANDARDS.iter().map(|format| format.title()).collect();
            errors.push(format!(
                "no descriptor found{skipped}: name a file of a known standard ({}), or a folder that holds one",
                known.join(", ")
            ));
        } else if !judged && report.findings.is_empty() && errors.is_empty() {
            errors.push("no rule applies to any of these files: nothing was checked".to_owned());
        }
        // A gate that could not do its job is not open.
        if !errors.is_empty() {
            report.verdict = Verdict::Deny;
        }
        Outcome { report, errors }
    }
}

pub(crate) fn context(options: &CheckOptions) -> Context {
    let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    Context { stage: options.stage.clone(), event: options.event.clone(), domain: None, now }
}
