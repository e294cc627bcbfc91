//! Waivers in force: which finding each covers, and what is to be said of those that are expired, refused or unused.
//!
//! Deliberately absent: faults and diagnostics. Nothing that was not judged can be accepted.

use crate::builtin::BUILTINS;
use crate::config::{Config, ConfigSource, Said, WaiverEntry, WaiverFile, WaiverPolicy};
use crate::governance::{OVERRIDE, any};
use meshgate_core::date::Date;
use meshgate_core::finding::Finding;
use meshgate_core::layer::Layer;
use meshgate_core::pointer::{Place, Pointer};
use meshgate_core::rule::{RuleId, Source};
use meshgate_core::severity::Severity;
use meshgate_core::waiver::{Waived, WaiverKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A waiver as somebody wrote it.
#[derive(Debug, Clone)]
pub struct Waiver {
    pub entry: WaiverEntry,
    pub source: Arc<ConfigSource>,
    pub pointer: Pointer,
    /// `file:line:column`.
    pub origin: String,
}

/// What a waiver is worth on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It counts, and for so many days more.
    Active(i64),
    /// It counted until its last day.
    Expired,
    /// It does not count, because of what is said.
    Refused(String),
}

/// What became of a waiver in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Use {
    /// Findings that it covers, or would if it counted: a contract's are found for the product beside it, too.
    pub findings: BTreeSet<(String, Pointer, String)>,
    /// Did the run look at something that it speaks of, with the rule that it names?
    pub in_view: bool,
}

/// Columns by file and pointer.
pub type Columns = BTreeMap<(Option<String>, String), String>;

/// Which descriptor a finding is of, and how columns are called in it.
pub struct Judged<'a> {
    /// Its own, and where it is a contract, those of the products that offer it.
    pub ids: &'a [String],
    /// The id of the document in a file that it refers to.
    pub id_in: &'a dyn Fn(&str) -> Option<String>,
    pub looked: &'a [RuleId],
    /// Columns by file and pointer: `table.column`.
    pub columns: &'a Columns,
}

impl Waiver {
    /// Reads those of a configuration, and of the files that it names; of none outside of `within`, wherever links lead.
    pub fn of(config: &Config, within: Option<&Path>) -> (Vec<Self>, Vec<(String, String)>) {
        let (mut waivers, mut errors) = (Vec::new(), Vec::new());
        if let Some(source) = &config.source {
            waivers.extend(Self::all(&config.waivers, source));
        }
        for path in &config.waiver_files {
            for file in files(&config.folder.join(path), &mut errors) {
                if within.is_some_and(|within| !std::fs::canonicalize(&file).is_ok_and(|real| real.starts_with(within)))
                {
                    errors.push((crate::layers::shown(&file), "is a link that leads out of its folder".to_owned()));
                    continue;
                }
                match read(&file) {
                    Ok((entries, source)) => waivers.extend(Self::all(&entries, &source)),
                    Err(error) => errors.push((error.place, error.message)),
                }
            }
        }
        (waivers, errors)
    }

    fn all<'a>(entries: &'a [WaiverEntry], source: &'a Arc<ConfigSource>) -> impl Iterator<Item = Self> + 'a {
        entries.iter().enumerate().map(|(index, entry)| {
            let pointer = Pointer::root().key("waivers").index(index);
            Self { entry: entry.clone(), origin: source.place(&pointer), source: Arc::clone(source), pointer }
        })
    }

    /// What it is worth on a day, by the end that whoever says so gives it.
    pub fn standing(&self, policy: &WaiverPolicy, today: Date) -> Standing {
        let left = today.days_until(self.entry.expires.0);
        if left < 0 {
            return Standing::Expired;
        }
        match policy.max_days.map(i64::from).filter(|most| left > *most) {
            Some(most) => {
                Standing::Refused(format!("it lasts {left} days more, at most {most} are accepted (`waiver.max_days`)"))
            }
            None => Standing::Active(left),
        }
    }

    /// Says why its approver may not waive a rule, if that is so: the most specific pattern that covers the rule counts.
    pub fn refusal(&self, policy: &WaiverPolicy, rule: &str) -> Option<String> {
        let covering = policy.approvers.iter().filter(|(rules, _)| rules.matches(rule));
        let (rules, approvers) = covering.max_by_key(|(rules, _)| rules.specificity())?;
        if any(approvers, &self.entry.approver) {
            return None;
        }
        let names: Vec<String> = approvers.0.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(" or ");
        Some(format!("`{}` may not waive `{rules}`: {names} may (`waiver.approvers`)", self.entry.approver))
    }

    /// Does it speak of this descriptor, in a run that looked with a rule that it may waive?
    pub fn is_in_view(&self, judged: &Judged<'_>, may: impl Fn(&RuleId) -> bool) -> bool {
        let named = |id: &str| self.entry.rule.matches(id);
        let waivable = |id: &str| !id.starts_with("read.") && !id.starts_with("governance.");
        self.names(judged.ids)
            && (judged.looked.iter().any(|rule| named(rule.as_str()) && may(rule))
                || BUILTINS.iter().any(|own| named(own.id) && waivable(own.id) && may(&RuleId::foreign(own.id))))
    }

    fn names(&self, ids: &[String]) -> bool {
        self.entry.product.as_ref().is_none_or(|pattern| ids.iter().any(|id| pattern.matches(id)))
    }

    /// Would it cover a finding?
    pub fn covers(&self, finding: &Finding, judged: &Judged<'_>) -> bool {
        let fits = !matches!(finding.source, Source::Read | Source::Governance)
            && self.entry.rule.matches(finding.rule.as_str())
            && (self.names(judged.ids) || (judged.id_in)(&finding.location.file).is_some_and(|id| self.names(&[id])))
            && self.entry.file.as_ref().is_none_or(|pattern| pattern.matches(&finding.location.file))
            && self.entry.pointer.as_ref().is_none_or(|pattern| pattern.matches(finding.location.pointer.as_str()));
        fits && self.entry.column.as_ref().is_none_or(|pattern| {
            column(finding, judged.columns).is_some_and(|column| {
                let bare = column.split_once('.').map_or(&*column, |(_, bare)| bare);
                pattern.matches(&column) || (!pattern.as_str().contains('.') && pattern.matches(bare))
            })
        })
    }

    /// What it makes of a finding.
    pub fn waived(&self) -> Waived {
        Waived {
            kind: WaiverKind::Waiver,
            reason: self.entry.reason.clone(),
            approver: Some(self.entry.approver.clone()),
            expires: Some(self.entry.expires.0),
            ticket: self.entry.ticket.clone(),
            origin: self.origin.clone(),
        }
    }

    /// What is to be said of it after a run.
    pub fn remark(&self, standing: &Standing, used: &Use, soon_days: i64) -> Option<Finding> {
        if !used.in_view {
            return None;
        }
        let rule = &self.entry.rule;
        let say = |id, severity, key: &str, message: String, help: &str| {
            let said = Said { message, label: None, help: help.to_owned() };
            Some(self.source.finding(id, severity, &self.pointer.key(key), said))
        };
        let day = self.entry.expires.0;
        let are = |count: usize| if count == 1 { "1 finding is".to_owned() } else { format!("{count} findings are") };
        let many = |count: usize| if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
        match standing {
            Standing::Expired => say(
                "governance.waiver_expired",
                Severity::Warning,
                "expires",
                match used.findings.len() {
                    0 => {
                        format!("the waiver of `{rule}` expired after {day}, and there is nothing left that it covers")
                    }
                    n => format!("the waiver of `{rule}` expired after {day}: {} no longer waived", are(n)),
                },
                "Mend what it covered and remove it, or have it approved anew.",
            ),
            Standing::Refused(why) => say(
                "governance.waiver_refused",
                Severity::Error,
                "approver",
                format!("the waiver of `{rule}` does not count: {why}"),
                "Have it approved by one who may, for no longer than is accepted; or remove it.",
            ),
            Standing::Active(_) if used.findings.is_empty() => say(
                "governance.waiver_unused",
                Severity::Info,
                "rule",
                format!("the waiver of `{rule}` covers nothing"),
                "Remove it: what it was for is mended, or it names another place.",
            ),
            Standing::Active(left) if *left <= soon_days => say(
                "governance.waiver_expires_soon",
                Severity::Info,
                "expires",
                format!(
                    "the waiver of `{rule}` for {} expires after {day}, in {left} {}",
                    many(used.findings.len()),
                    if *left == 1 { "day" } else { "days" }
                ),
                "Mend what it covers before then, or have it approved anew.",
            ),
            Standing::Active(_) => None,
        }
    }

    /// A remark about a waiver of rules that are not its writer's to waive.
    pub fn trespass(&self, layer: &Layer, message: String) -> Finding {
        let said = Said {
            message,
            label: Some("this has no effect".to_owned()),
            help: format!("Ask the owners of the rule to waive it, or to delegate it (`delegate:`) to {layer}."),
        };
        self.source.finding(OVERRIDE, Severity::Error, &self.pointer.key("rule"), said)
    }
}

/// The column that a finding is about: its own, or the nearest around it.
fn column(finding: &Finding, columns: &Columns) -> Option<String> {
    let mut pointer = finding.location.pointer.as_str();
    loop {
        for file in [None, Some(finding.location.file.clone())] {
            if let Some(name) = columns.get(&(file, pointer.to_owned())) {
                return Some(name.clone());
            }
        }
        pointer = pointer.rsplit_once('/')?.0;
    }
}

/// Columns by file and pointer, `table.column`; nested ones with all names on the way.
pub fn columns(model: &meshgate_core::model::Input) -> Columns {
    fn add(columns: &[meshgate_core::model::Column], before: &str, into: &mut Columns) {
        for column in columns {
            let name = format!("{before}.{}", column.name.as_deref().unwrap_or_default());
            if let Ok(place) = Place::parse(&column.pointer) {
                into.insert((place.file, place.pointer.as_str().to_owned()), name.clone());
            }
            add(&column.columns, &name, into);
        }
    }
    let mut all = BTreeMap::new();
    for contract in &model.contracts {
        for table in &contract.schema {
            add(&table.columns, table.name.as_deref().unwrap_or_default(), &mut all);
        }
    }
    all
}

fn files(path: &Path, errors: &mut Vec<(String, String)>) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            errors.push((path.display().to_string(), format!("cannot be read: {error}")));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"))
        .collect();
    files.sort();
    files
}

/// Bytes of a file of waivers.
const WAIVERS_BYTES_MAX: usize = 4 << 20;

fn read(path: &Path) -> Result<(Vec<WaiverEntry>, Arc<ConfigSource>), crate::config::ConfigError> {
    let name = crate::layers::shown(path);
    let bytes = crate::reading::whole(path, WAIVERS_BYTES_MAX).map_err(|error| crate::config::ConfigError {
        place: name.clone(),
        message: format!("cannot be read: {error}"),
    })?;
    let (file, source) = ConfigSource::read::<WaiverFile>(&name, &bytes)?;
    if file.version != 1 {
        let message = format!("`version` is {}; this program reads version 1", file.version);
        return Err(source.error(&Pointer::root().key("version"), message));
    }
    for (index, waiver) in file.waivers.iter().enumerate() {
        if let Some((key, message)) = waiver.wrong() {
            return Err(source.error(&Pointer::root().key("waivers").index(index).key(key), message));
        }
    }
    Ok((file.waivers, Arc::new(source)))
}
