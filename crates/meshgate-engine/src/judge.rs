//! One file: its documents, each judged by the reader, its standard's schema and every evaluator.
//!
//! Deliberately absent: other files. What the run knows of them comes as the mesh and through references.

use crate::check::Prepared;
use crate::discover::Found;
use crate::engine::Engine;
use crate::locate::{Located, Locator};
use crate::sources::{Sources, read_file};
use meshgate_core::decide::{Verdict, decide};
use meshgate_core::evaluate::{Evaluation, EvaluationInput, Evaluator, Shared, applies};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::finding::Finding;
use meshgate_core::model::{Context, Format};
use meshgate_core::report::{DescriptorReport, SchemaVerdict};
use meshgate_core::severity::Severity;
use meshgate_descriptor::{Descriptor, Diagnostic, Document, Files, Parsed, Recognised, recognise};
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What all files of a run share.
pub(crate) struct Run<'a> {
    pub context: Context,
    pub files: &'a dyn Files,
    pub sources: Option<&'a Sources>,
    pub mesh: Arc<Shared>,
}

/// What became of one file.
#[derive(Default)]
pub(crate) struct FileResult {
    pub descriptors: Vec<DescriptorReport>,
    pub findings: Vec<Finding>,
    pub faults: Vec<Fault>,
    pub skipped: usize,
    pub judged: bool,
    pub unread: Option<String>,
}

impl Engine {
    pub(crate) fn judge_file(&self, file: Prepared, run: &Run<'_>) -> FileResult {
        let Prepared { found, parsed, .. } = file;
        let parsed = match parsed.map_or_else(|| self.read(&found, run.sources), Ok) {
            Ok(parsed) => parsed,
            Err(result) => return *result,
        };
        // A contract that stands in the folder of its product is wanted again in a moment. Only whole files are.
        if let Some(sources) = run.sources.filter(|_| parsed.diagnostics.is_empty()) {
            sources.remember(&found.name, &parsed.documents);
        }
        // The one net under everything below: a bug of ours is a fault of this file, not the end of the run.
        let judged = catch_unwind(AssertUnwindSafe(|| self.judge_documents(&found, parsed, run)));
        judged.unwrap_or_else(|_| failed(&found))
    }

    fn read(&self, file: &Found, roots: Option<&Sources>) -> Result<Parsed, Box<FileResult>> {
        match self.open(file, roots) {
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

    /// Opens a file of the run: a regular one, no larger than the limit, and when it was found in a folder, in that folder
    /// even if it is a link.
    pub(crate) fn open(&self, file: &Found, roots: Option<&Sources>) -> std::io::Result<Vec<u8>> {
        if let Some(roots) = roots.filter(|_| !file.named && file.path.is_symlink()) {
            roots.within(&file.path)?;
        }
        read_file(&file.path, self.read_limits.file_bytes_max)
    }

    fn judge_documents(&self, file: &Found, parsed: Parsed, run: &Run<'_>) -> FileResult {
        let Parsed { text, documents, mut diagnostics } = parsed;
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
                Recognised::Unknown if file.named || self.judges_raw() => known.push((document, Format::Generic)),
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
        for (document, format) in known {
            let extract = Arc::clone(&self.extract);
            let (descriptor, resolution) =
                meshgate_descriptor::join(&file.name, document, format, run.files, &self.read_limits, extract);
            let locator = Locator::new(&descriptor, &located);
            let diagnostics = resolution.diagnostics.into_iter();
            let own: Vec<Finding> =
                diagnostics.map(|(part, diagnostic)| locator.diagnostic(part, diagnostic)).collect();
            let notices = resolution.notices.into_iter();
            let mut findings: Vec<Finding> =
                notices.map(|notice| locator.violation(notice, Severity::Warning)).collect();
            let schema = self.check_schema(&descriptor, &locator, &mut findings);
            findings.extend(own);
            // What could not be read of the file is every one of its descriptors' affair, and told once.
            let whole = unread.is_empty();
            if !self.judge(&descriptor, &locator, whole, findings, schema, run, &mut result) && file.named {
                result.unread = Some(format!("{}: no rule applies to this file: nothing was checked", file.name));
            }
        }
        result.findings.extend(unread);
        result
    }

    /// Holds a descriptor against its standard's own schema.
    fn check_schema(
        &self,
        descriptor: &Descriptor,
        locator: &Locator<'_>,
        findings: &mut Vec<Finding>,
    ) -> Option<SchemaVerdict> {
        let check = meshgate_descriptor::check_schema(descriptor)?;
        let verdict = if check.violations.is_empty() { SchemaVerdict::Valid } else { SchemaVerdict::Invalid };
        if let Some(severity) = self.schema.severity(descriptor.format) {
            let violations = check.violations.into_iter().chain(check.referred);
            findings.extend(violations.map(|violation| locator.violation(violation, severity)));
            let misspelt = check.misspelt.into_iter();
            findings.extend(misspelt.map(|violation| locator.violation(violation, severity.min(Severity::Warning))));
        }
        Some(verdict)
    }

    /// Judges one descriptor; says whether anything looks at its kind.
    #[expect(clippy::too_many_arguments, reason = "what the reader and the schema said is judged with the rest")]
    fn judge(
        &self,
        descriptor: &Descriptor,
        locator: &Locator<'_>,
        whole: bool,
        mut findings: Vec<Finding>,
        schema: Option<SchemaVerdict>,
        run: &Run<'_>,
        result: &mut FileResult,
    ) -> bool {
        let model = meshgate_descriptor::model(descriptor, run.context.clone());
        let (id, file) = (model.id().map(str::to_owned), model.file.clone());
        let kind = model.kind.as_str();
        let wants_raw = self.judges_raw();
        let raw = wants_raw.then(|| EvaluationInput::new(&*file, kind, model.raw.clone()));
        let input = EvaluationInput::of(model).with_mesh(Some(Arc::clone(&run.mesh)));
        let mut faults = Vec::new();
        let mut judged = schema.is_some() && self.schema.severity(descriptor.format).is_some();
        let evaluate = |evaluator: &Arc<dyn Evaluator>| {
            evaluator.evaluate(if evaluator.raw() { raw.as_ref().unwrap_or(&input) } else { &input })
        };
        // Rules take microseconds and stay on this thread; plugins take longer, and go side by side when there are several.
        let evaluations: Vec<Evaluation> = match self.plugins.len() {
            0 | 1 => self.evaluators.iter().map(evaluate).collect(),
            _ => self.evaluators.par_iter().map(evaluate).collect(),
        };
        for (evaluator, evaluation) in self.evaluators.iter().zip(evaluations) {
            judged |= evaluator.rules().iter().any(|rule| applies(rule, kind));
            faults.extend(evaluation.faults);
            for remark in evaluation.remarks {
                match evaluator.rules().iter().find(|rule| rule.id == remark.rule) {
                    // A plugin is called when any of its rules applies; the others' remarks are not asked for.
                    Some(rule) if applies(rule, kind) => findings.push(locator.remark(rule, remark)),
                    Some(_) => {}
                    None => faults.push(Fault {
                        file: Some(file.clone()),
                        rule: remark.rule.to_string(),
                        kind: FaultKind::BadOutput,
                        message: format!("an evaluator speaks for `{}`, which is not its rule", remark.rule),
                    }),
                }
            }
        }
        result.descriptors.push(DescriptorReport {
            file,
            format: Some(descriptor.format.as_str()),
            kind: Some(kind),
            id,
            verdict: if whole { decide(&findings, &faults, self.deny_at) } else { Verdict::Deny },
            schema,
        });
        result.findings.extend(findings);
        result.faults.extend(faults);
        result.judged |= judged;
        judged
    }

    /// Does any evaluator want documents as they are, of whatever format?
    fn judges_raw(&self) -> bool {
        self.evaluators.iter().any(|evaluator| evaluator.raw())
    }
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
        });
        self.findings = findings;
    }
}
