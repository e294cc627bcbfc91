//! The one way of a check: bytes → documents → descriptors → evaluators → findings → decision → report.
//!
//! A run reads every file twice in spirit: first for the mesh (what there is, and who refers to whom), then to judge.
//! Files that were read first are kept for the second time as long as they are small together.
//!
//! Deliberately absent: output. The same report goes to the terminal and over HTTP.

mod conclude;
mod known;
mod options;

pub use options::{CheckOptions, Listener, Outcome, Progress, WaiverReport};

use crate::base::{Base, History};
use crate::baseline::Baseline;
use crate::changed;
use crate::discover::{Found, files};
use crate::engine::{Engine, today};
use crate::governance::Chain;
use crate::judge::{Earlier, FileResult, Prepared, Run, failed, unjudged};
use crate::layers::{Layers, looks_like_example};
use crate::mesh::density::Weight;
use crate::mesh::{self, Entry};
use crate::sources::{Sources, Tree};
use conclude::Whole;
use meshgate_core::date::Date;
use meshgate_core::evaluate::Shared;
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::model::Context;
use meshgate_descriptor::{Files, NoFiles, Parsed, Recognised, recognise};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Bytes of text that are kept read between the two steps of a run.
const KEPT_BYTES_MAX: usize = 16 << 20;

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
        if options.skip_unknown {
            found.iter_mut().for_each(|file| file.named = false);
        }
        let day = options.at.unwrap_or_else(today);
        let folders: Vec<PathBuf> = found.iter().map(|file| file.path.clone()).collect();
        let layers = self.pool.install(|| Layers::of(self, &folders, options.stage.as_deref(), day));
        let before = found.len();
        found.retain(|file| file.named || !layers.is_example(&file.path));
        let examples = before - found.len();
        let mut notes = Vec::new();
        if examples > 0 {
            let files = if examples == 1 {
                "1 file is an example".to_owned()
            } else {
                format!("{examples} files are examples")
            };
            notes.push(format!("{files} of rules, and not judged"));
        }
        let mut sources = self.sources(paths, options);
        let prepared = self.prepare_all(found, &sources, Some(&layers), options.changed);
        let mut entries = Vec::new();
        for file in &prepared {
            for entry in &file.entries {
                if let Entry::Contract(contract) = entry {
                    sources.add_contract(contract.id.clone(), &file.found.path);
                }
            }
            entries.extend(file.entries.iter().cloned());
        }
        let history = options.against.as_ref().map(|base| self.history(Arc::clone(base), &mut notes));
        let (mesh, dense) = self.mesh(entries, options);
        let all = prepared.len();
        let prepared = match history.as_ref().filter(|_| options.changed) {
            Some(history) => changed::narrow(prepared, history, &layers, self),
            None => prepared,
        };
        let judged = prepared.len();
        let known = history.as_ref().map(|history| {
            let names: HashSet<&str> = prepared.iter().map(|file| file.found.name.as_str()).collect();
            self.known(history, &names, &layers, options, day)
        });
        let earlier = history.as_ref().map(|history| history as &dyn Earlier);
        let run = self.run(options, day, &sources, Some(&sources), mesh, Some(&layers), earlier);
        let mut results = self.judge_all(prepared, &run, options.listener.as_ref());
        let whole = Whole {
            day,
            run: &run,
            layers: Some(&layers),
            complete: options.mesh_complete || self.mesh_complete,
            nothing_wanted: (options.changed && all > 0 && judged == 0) || options.skip_unknown,
            notes,
        };
        known::mark(&mut results, known.as_ref(), options.new_only, self.baseline.as_ref());
        let mut outcome = self.conclude(results.into_iter().chain(dense).collect(), errors, whole);
        outcome.report.skipped += links + examples;
        outcome.left_out = all - judged;
        outcome
    }

    #[expect(clippy::too_many_arguments, reason = "all that a run is made of, in one place")]
    fn run<'a>(
        &self,
        options: &CheckOptions,
        day: Date,
        files: &'a dyn Files,
        tree: Option<&'a dyn Tree>,
        mesh: Arc<Shared>,
        layers: Option<&'a Layers>,
        previous: Option<&'a dyn Earlier>,
    ) -> Run<'a> {
        Run {
            context: context(options, day),
            today: day,
            files,
            tree,
            providers: mesh::providers(&mesh),
            mesh,
            layers,
            previous,
            waivers: Mutex::default(),
            looked: Mutex::default(),
            told: Mutex::default(),
        }
    }

    fn judge_all(&self, prepared: Vec<Prepared>, run: &Run<'_>, listener: Option<&Listener>) -> Vec<FileResult> {
        let total = prepared.len();
        let done = AtomicUsize::new(0);
        let files: Vec<(&str, &[Weight])> =
            prepared.iter().map(|file| (file.found.name.as_str(), file.weights.as_slice())).collect();
        let dense: HashMap<String, String> =
            mesh::density::too_dense(&files).into_iter().map(|(name, why)| (name.to_owned(), why)).collect();
        let judge = |file: Prepared| {
            let result = match dense.get(&file.found.name) {
                Some(why) => unjudged(&file.found.name, why.clone()),
                None => self.judge_file(file, run),
            };
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(Listener(listener)) = listener {
                listener(Progress { done, total });
            }
            result
        };
        self.pool.install(|| prepared.into_par_iter().map(judge).collect())
    }

    fn prepare_all(&self, found: Vec<Found>, tree: &dyn Tree, layers: Option<&Layers>, refers: bool) -> Vec<Prepared> {
        let kept = AtomicUsize::new(0);
        // Nobody asks what conftest's policies have in the mesh.
        let plain = |chain: &Chain| chain.is_raw_only() && !chain.asks_for_ids();
        let all = layers.map(Layers::chains).unwrap_or_default();
        let plain = !refers && layers.is_some() && plain(&self.chain) && all.into_iter().all(|chain| plain(chain));
        if plain {
            let unread =
                |found| Prepared { found, parsed: None, entries: Vec::new(), weights: Vec::new(), refers: Vec::new() };
            return found.into_iter().map(unread).collect();
        }
        let prepare = |file: Found| self.prepare(file, tree, &kept, refers);
        self.pool.install(|| found.into_par_iter().map(prepare).collect())
    }

    /// Reads what is compared with.
    fn history(&self, base: Arc<Base>, notes: &mut Vec<String>) -> History {
        let names = base.names();
        let mut history = History::new(base, self.read_limits, Arc::clone(&self.extract));
        // What was an example of a rule then was not judged.
        let names = names.into_iter().filter(|name| !looks_like_example(Path::new(name)));
        let found = names.map(|name| Found { path: PathBuf::from(&name), name, named: false }).collect();
        let prepared = self.prepare_all(found, &history, None, false);
        for file in &prepared {
            for (index, entry) in file.entries.iter().enumerate() {
                history.add(entry, &file.found.name, index);
            }
        }
        history.prepared = Mutex::new(prepared);
        notes.extend(history.base.note());
        history
    }

    /// The fingerprints of what the rules of today find in what is compared with.
    fn known(
        &self,
        history: &History,
        names: &HashSet<&str>,
        layers: &Layers,
        options: &CheckOptions,
        day: Date,
    ) -> Baseline {
        let mut prepared = history.take_prepared();
        let entries = prepared.iter().flat_map(|file| file.entries.iter().cloned()).collect();
        let (mesh, _) = self.mesh(entries, options);
        // What is not judged today is compared with nothing; a file that is gone may have moved.
        prepared.retain(|file| names.contains(file.found.name.as_str()) || !Path::new(&file.found.name).exists());
        let run = self.run(options, day, history, Some(history), mesh, Some(layers), None);
        let results = self.judge_all(prepared, &run, None);
        Baseline::of(results.iter().flat_map(|result| &result.findings), history.base.label.clone())
    }

    /// Checks one text, as the sidecar and standard input give it. Runs on the calling thread: call it on the engine's own.
    #[must_use]
    pub fn check_text(&self, name: &str, bytes: &[u8], options: &CheckOptions) -> Outcome {
        let found = Found { path: PathBuf::new(), name: name.to_owned(), named: true };
        let day = options.at.unwrap_or_else(today);
        let read = || meshgate_descriptor::read(name, bytes, &self.read_limits);
        let parsed = catch_unwind(AssertUnwindSafe(read)).ok();
        let (entries, _) = parsed.as_ref().map(|parsed| self.entries(name, parsed, &NoFiles)).unwrap_or_default();
        let (mesh, dense) = self.mesh(entries, options);
        let mut errors = Vec::new();
        let earlier = options.previous.as_ref().and_then(|bytes| {
            let base = Base::text(name, bytes.clone());
            let mut notes = Vec::new();
            let history = self.history(Arc::new(base), &mut notes);
            if !history.is_readable() {
                errors.push("the previous version cannot be read as a descriptor".to_owned());
                return None;
            }
            Some(history)
        });
        let earlier = earlier.as_ref().map(|history| history as &dyn Earlier);
        let run = self.run(options, day, &NoFiles, None, mesh, None, earlier);
        let result = match parsed {
            Some(parsed) => {
                let prepared = Prepared {
                    found,
                    parsed: Some(parsed),
                    entries: Vec::new(),
                    weights: Vec::new(),
                    refers: Vec::new(),
                };
                self.judge_file(prepared, &run)
            }
            None => failed(&found),
        };
        let mut results = vec![result];
        known::mark(&mut results, None, false, self.baseline.as_ref());
        let whole = Whole { day, run: &run, layers: None, complete: false, nothing_wanted: false, notes: Vec::new() };
        self.conclude(results.into_iter().chain(dense).collect(), errors, whole)
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

    pub(crate) fn sources(&self, paths: &[PathBuf], options: &CheckOptions) -> Sources {
        let fetcher = crate::sources::fetch::Fetcher::new(&options.allow_hosts, self.read_limits.file_bytes_max);
        Sources::new(paths, self.read_limits.file_bytes_max, fetcher)
    }

    fn prepare(&self, found: Found, tree: &dyn Tree, kept: &AtomicUsize, refers: bool) -> Prepared {
        let unread =
            |found| Prepared { found, parsed: None, entries: Vec::new(), weights: Vec::new(), refers: Vec::new() };
        // What cannot be opened is told when it is judged.
        let Ok(bytes) = self.open(&found, Some(tree)) else { return unread(found) };
        let read = || meshgate_descriptor::read(&found.name, &bytes, &self.read_limits);
        let Ok(parsed) = catch_unwind(AssertUnwindSafe(read)) else { return unread(found) };
        let recorder = changed::Recorder::new(tree.files());
        let (entries, weights) = self.entries(&found.name, &parsed, if refers { &recorder } else { tree.files() });
        let keep = kept.fetch_add(bytes.len(), Ordering::Relaxed) < KEPT_BYTES_MAX;
        Prepared { found, parsed: keep.then_some(parsed), entries, weights, refers: recorder.seen() }
    }

    /// What a file brings to the mesh; a failure here is met again, and told, when the file is judged.
    fn entries(&self, name: &str, parsed: &Parsed, files: &dyn Files) -> (Vec<Entry>, Vec<Weight>) {
        let entry = |document: &meshgate_descriptor::Document| {
            let Recognised::Known(format) = recognise(document) else { return None };
            let extract = Arc::clone(&self.extract);
            let join = || {
                let (descriptor, _) =
                    meshgate_descriptor::link(name, document.clone(), format, files, &self.read_limits, extract);
                let input = meshgate_descriptor::outline(&descriptor);
                let parts = descriptor.parts().iter().skip(1).map(|part| part.document.values());
                let weight = Weight::of(&input, document.values(), parts.sum());
                (mesh::entry(&input), weight)
            };
            catch_unwind(AssertUnwindSafe(join)).ok()
        };
        let (entries, weights): (Vec<_>, Vec<_>) = parsed.documents.iter().filter_map(entry).unzip();
        (entries.into_iter().flatten().collect(), weights)
    }
}

pub(crate) fn context(options: &CheckOptions, day: Date) -> Context {
    let now = chrono::Utc::now();
    // Another day than today has no hour.
    let now = match options.at {
        Some(_) => format!("{day}T00:00:00Z"),
        None => now.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    Context {
        stage: options.stage.clone(),
        event: options.event.clone(),
        domain: None,
        layer: "global".to_owned(),
        labels: options.labels.clone(),
        now,
    }
}
