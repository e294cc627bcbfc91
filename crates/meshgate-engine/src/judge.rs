//! One file: its documents, each judged by the reader, its standard's schema and every evaluator.
//!
//! Deliberately absent: other files. What the run knows of them comes as the mesh and through references.

mod descriptor;

use crate::discover::Found;
use crate::engine::Engine;
use crate::layers::Layers;
use crate::locate::Located;
use crate::mesh::Entry;
use crate::mesh::density::Weight;
use crate::reading;
use crate::sources::Tree;
use crate::waivers::Use;
use descriptor::One;
use meshgate_core::date::Date;
use meshgate_core::decide::Verdict;
use meshgate_core::evaluate::Shared;
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::finding::Finding;
use meshgate_core::model::{Context, Format};
use meshgate_core::report::DescriptorReport;
use meshgate_core::rule::{Rule, RuleId};
use meshgate_descriptor::{Diagnostic, Document, Files, Parsed, Recognised, recognise};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// A file after the first step.
pub(crate) struct Prepared {
    pub found: Found,
    /// What was read, when it was kept.
    pub parsed: Option<Parsed>,
    pub entries: Vec<Entry>,
    /// What its documents weigh.
    pub weights: Vec<Weight>,
    /// Files that its references lead to, where somebody wants to know.
    pub refers: Vec<String>,
}

/// What all files of a run share.
pub(crate) struct Run<'a> {
    pub context: Context,
    pub today: Date,
    pub files: &'a dyn Files,
    /// Where files are read from; `None` where there is only a text.
    pub tree: Option<&'a dyn Tree>,
    pub mesh: Arc<Shared>,
    /// What speaks for each folder; `None` where there is only a text.
    pub layers: Option<&'a Layers>,
    /// The version that is compared with.
    pub previous: Option<&'a dyn Earlier>,
    /// Products of the run, by the contracts that they offer.
    pub providers: HashMap<String, Vec<String>>,
    /// What became of each waiver, by its place.
    pub waivers: Mutex<BTreeMap<String, Use>>,
    /// Lists of rules that looked: most descriptors share one.
    pub looked: Mutex<HashSet<Arc<[RuleId]>>>,
    /// Findings in files that others refer to: many products may say the same of one contract, and a run keeps it once.
    pub told: Mutex<HashSet<Same>>,
}

/// Earlier versions of descriptors.
pub(crate) trait Earlier: Sync {
    /// The model of the version before this one, if there was one.
    fn of(&self, file: &str, index: usize, id: Option<&str>) -> Option<Arc<Shared>>;
}

/// What became of one file.
#[derive(Default)]
pub(crate) struct FileResult {
    pub descriptors: Vec<DescriptorReport>,
    pub findings: Vec<Finding>,
    pub faults: Vec<Fault>,
    pub skipped: usize,
    /// What each descriptor's verdict is made of, for whoever knows some of the findings.
    pub judgements: Vec<Judgement>,
    /// Was anything held against a rule or a schema?
    pub judged: bool,
    /// Were there rules for it, and a selection left out every one?
    pub deselected: bool,
    pub unread: Option<String>,
    /// What rules know of rules that are not the root's.
    pub rules: Vec<Rule>,
}

/// What a descriptor's verdict is made of.
pub(crate) struct Judgement {
    /// Which of the file's descriptors.
    pub descriptor: usize,
    /// Which of the file's findings.
    pub findings: std::ops::Range<usize>,
    /// Is it denied whatever the findings are?
    pub shut: bool,
    /// Findings that deny it and that were told before, of another descriptor.
    pub elsewhere: Vec<Same>,
}

/// What is the same for findings that are the same in every respect.
pub(crate) type Same = [u8; 16];

/// Returns that of a finding.
pub(crate) fn same(finding: &Finding) -> Same {
    let mut hash = Sha256::new();
    // Of plain data, what is shown for debugging is all that there is.
    hash.update(format!("{finding:?}"));
    let mut same = Same::default();
    same.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    same
}

impl Engine {
    pub(crate) fn judge_file(&self, file: Prepared, run: &Run<'_>) -> FileResult {
        let Prepared { found, parsed, .. } = file;
        let parsed = match parsed.map_or_else(|| self.read(&found, run.tree), Ok) {
            Ok(parsed) => parsed,
            Err(result) => return *result,
        };
        // A contract that stands in the folder of its product is wanted again in a moment. Only whole files are.
        if let Some(tree) = run.tree.filter(|_| parsed.diagnostics.is_empty()) {
            tree.remember(&found.name, &parsed.documents);
        }
        // The one net under everything below: a bug of ours is a fault of this file, not the end of the run.
        let judged = catch_unwind(AssertUnwindSafe(|| self.judge_documents(&found, parsed, run)));
        judged.unwrap_or_else(|_| failed(&found))
    }

    fn read(&self, file: &Found, tree: Option<&dyn Tree>) -> Result<Parsed, Box<FileResult>> {
        match self.open(file, tree) {
            Ok(bytes) => {
                let read = || meshgate_descriptor::read(&file.name, &bytes, &self.read_limits);
                catch_unwind(AssertUnwindSafe(read)).map_err(|_| Box::new(failed(file)))
            }
            // Named, it is an argument that is wrong; found in a folder, it is a descriptor that nobody can read.
            Err(error) if file.named => Err(Box::new(FileResult {
                unread: Some(format!("{}: cannot be opened: {error}", file.name)),
                ..FileResult::default()
            })),
            Err(error) => {
                let diagnostic = Diagnostic {
                    rule: "read.unreadable",
                    message: format!("file cannot be opened: {error}"),
                    span: Default::default(),
                    help: "make the file readable, or add it to .gitignore".to_owned(),
                };
                let mut result = FileResult::default();
                result.unreadable(&file.name, vec![Located::new(&file.name, "").diagnostic(diagnostic)]);
                Err(Box::new(result))
            }
        }
    }

    /// Opens a file of the run.
    pub(crate) fn open(&self, file: &Found, tree: Option<&dyn Tree>) -> std::io::Result<Vec<u8>> {
        match tree {
            Some(tree) => tree.bytes(file, self.read_limits.file_bytes_max),
            None => reading::regular(&file.path, self.read_limits.file_bytes_max),
        }
    }

    fn judge_documents(&self, file: &Found, parsed: Parsed, run: &Run<'_>) -> FileResult {
        let Parsed { text, documents, mut diagnostics } = parsed;
        let chain = run.layers.and_then(|layers| layers.chain(&file.path)).unwrap_or(&self.chain);
        let mut result = FileResult::default();
        if documents.is_empty() && diagnostics.is_empty() && !file.named {
            result.skipped = 1;
            return result;
        }
        let all = documents.len();
        let mut known: Vec<(Document, Format)> = Vec::new();
        let mut unclear = Vec::new();
        for document in documents {
            match recognise(&document) {
                Recognised::Known(format) => known.push((document, format)),
                Recognised::Unclear(diagnostic) => unclear.push(diagnostic),
                Recognised::Unknown if file.named || chain.judges_raw() => known.push((document, Format::Generic)),
                Recognised::Unknown => {}
            }
        }
        // Readable, and not a descriptor: not ours to judge, duplicate keys included. A part that could not be read
        // might have been one.
        let readable = diagnostics.iter().all(|diagnostic| diagnostic.rule == "read.duplicate_key");
        if known.is_empty() && unclear.is_empty() && all > 0 && readable {
            result.skipped = 1;
            return result;
        }
        // A document of no known format beside a descriptor in the same file is counted, as a file of its own would be.
        result.skipped = all - known.len() - unclear.len();
        let located = Located::new(&file.name, &text);
        diagnostics.extend(unclear);
        let unread: Vec<Finding> = diagnostics.into_iter().map(|diagnostic| located.diagnostic(diagnostic)).collect();
        if known.is_empty() {
            let empty = || Diagnostic {
                rule: "read.empty",
                message: "file holds no document".to_owned(),
                span: Default::default(),
                help: "write a descriptor, or do not name this file".to_owned(),
            };
            let mut findings = if unread.is_empty() { vec![located.diagnostic(empty())] } else { unread };
            // What cannot be read might be a descriptor, so it denies; whoever knows better has a way to say so.
            for help in findings.iter_mut().filter(|_| !file.named).filter_map(|finding| finding.help.as_mut()) {
                help.push_str("; if this is no descriptor, name it in .gitignore");
            }
            result.unreadable(&file.name, findings);
            return result;
        }
        for (index, (document, format)) in known.into_iter().enumerate() {
            // What could not be read of the file is every one of its descriptors' affair, and told once.
            let whole = unread.is_empty();
            let one = One { file, located: &located, chain, run, index, whole };
            if !self.judge(&one, document, format, &mut result) && file.named {
                let why = if result.deselected {
                    "the configuration leaves none of its rules for this file"
                } else {
                    "no rule applies to this file"
                };
                result.unread = Some(format!("{}: {why}: nothing was checked", file.name));
            }
        }
        result.findings.extend(unread);
        result
    }
}

/// What becomes of a file that is not judged, since it asks for too much.
pub(crate) fn unjudged(file: &str, message: String) -> FileResult {
    let fault = Fault { file: Some(file.to_owned()), rule: "meshgate".to_owned(), kind: FaultKind::Limit, message };
    FileResult { faults: vec![fault], judged: true, ..FileResult::default() }
}

pub(crate) fn failed(file: &Found) -> FileResult {
    let message = "Meshgate failed on this file; please report it".to_owned();
    let fault = Fault { file: Some(file.name.clone()), rule: "meshgate".into(), kind: FaultKind::Internal, message };
    FileResult { faults: vec![fault], judged: true, ..FileResult::default() }
}

impl FileResult {
    fn unreadable(&mut self, file: &str, findings: Vec<Finding>) {
        self.descriptors.push(DescriptorReport {
            file: file.to_owned(),
            format: None,
            kind: None,
            id: None,
            verdict: Verdict::Deny,
            schema: None,
            domain: None,
            looked: Arc::default(),
        });
        self.findings = findings;
    }
}
