//! One descriptor: its standard's schema, the rules of every layer that counts for it, what is done about their findings, and
//! what is waived.
//!
//! Deliberately absent: files; those are the run's.

use super::{FileResult, Judgement, Run, Same, same};
use crate::config::Said;
use crate::discover::Found;
use crate::engine::Engine;
use crate::governance::{Chain, LayerRules, Subject, delegated};
use crate::locate::{Located, Locator};
use crate::waivers::{Judged, Standing, Use, columns};
use meshgate_core::decide::{Verdict, decide, denies};
use meshgate_core::evaluate::{Evaluation, EvaluationInput, Evaluator, applies};
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::finding::Finding;
use meshgate_core::model::{Format, Input, Kind};
use meshgate_core::report::{DescriptorReport, SchemaVerdict};
use meshgate_core::rule::{Rule, RuleId, Source};
use meshgate_core::severity::{Enforcement, Severity};
use meshgate_core::waiver::{Waived, WaiverKind};
use meshgate_descriptor::{Descriptor, Document, Resolution};
use rayon::prelude::*;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// One descriptor of a run.
pub(super) struct One<'a> {
    pub file: &'a Found,
    pub located: &'a Located<'a>,
    pub chain: &'a Arc<Chain>,
    pub run: &'a Run<'a>,
    /// Which document of its file it is.
    pub index: usize,
    /// Could all of the file be read?
    pub whole: bool,
}

/// A question to an evaluator.
struct Ask<'a> {
    number: usize,
    evaluator: &'a Arc<dyn Evaluator>,
    input: &'a EvaluationInput,
}

/// A finding, and the layer whose rule made it; `None` for Meshgate's own remarks.
type Owned = (Finding, Option<usize>);

/// The rules that look, each with what is done about its findings, by layer.
type Wanted<'a> = Vec<BTreeMap<&'a RuleId, Enforcement>>;

impl Engine {
    /// Judges one descriptor; says whether anything looked at it.
    pub(super) fn judge(&self, one: &One<'_>, document: Document, format: Format, result: &mut FileResult) -> bool {
        let One { chain, run, .. } = *one;
        let raw_only = chain.is_raw_only();
        let extract = Arc::clone(&self.extract);
        let (file, limits) = (&one.file.name, &self.read_limits);
        let (descriptor, resolution) = if raw_only && !chain.asks_for_ids() {
            (meshgate_descriptor::plain(file, document, format, limits, extract), Resolution::default())
        } else {
            meshgate_descriptor::join(file, document, format, run.files, limits, extract)
        };
        let mut model = self.model(&descriptor, one, raw_only);
        if let Some(domain) = &chain.domain {
            result.findings.extend(self.mismatch(&model, domain, one, &descriptor));
            model.context.domain = Some(domain.clone());
        }
        let id = model.id().map(str::to_owned);
        let domain = model.context.domain.clone();
        let locator = Locator::new(&descriptor, one.located, id.as_deref());
        let mut findings: Vec<Owned> = Vec::new();
        let schema =
            if raw_only { None } else { self.hold_against_schema(&descriptor, chain, &locator, &mut findings) };
        let notices = resolution.notices.into_iter().map(|notice| locator.violation(notice, Severity::Warning));
        let unread = resolution.diagnostics.into_iter().map(|(part, diagnostic)| locator.diagnostic(part, diagnostic));
        // Of what conftest's policies are given, references are not their affair.
        if !raw_only {
            findings.extend(notices.chain(unread).map(|finding| (finding, None)));
        }
        self.enforce_builtins(chain, run, &mut findings);
        let (wanted, deselected) = wanted(chain, &Subject::of(&model), run, domain.as_deref());
        let looked: BTreeSet<&RuleId> = wanted.iter().flat_map(|rules| rules.keys().copied()).collect();
        let looked = shared(run, looked);
        let columns = if has_column_waivers(chain) { columns(&model) } else { BTreeMap::new() };
        let mut faults = Vec::new();
        let excepted = self.evaluate(one, &descriptor, model, &wanted, &locator, &mut findings, &mut faults);
        for (finding, owner) in &mut findings {
            let exception = excepted.iter().find(|(rule, _)| owner.is_some() && *rule == finding.rule);
            finding.waiver = exception.map(|(_, place)| excepting(place));
        }
        let mut ids: Vec<String> = id.iter().cloned().collect();
        if kind_of(format) == Kind::DataContract {
            ids.extend(id.iter().filter_map(|id| run.providers.get(id)).flatten().cloned());
        }
        let id_in = |file: &str| locator.id_in(file).map(str::to_owned);
        let judged = Judged { ids: &ids, id_in: &id_in, looked: &looked, columns: &columns };
        waive(chain, run, domain.as_deref(), &judged, &mut findings);
        let deny_at = chain.deny_at(self.deny_at);
        let mut findings: Vec<Finding> = findings.into_iter().map(|(finding, _)| finding).collect();
        for finding in &mut findings {
            finding.denies = denies(finding, deny_at);
            if finding.denies && finding.source != Source::Read {
                finding.approvers = chain.approvers(&finding.rule);
            }
        }
        let any = !looked.is_empty() || (schema.is_some() && chain.schema(format).is_some());
        let shut = !one.whole || chain.is_broken(domain.as_deref()) || !faults.is_empty();
        let verdict = if shut { Verdict::Deny } else { decide(&findings, &faults, deny_at) };
        self.tell_layers(chain, domain.as_deref(), result);
        let elsewhere = told_before(run, &one.file.name, &mut findings);
        let at = result.findings.len();
        let findings_of = at..at + findings.len();
        result.judgements.push(Judgement {
            descriptor: result.descriptors.len(),
            findings: findings_of,
            shut,
            elsewhere,
        });
        result.descriptors.push(DescriptorReport {
            file: one.file.name.clone(),
            format: Some(descriptor.format.as_str()),
            kind: Some(kind_of(format).as_str()),
            id,
            verdict,
            schema,
            domain,
            looked,
        });
        result.findings.extend(findings);
        result.faults.extend(faults);
        result.judged |= any;
        result.deselected |= deselected;
        any && !(deselected && result.descriptors.last().is_some_and(|descriptor| descriptor.looked.is_empty()))
    }

    /// The model; or, where all rules want the document itself, the little that is asked of it.
    fn model(&self, descriptor: &Descriptor, one: &One<'_>, raw_only: bool) -> Input {
        let context = one.run.context.clone();
        if !raw_only {
            return meshgate_descriptor::model(descriptor, context);
        }
        let raw = plain(descriptor);
        if one.chain.asks_for_ids() {
            return Input { context, raw, ..meshgate_descriptor::outline(descriptor) };
        }
        Input {
            format: descriptor.format,
            kind: kind_of(descriptor.format),
            file: one.file.name.clone(),
            product: None,
            contracts: Vec::new(),
            context,
            raw,
        }
    }

    /// A descriptor in the folder of one domain that calls itself another's.
    fn mismatch(&self, model: &Input, domain: &str, one: &One<'_>, descriptor: &Descriptor) -> Option<Finding> {
        let said = model.context.domain.as_deref().filter(|said| !said.eq_ignore_ascii_case(domain))?;
        let span = descriptor.span(0, &meshgate_core::pointer::Pointer::root());
        let words = Said {
            message: format!("descriptor says that it is of the domain `{said}`, and its folder is of `{domain}`"),
            label: None,
            help: format!("Write `{domain}`, or move the file: the folder counts."),
        };
        Some(one.located.governance("governance.domain_mismatch", Severity::Warning, span, words))
    }

    /// Holds a descriptor against its standard's own schema.
    fn hold_against_schema(
        &self,
        descriptor: &Descriptor,
        chain: &Chain,
        locator: &Locator<'_>,
        findings: &mut Vec<Owned>,
    ) -> Option<SchemaVerdict> {
        let check = meshgate_descriptor::check_schema(descriptor)?;
        let verdict = if check.violations.is_empty() { SchemaVerdict::Valid } else { SchemaVerdict::Invalid };
        if let Some(severity) = chain.schema(descriptor.format) {
            let violations = check.violations.into_iter().chain(check.referred);
            findings.extend(violations.map(|violation| (locator.violation(violation, severity), None)));
            let misspelt = check.misspelt.into_iter();
            let low = severity.min(Severity::Warning);
            findings.extend(misspelt.map(|violation| (locator.violation(violation, low), None)));
        }
        Some(verdict)
    }

    fn enforce_builtins(&self, chain: &Chain, run: &Run<'_>, findings: &mut Vec<Owned>) {
        let stage = run.context.stage.as_deref();
        for (finding, _) in findings.iter_mut().filter(|(finding, _)| finding.source == Source::Schema) {
            finding.enforcement = chain.builtin(finding.rule.as_str(), stage, run.today);
        }
        findings.retain(|(finding, _)| finding.enforcement != Enforcement::Off);
    }

    #[expect(clippy::too_many_arguments, reason = "what evaluators see, and where their answers go")]
    /// Asks every evaluator that has a rule that is wanted; returns what policies except themselves.
    fn evaluate(
        &self,
        one: &One<'_>,
        descriptor: &Descriptor,
        mut model: Input,
        wanted: &Wanted<'_>,
        locator: &Locator<'_>,
        findings: &mut Vec<Owned>,
        faults: &mut Vec<Fault>,
    ) -> Vec<(RuleId, String)> {
        let One { chain, run, file, .. } = *one;
        let previous = run.previous.and_then(|earlier| earlier.of(&file.name, one.index, model.id()));
        let kind = model.kind.as_str();
        // Where nobody wants the model, the document need not be copied.
        let document = |model: &mut Input| match chain.is_raw_only() {
            true => std::mem::take(&mut model.raw),
            false => plain(descriptor),
        };
        let raw = chain.judges_raw().then(|| EvaluationInput::new(&*file.name, kind, document(&mut model)));
        let input = EvaluationInput::of(model).with_mesh(Some(Arc::clone(&run.mesh))).with_previous(previous);
        let lower: Vec<OnceCell<EvaluationInput>> = chain.layers.iter().map(|_| OnceCell::new()).collect();
        let mut asked: Vec<Ask<'_>> = Vec::new();
        for (number, layer) in chain.layers.iter().enumerate() {
            let Some(rules) = wanted.get(number) else { continue };
            for evaluator in &layer.evaluators {
                if !evaluator.rules().iter().any(|rule| rules.contains_key(&rule.id)) {
                    continue;
                }
                let input = match (&raw, number) {
                    (Some(raw), _) if evaluator.raw() => raw,
                    (_, 0) => &input,
                    _ => match lower.get(number) {
                        Some(own) => own.get_or_init(|| input.of_layer(layer.layer.word())),
                        None => &input,
                    },
                };
                asked.push(Ask { number, evaluator, input });
            }
        }
        let wants = |number: usize, rule: &Rule| wanted.get(number).is_some_and(|rules| rules.contains_key(&rule.id));
        let ask = |ask: &Ask<'_>| ask.evaluator.evaluate_some(ask.input, &|rule| wants(ask.number, rule));
        // Rules take microseconds and stay on this thread; plugins take longer, and go side by side when there are several.
        let several = asked.iter().filter(|ask| ask.evaluator.is_slow()).count() > 1;
        let evaluations: Vec<Evaluation> =
            if several { asked.par_iter().map(ask).collect() } else { asked.iter().map(ask).collect() };
        let mut excepted = Vec::new();
        for (Ask { number, evaluator, .. }, evaluation) in asked.iter().zip(evaluations) {
            faults.extend(evaluation.faults);
            excepted.extend(evaluation.excepted);
            for remark in evaluation.remarks {
                match evaluator.rules().iter().find(|rule| rule.id == remark.rule) {
                    Some(rule) => {
                        // A plugin is called when any of its rules is wanted; the others' remarks are not asked for.
                        if let Some(enforcement) = wanted.get(*number).and_then(|rules| rules.get(&rule.id)) {
                            let mut finding = locator.remark(rule, remark);
                            finding.enforcement = *enforcement;
                            findings.push((finding, Some(*number)));
                        }
                    }
                    None => faults.push(Fault {
                        file: Some(file.name.clone()),
                        rule: remark.rule.to_string(),
                        kind: FaultKind::BadOutput,
                        message: format!("an evaluator speaks for `{}`, which is not its rule", remark.rule),
                    }),
                }
            }
        }
        excepted
    }

    /// What the law of layers remarks, what did not load, and the rules that the root does not know.
    fn tell_layers(&self, chain: &Chain, domain: Option<&str>, result: &mut FileResult) {
        result.findings.extend(chain.findings.iter().cloned());
        for layer in chain.layers.iter().filter(|layer| layer.counts_for(domain)) {
            result.findings.extend(layer.findings.iter().cloned());
            result.faults.extend(layer.faults.iter().cloned());
        }
        for layer in chain.layers.iter().skip(self.layers.len()) {
            let known = |id: &RuleId| result.rules.iter().any(|rule| rule.id == *id);
            let new: Vec<Rule> = layer.rules().filter(|rule| !known(&rule.id)).cloned().collect();
            result.rules.extend(new);
        }
    }
}

/// Takes out what was said of other files in the very same words; returns what of it denies.
fn told_before(run: &Run<'_>, file: &str, findings: &mut Vec<Finding>) -> Vec<Same> {
    let mut denying = Vec::new();
    findings.retain(|finding| {
        if finding.location.file == file {
            return true;
        }
        let same = same(finding);
        let is_new = run.told.lock().unwrap_or_else(PoisonError::into_inner).insert(same);
        if !is_new && finding.denies {
            denying.push(same);
        }
        is_new
    });
    denying
}

/// The rules that look at a subject, by layer; and whether selections left out all that there are for its kind.
fn wanted<'a>(chain: &'a Chain, subject: &Subject<'_>, run: &Run<'_>, domain: Option<&str>) -> (Wanted<'a>, bool) {
    let stage = run.context.stage.as_deref();
    let mut out = 0;
    let wanted: Wanted<'a> = chain
        .layers
        .iter()
        .enumerate()
        .map(|(number, layer)| {
            let mut rules = BTreeMap::new();
            if !layer.counts_for(domain) {
                return rules;
            }
            for rule in layer.rules().filter(|rule| applies(rule, subject.kind)) {
                let Some(plan) = chain.plan(number, &rule.id) else { continue };
                if plan.deselected(subject).is_some() {
                    out += 1;
                    continue;
                }
                let enforcement = plan.enforcement(stage, run.today);
                if enforcement == Enforcement::Off {
                    out += 1;
                } else {
                    rules.insert(&rule.id, enforcement);
                }
            }
            rules
        })
        .collect();
    let none = wanted.iter().all(BTreeMap::is_empty);
    (wanted, none && out > 0)
}

/// Most descriptors are looked at by the same rules: the list is kept once.
fn shared(run: &Run<'_>, looked: BTreeSet<&RuleId>) -> Arc<[RuleId]> {
    let list: Vec<RuleId> = looked.into_iter().cloned().collect();
    let mut known = run.looked.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = known.get(list.as_slice()) {
        return Arc::clone(same);
    }
    let list: Arc<[RuleId]> = list.into();
    known.insert(Arc::clone(&list));
    list
}

/// The document as it is written.
fn plain(descriptor: &Descriptor) -> serde_json::Value {
    descriptor.parts().first().map(|part| part.document.to_value()).unwrap_or_default()
}

fn excepting(place: &str) -> Waived {
    Waived {
        kind: WaiverKind::Exception,
        reason: "an `exception` of the policy".to_owned(),
        approver: None,
        expires: None,
        ticket: None,
        origin: place.to_owned(),
    }
}

fn has_column_waivers(chain: &Chain) -> bool {
    chain.layers.iter().flat_map(|layer| &layer.waivers).any(|waiver| waiver.entry.column.is_some())
}

/// Lets each waiver cover what it may, and keeps count.
fn waive(chain: &Chain, run: &Run<'_>, domain: Option<&str>, judged: &Judged<'_>, findings: &mut [Owned]) {
    if chain.layers.iter().all(|layer| layer.waivers.is_empty()) {
        return;
    }
    let mut used: BTreeMap<&str, Use> = BTreeMap::new();
    for (number, layer) in chain.layers.iter().enumerate().filter(|(_, layer)| layer.counts_for(domain)) {
        for waiver in &layer.waivers {
            let standing = OnceCell::new();
            let entry = used.entry(&waiver.origin).or_default();
            // Whose rule it is can be told of findings only; what looked is a rule of some layer, or Meshgate's own.
            let may = |rule: &RuleId| {
                let owner = chain.layers.iter().position(|layer| layer.rules().any(|known| known.id == *rule));
                may_waive(chain, owner.unwrap_or(0), number, layer, rule)
            };
            entry.in_view |= waiver.is_in_view(judged, may);
            for (finding, owner) in findings.iter_mut() {
                let owner = owner.unwrap_or(0);
                if finding.waiver.is_some()
                    || !waiver.covers(finding, judged)
                    || !may_waive(chain, owner, number, layer, &finding.rule)
                {
                    continue;
                }
                entry.in_view = true;
                let location = &finding.location;
                entry.findings.insert((location.file.clone(), location.pointer.clone(), finding.message.clone()));
                if let Standing::Active(_) = standing.get_or_init(|| chain.standing(layer, waiver, run.today)) {
                    finding.waiver = Some(waiver.waived());
                }
            }
        }
    }
    let mut all = run.waivers.lock().unwrap_or_else(PoisonError::into_inner);
    for (origin, now) in used {
        let entry = all.entry(origin.to_owned()).or_default();
        entry.findings.extend(now.findings);
        entry.in_view |= now.in_view;
    }
}

/// A layer waives its own rules and those below it; those above only where that is delegated.
fn may_waive(chain: &Chain, owner: usize, by: usize, layer: &LayerRules, rule: &RuleId) -> bool {
    owner >= by || delegated(&chain.layers, owner, layer, rule)
}

/// What a standard describes.
const fn kind_of(format: Format) -> Kind {
    match format {
        Format::Odcs | Format::Dcs => Kind::DataContract,
        Format::Dpds | Format::Odps | Format::OdpsLf | Format::Dps | Format::Witboost => Kind::DataProduct,
        Format::Generic => Kind::Other,
    }
}
