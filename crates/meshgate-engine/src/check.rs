//! The one way of a check: bytes → documents → model → evaluators → findings → decision → report.
//!
//! Deliberately absent: output. The same report goes to the terminal and over HTTP.

use crate::discover::{Found, files};
use crate::engine::Engine;
use crate::locate::Locator;
use meshgate_core::decide::{Verdict, decide};
use meshgate_core::evaluate::{EvaluationInput, applies};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::finding::Finding;
use meshgate_core::model::{Context, Format};
use meshgate_core::report::{DescriptorReport, Report};
use meshgate_descriptor::{Diagnostic, Document, Parsed};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

/// What the caller says of the run.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// The stage of the deployment, given to rules as `input.context.stage`.
    pub stage: Option<String>,
    /// The event that asks, given to rules as `input.context.event`.
    pub event: Option<String>,
}

/// A report, and what kept the job from being done in full.
#[derive(Debug)]
pub struct Outcome {
    /// What was judged.
    pub report: Report,
    /// Why the job could not be done in full (exit code 2); empty when it was.
    pub errors: Vec<String>,
}

/// What became of one file.
#[derive(Default)]
struct FileResult {
    descriptors: Vec<DescriptorReport>,
    findings: Vec<Finding>,
    faults: Vec<Fault>,
    skipped: usize,
    judged: bool,
    unread: Option<String>,
    text: Option<(String, Arc<str>)>,
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
        let context = context(options);
        let results: Vec<FileResult> =
            self.pool.install(|| found.par_iter().map(|file| self.check_file(file, &context)).collect());
        let mut outcome = self.conclude(results, errors);
        outcome.report.skipped += links;
        outcome
    }

    /// Checks one text, as the sidecar and standard input give it. Runs on the calling thread: call it on the engine's own.
    #[must_use]
    pub fn check_text(&self, name: &str, bytes: &[u8], options: &CheckOptions) -> Outcome {
        let found = Found { path: PathBuf::new(), name: name.to_owned(), named: true };
        let result = self.check_bytes(&found, bytes, &context(options));
        self.conclude(vec![result], Vec::new())
    }

    fn check_file(&self, file: &Found, context: &Context) -> FileResult {
        match std::fs::read(&file.path) {
            Ok(bytes) => self.check_bytes(file, &bytes, context),
            // Named, it is an argument that is wrong; found in a folder, it is a descriptor that nobody can read.
            Err(error) if file.named => FileResult {
                unread: Some(format!("{}: cannot be opened: {error}", file.name)),
                ..FileResult::default()
            },
            Err(error) => {
                let diagnostic = Diagnostic {
                    rule: "read.unreadable",
                    message: format!("file cannot be opened: {error}"),
                    span: Default::default(),
                    help: "make the file readable, or add it to .gitignore".to_owned(),
                };
                let mut result = FileResult::default();
                result.unreadable(&file.name, vec![Locator::new(&file.name, "").diagnostic(diagnostic)], "".into());
                result
            }
        }
    }

    fn check_bytes(&self, file: &Found, bytes: &[u8], context: &Context) -> FileResult {
        // The one net under everything below: a bug of ours is a fault of this file, not the end of the run.
        let judged = catch_unwind(AssertUnwindSafe(|| self.judge_bytes(file, bytes, context)));
        judged.unwrap_or_else(|_| {
            let message = "Meshgate failed on this file; please report it".to_owned();
            let fault =
                Fault { file: Some(file.name.clone()), rule: "meshgate".into(), kind: FaultKind::Internal, message };
            FileResult { faults: vec![fault], judged: true, ..FileResult::default() }
        })
    }

    fn judge_bytes(&self, file: &Found, bytes: &[u8], context: &Context) -> FileResult {
        let Parsed { text, documents, mut diagnostics } =
            meshgate_descriptor::read(&file.name, bytes, &self.read_limits);
        let mut result = FileResult::default();
        let locator = Locator::new(&file.name, &text);
        let known = |document: &Document| meshgate_descriptor::recognise(document);
        let formats: Vec<(&Document, Format)> = documents
            .iter()
            .filter_map(|document| known(document).or(file.named.then_some(Format::Generic)).map(|f| (document, f)))
            .collect();
        if documents.is_empty() && diagnostics.is_empty() && !file.named {
            result.skipped = 1;
            return result;
        }
        // Readable, and not a descriptor: not ours to judge, duplicate keys included. A part that could not be read
        // might have been one.
        let readable = diagnostics.iter().all(|diagnostic| diagnostic.rule == "read.duplicate_key");
        if formats.is_empty() && !documents.is_empty() && readable {
            result.skipped = 1;
            return result;
        }
        // A document of no known format beside a descriptor in the same file is counted, as a file of its own would be.
        result.skipped = documents.len() - formats.len();
        diagnostics.extend(formats.iter().flat_map(|(d, format)| meshgate_descriptor::references(d, *format)));
        let unread: Vec<Finding> = diagnostics.into_iter().map(|diagnostic| locator.diagnostic(diagnostic)).collect();
        if formats.is_empty() {
            let empty = || Diagnostic {
                rule: "read.empty",
                message: "file holds no document".to_owned(),
                span: Default::default(),
                help: "write a descriptor, or do not name this file".to_owned(),
            };
            let findings = if unread.is_empty() { vec![locator.diagnostic(empty())] } else { unread };
            result.unreadable(&file.name, findings, Arc::clone(&text));
            return result;
        }
        for (document, format) in formats {
            if !self.judge(document, format, &locator, &unread, context, &mut result) && file.named {
                result.unread = Some(format!("{}: no rule applies to this file: nothing was checked", file.name));
            }
        }
        result.findings.extend(unread);
        if !result.findings.is_empty() {
            result.text = Some((file.name.clone(), text));
        }
        result
    }

    /// Judges one document; says whether any rule looks at its kind.
    fn judge(
        &self,
        document: &Document,
        format: Format,
        locator: &Locator<'_>,
        unread: &[Finding],
        context: &Context,
        result: &mut FileResult,
    ) -> bool {
        let model = meshgate_descriptor::model(document, format, locator.file, context.clone());
        let id = model.id().map(str::to_owned);
        let kind = model.kind.as_str();
        let input = EvaluationInput::new(locator.file, kind, model.to_value());
        let mut findings = Vec::new();
        let mut faults = Vec::new();
        let mut judged = false;
        for evaluator in &self.evaluators {
            judged |= evaluator.rules().iter().any(|rule| applies(rule, kind));
            let evaluation = evaluator.evaluate(&input);
            faults.extend(evaluation.faults);
            for remark in evaluation.remarks {
                match evaluator.rules().iter().find(|rule| rule.id == remark.rule) {
                    // A plugin is called when any of its rules applies; the others' remarks are not asked for.
                    Some(rule) if applies(rule, kind) => findings.push(locator.remark(document, rule, remark)),
                    Some(_) => {}
                    None => faults.push(Fault {
                        file: Some(locator.file.to_owned()),
                        rule: remark.rule.to_string(),
                        kind: FaultKind::BadOutput,
                        message: format!("an evaluator speaks for `{}`, which is not its rule", remark.rule),
                    }),
                }
            }
        }
        result.descriptors.push(DescriptorReport {
            file: locator.file.to_owned(),
            format: Some(format.as_str()),
            kind: Some(kind),
            id,
            verdict: decide(findings.iter().chain(unread), &faults, self.deny_at),
            schema: None,
        });
        result.findings.extend(findings);
        result.faults.extend(faults);
        result.judged |= judged;
        judged
    }

    fn conclude(&self, results: Vec<FileResult>, mut errors: Vec<String>) -> Outcome {
        let mut report = Report {
            verdict: Verdict::Allow,
            descriptors: Vec::new(),
            skipped: 0,
            rules: self.rules.len(),
            findings: Vec::new(),
            faults: self.load_faults.clone(),
            texts: BTreeMap::new(),
        };
        let mut judged = false;
        for result in results {
            judged |= result.judged;
            report.skipped += result.skipped;
            report.descriptors.extend(result.descriptors);
            report.findings.extend(result.findings);
            report.faults.extend(result.faults);
            report.texts.extend(result.text);
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
            errors.push(format!(
                "no descriptor found{skipped}: name a DPDS, ODPS or ODCS file, or a folder that holds one"
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

impl FileResult {
    fn unreadable(&mut self, file: &str, findings: Vec<Finding>, text: Arc<str>) {
        self.descriptors.push(DescriptorReport {
            file: file.to_owned(),
            format: None,
            kind: None,
            id: None,
            verdict: Verdict::Deny,
            schema: None,
        });
        self.findings = findings;
        self.text = Some((file.to_owned(), text));
    }
}

fn context(options: &CheckOptions) -> Context {
    let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    Context { stage: options.stage.clone(), event: options.event.clone(), domain: None, now }
}
