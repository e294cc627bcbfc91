//! The law of layers: which rules apply to a descriptor, and what is done about their findings, when several configurations
//! speak. A lower layer adds and tightens; it loosens only what the layer above delegates, and an attempt is a finding.
//!
//! Deliberately absent: where layers come from (`layers`), waivers (`waivers`), and paths of Rego (`walls`).

mod plan;
mod subject;

pub use plan::Plan;
pub use subject::Subject;

use crate::builtin::BUILTINS;
use crate::config::{Config, Enforced, Patterns, Said, SchemaSeverities, SchemaSeverity};
use crate::pattern::Pattern;
use crate::waivers::{Standing, Waiver};
use crate::walls::Owned;
use meshgate_core::date::Date;
use meshgate_core::evaluate::Evaluator;
use meshgate_core::fault::Fault;
use meshgate_core::finding::Finding;
use meshgate_core::layer::Layer;
use meshgate_core::model::Format;
use meshgate_core::pointer::Pointer;
use meshgate_core::rule::{Rule, RuleId};
use meshgate_core::severity::{Enforcement, Severity};
use meshgate_rego::Bundle;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The rule whose findings say that a layer tried to loosen what is not its own.
pub const OVERRIDE: &str = "governance.layer_override";

/// The key of `enforcement` that stands for what no pattern covers.
const DEFAULT: &str = "default";

/// The rules of one layer, and the configuration that speaks for them.
pub struct LayerRules {
    pub layer: Layer,
    pub config: Arc<Config>,
    /// Does it count only for descriptors of its domain? A layer that lies in the tree counts for what lies below it.
    pub by_domain: bool,
    pub evaluators: Vec<Arc<dyn Evaluator>>,
    /// Rules of profiles that are not chosen.
    pub dormant: Vec<Rule>,
    /// Those of its bundles that have access policies.
    pub access: Vec<Arc<Bundle>>,
    pub owned: Owned,
    /// Its own, in force or not.
    pub waivers: Vec<Waiver>,
    /// What did not load, and what it tried and may not.
    pub faults: Vec<Fault>,
    pub findings: Vec<Finding>,
    /// The folder that it speaks for; `None` is every folder.
    pub folder: Option<PathBuf>,
}

impl LayerRules {
    pub fn new(layer: Layer, config: Arc<Config>) -> Self {
        Self {
            layer,
            config,
            by_domain: false,
            evaluators: Vec::new(),
            dormant: Vec::new(),
            access: Vec::new(),
            owned: Owned::default(),
            waivers: Vec::new(),
            faults: Vec::new(),
            findings: Vec::new(),
            folder: None,
        }
    }

    /// Adds a bundle.
    pub fn add(&mut self, bundle: Arc<Bundle>) {
        if bundle.has_access() {
            self.access.push(Arc::clone(&bundle));
        }
        self.dormant.extend(bundle.dormant().iter().cloned());
        self.evaluators.push(bundle);
    }

    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.evaluators.iter().flat_map(|evaluator| evaluator.rules())
    }

    /// Its rules, and those of profiles that are not chosen.
    pub fn known(&self) -> impl Iterator<Item = &Rule> {
        self.rules().chain(&self.dormant)
    }

    /// Does it count for a descriptor of this domain?
    pub fn counts_for(&self, domain: Option<&str>) -> bool {
        match &self.layer {
            Layer::Domain(name) if self.by_domain => domain.is_some_and(|domain| domain.eq_ignore_ascii_case(name)),
            _ => true,
        }
    }
}

/// Everything that speaks of the descriptors of one folder, the highest layer first.
pub struct Chain {
    pub layers: Vec<Arc<LayerRules>>,
    plans: Vec<BTreeMap<RuleId, Plan>>,
    /// What its lower layers tried to loosen and may not.
    pub findings: Vec<Finding>,
    /// The lowest severity that denies, if a lower layer says one.
    deny_at: Option<Severity>,
    schema: SchemaSeverities,
    /// The domain that the folder belongs to.
    pub domain: Option<String>,
}

impl Chain {
    /// Joins layers, the highest first. What holds for a stage and a day is looked at for attempts to loosen it.
    pub fn of(layers: Vec<Arc<LayerRules>>, domain: Option<String>, stage: Option<&str>, today: Date) -> Self {
        let mut chain = Self {
            plans: layers.iter().enumerate().map(|(own, layer)| plans(&layers, own, layer)).collect(),
            findings: Vec::new(),
            deny_at: None,
            schema: layers.first().map(|root| root.config.schema.clone()).unwrap_or_default(),
            domain,
            layers,
        };
        chain.attempts(stage, today);
        chain.thresholds();
        chain
    }

    /// Finds what lower layers say of rules that are not theirs. What is said by one pattern is one finding.
    fn attempts(&mut self, stage: Option<&str>, today: Date) {
        let builtins: Vec<RuleId> = BUILTINS.iter().map(|builtin| RuleId::foreign(builtin.id)).collect();
        let mut found = Vec::new();
        // The folder's domain, or that of the layer in it; another domain's rules are beside these, not above.
        let own_domain = self.layers.iter().rev().find_map(|layer| match &layer.layer {
            Layer::Domain(name) if !layer.by_domain => Some(name.as_str()),
            _ => None,
        });
        let domain = self.domain.as_deref().or(own_domain);
        for (own, plans) in self.plans.iter().enumerate() {
            let Some(owner) = self.layers.get(own).filter(|owner| owner.counts_for(domain)) else { continue };
            let mut loosened: BTreeMap<_, Vec<&RuleId>> = BTreeMap::new();
            for (rule, plan) in plans {
                for loose in plan.loosening(stage, today) {
                    let by = self.layers.iter().position(|layer| std::ptr::eq(&raw const **layer, loose.by));
                    let key = (by, loose.pattern.clone(), loose.wanted.as_str(), loose.held.as_str());
                    loosened.entry(key).or_default().push(rule);
                }
            }
            for ((by, pattern, wanted, held), rules) in loosened {
                let Some(by) = by.and_then(|by| self.layers.get(by)) else { continue };
                let key = Pointer::root().key("enforcement").key(pattern.as_str());
                let message = format!(
                    "{} of {} {} set to `{wanted}` here, where {} `{held}`",
                    listed(&rules),
                    owner.layer,
                    verb(&rules),
                    are(&rules)
                );
                found.extend(attempt(by, &key, message));
            }
            for lower in self.layers.iter().skip(own + 1).filter(|lower| speaks_for_itself(lower, &self.layers)) {
                let theirs = |wanted: &dyn Fn(&RuleId) -> bool| -> Vec<&RuleId> {
                    let own_builtins = builtins.iter().filter(|_| own == 0);
                    let all = owner.rules().map(|rule| &rule.id).chain(own_builtins);
                    all.filter(|rule| wanted(rule) && !delegated(&self.layers, own, lower, rule)).collect()
                };
                for waiver in &lower.waivers {
                    let rules = theirs(&|rule| waiver.entry.rule.matches(rule.as_str()));
                    if !rules.is_empty() {
                        let message = format!("{} of {} {} waived here", listed(&rules), owner.layer, verb(&rules));
                        found.push(waiver.trespass(&lower.layer, message));
                    }
                }
                for (index, selection) in lower.config.select.iter().enumerate() {
                    let rules = theirs(&|rule| any(&selection.rules, rule.as_str()));
                    if !rules.is_empty() {
                        let key = Pointer::root().key("select").index(index).key("rules");
                        let message = format!("{} of {} {} selected here", listed(&rules), owner.layer, verb(&rules));
                        found.extend(attempt(lower, &key, message));
                    }
                }
            }
        }
        self.findings.extend(found);
    }

    /// Joins the thresholds: the strictest counts.
    fn thresholds(&mut self) {
        let mut found = Vec::new();
        let mut held = self.layers.first().and_then(|root| root.config.deny_at).map_or(Severity::Error, Severity::from);
        for lower in self.layers.iter().skip(1).filter(|lower| speaks_for_itself(lower, &self.layers)) {
            let key = Pointer::root();
            if let Some(wanted) = lower.config.deny_at.map(Severity::from) {
                if wanted > held {
                    let message = format!("`deny_at` is `{wanted}` here, where it is `{held}`");
                    found.extend(attempt(lower, &key.key("deny_at"), message));
                } else {
                    held = wanted;
                    self.deny_at = Some(wanted);
                }
            }
            for format in Format::STANDARDS {
                let Some(wanted) = lower.config.schema.said(format) else { continue };
                if wanted.severity() < self.schema.severity(format) {
                    let is = self.schema.severity(format).map_or("off", Severity::as_str);
                    let message =
                        format!("violations of the schema of {} are loosened here; they are `{is}`", format.title());
                    found.extend(attempt(lower, &key.key("schema").key(format.as_str()), message));
                } else {
                    set(&mut self.schema, format, wanted);
                }
            }
        }
        self.findings.extend(found);
    }

    /// Does any evaluator want documents as they are, of whatever format?
    pub fn judges_raw(&self) -> bool {
        self.evaluators().any(|evaluator| evaluator.raw())
    }

    /// Do all evaluators, so that no model is wanted? Only the root can say so: no schema is checked then.
    pub fn is_raw_only(&self) -> bool {
        let root = self.layers.first().is_some_and(|root| !root.evaluators.is_empty());
        root && self.evaluators().all(|evaluator| evaluator.raw())
    }

    fn evaluators(&self) -> impl Iterator<Item = &Arc<dyn Evaluator>> {
        self.layers.iter().flat_map(|layer| &layer.evaluators)
    }

    /// Does any selection or waiver speak of what only a model tells?
    pub fn asks_for_ids(&self) -> bool {
        self.layers.iter().any(|layer| !layer.waivers.is_empty() || !layer.config.select.is_empty() || layer.by_domain)
    }

    /// The lowest severity that denies, where the run says another.
    pub fn deny_at(&self, run: Severity) -> Severity {
        self.deny_at.map_or(run, |own| own.min(run))
    }

    /// What a violation of a standard's schema is worth.
    pub fn schema(&self, format: Format) -> Option<Severity> {
        self.schema.severity(format)
    }

    /// Returns what is planned for a rule of a layer.
    pub fn plan(&self, layer: usize, rule: &RuleId) -> Option<&Plan> {
        self.plans.get(layer)?.get(rule)
    }

    /// What is done about a remark of Meshgate's own. Only the root may say.
    pub fn builtin(&self, rule: &str, stage: Option<&str>, today: Date) -> Enforcement {
        let said = self.layers.first().and_then(|root| named(&root.config, rule));
        said.map_or(Enforcement::Block, |(_, enforced)| enforced.at(stage, today))
    }

    /// What a waiver of one of its layers is worth on a day: whoever owns a rule that it names says who may waive it, and
    /// who waives several must be one who may waive each.
    pub fn standing(&self, layer: &LayerRules, waiver: &Waiver, today: Date) -> Standing {
        let own = std::iter::once(&layer.config.waiver);
        let above = self.layers.iter().take_while(|other| !std::ptr::eq(&raw const ***other, layer));
        let named = |other: &&Arc<LayerRules>| other.rules().any(|rule| waiver.entry.rule.matches(rule.id.as_str()));
        let mut policies = above.filter(named).map(|other| &other.config.waiver).chain(own);
        let standing = policies.find_map(|policy| {
            let standing = waiver.standing(policy, today);
            (!matches!(standing, Standing::Active(_))).then_some(standing)
        });
        if let Some(standing) = standing {
            return standing;
        }
        let of = |layer: &Arc<LayerRules>| {
            let policy = Arc::clone(&layer.config);
            let ids: Vec<String> = layer.rules().map(|rule| rule.id.to_string()).collect();
            ids.into_iter().map(move |id| (Arc::clone(&policy), id)).collect::<Vec<_>>()
        };
        let builtins = self.layers.first().map(|root| Arc::clone(&root.config)).into_iter();
        let builtins =
            builtins.flat_map(|root| BUILTINS.iter().map(move |builtin| (Arc::clone(&root), builtin.id.to_owned())));
        let mut rules = self.layers.iter().flat_map(of).chain(builtins).filter(|(_, id)| waiver.entry.rule.matches(id));
        let refused = rules.find_map(|(config, id)| waiver.refusal(&config.waiver, &id));
        match refused {
            Some(why) => Standing::Refused(why),
            None => Standing::Active(today.days_until(waiver.entry.expires.0)),
        }
    }

    /// Who may waive a rule, as its owner says.
    pub fn approvers(&self, rule: &RuleId) -> Vec<String> {
        let owner = self.layers.iter().find(|layer| layer.rules().any(|known| known.id == *rule));
        let Some(owner) = owner.or(self.layers.first()) else { return Vec::new() };
        let covering = owner.config.waiver.approvers.iter().filter(|(rules, _)| rules.matches(rule.as_str()));
        let names = covering.max_by_key(|(rules, _)| rules.specificity()).map(|(_, names)| names.0.as_slice());
        names.unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    /// Did anything of the layers for a domain not load, or try what it may not?
    pub fn is_broken(&self, domain: Option<&str>) -> bool {
        let broken = |layer: &Arc<LayerRules>| {
            layer.counts_for(domain) && !(layer.faults.is_empty() && layer.findings.is_empty())
        };
        !self.findings.is_empty() || self.layers.iter().any(broken)
    }
}

fn set(schema: &mut SchemaSeverities, format: Format, to: SchemaSeverity) {
    let slot = match format {
        Format::Dpds => &mut schema.dpds,
        Format::Odps => &mut schema.odps,
        Format::Odcs => &mut schema.odcs,
        Format::OdpsLf => &mut schema.odps_lf,
        Format::Dcs => &mut schema.dcs,
        Format::Dps => &mut schema.dps,
        Format::Witboost | Format::Generic => return,
    };
    *slot = Some(to);
}

/// Does a layer have a configuration of its own? Those of the root's bundles have the root's.
fn speaks_for_itself(layer: &LayerRules, layers: &[Arc<LayerRules>]) -> bool {
    let first = layers.iter().find(|other| Arc::ptr_eq(&other.config, &layer.config));
    layer.config.source.is_some() && first.is_some_and(|first| std::ptr::eq(&raw const **first, layer))
}

fn plans(layers: &[Arc<LayerRules>], own: usize, layer: &LayerRules) -> BTreeMap<RuleId, Plan> {
    let plan = |rule: &Rule| {
        let mut plan = Plan::new(rule, own_mode(&layer.config, &rule.id));
        plan.select(&layer.config, &rule.id);
        for lower in layers.iter().skip(own + 1).filter(|lower| speaks_for_itself(lower, layers)) {
            let delegated = delegated(layers, own, lower, &rule.id);
            if let Some((pattern, enforced)) = named(&lower.config, rule.id.as_str()) {
                plan.lower(lower, pattern, enforced, delegated);
            }
            if delegated {
                plan.select(&lower.config, &rule.id);
            }
        }
        (rule.id.clone(), plan)
    };
    layer.rules().map(plan).collect()
}

/// What a configuration says of a rule by a pattern, not by default.
fn named<'a>(config: &'a Config, rule: &str) -> Option<(&'a Pattern, &'a Enforced)> {
    let fitting = config.enforcement.iter().filter(|(pattern, _)| pattern.as_str() != DEFAULT && pattern.matches(rule));
    // Of equally specific ones the strictest.
    fitting.max_by_key(|(pattern, enforced)| (pattern.specificity(), enforced.mode.strictness()))
}

/// What a configuration does about its own rule.
pub fn own_mode(config: &Config, rule: &RuleId) -> Enforced {
    let default = || config.enforcement.iter().find(|(pattern, _)| pattern.as_str() == DEFAULT).map(|(_, said)| said);
    let said = named(config, rule.as_str()).map(|(_, said)| said).or_else(default);
    said.cloned().unwrap_or(Enforced::always(Enforcement::Block))
}

pub fn any(patterns: &Patterns, text: &str) -> bool {
    patterns.0.iter().any(|pattern| pattern.matches(text))
}

/// May a lower layer loosen a rule? Its owner must have said so, and everybody between who says something of it.
pub fn delegated(layers: &[Arc<LayerRules>], own: usize, lower: &LayerRules, rule: &RuleId) -> bool {
    let mut above = layers.iter().skip(own).take_while(|layer| !std::ptr::eq(&raw const ***layer, lower));
    let says = |layer: &LayerRules| {
        layer.config.delegate.get(lower.layer.word()).is_some_and(|patterns| any(patterns, rule.as_str()))
    };
    let owner = above.next();
    owner.is_some_and(|owner| says(owner))
        && above.all(|between| named(&between.config, rule.as_str()).is_none() || says(between))
}

/// Rules as a sentence begins with them: the first few, and its verb.
fn listed(rules: &[&RuleId]) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = rules.iter().take(SHOWN).map(|rule| format!("`{rule}`")).collect();
    match rules.len() {
        1 => format!("rule {}", names.join("")),
        n if n > SHOWN => format!("rules {} and {} more", names.join(", "), n - SHOWN),
        _ => format!("rules {}", names.join(", ")),
    }
}

const fn verb(rules: &[&RuleId]) -> &'static str {
    if rules.len() == 1 { "is" } else { "are" }
}

const fn are(rules: &[&RuleId]) -> &'static str {
    if rules.len() == 1 { "it is" } else { "they are" }
}

/// A remark about a layer that reached for what is not its own.
pub fn attempt(layer: &LayerRules, key: &Pointer, message: String) -> Option<Finding> {
    let said = Said {
        message,
        label: Some("this has no effect".to_owned()),
        help: format!(
            "Remove it: {} may add rules and tighten those of others. To loosen one, ask its owners for a waiver, or to \
             delegate it (`delegate:`).",
            layer.layer
        ),
    };
    Some(layer.config.source.as_ref()?.finding(OVERRIDE, Severity::Error, key, said))
}
