//! `meshgate rules` and `meshgate explain`.
//!
//! Deliberately absent: evaluation.

use crate::args::{ListFormat, RulesCommand, SaidArgs, SetupArgs};
use crate::commands::pages;
use crate::exit::{self, Status, print, say};
use crate::setup;
use anyhow::{Result, bail};
use meshgate_core::rule::{Lifecycle, Rule};
use meshgate_engine::{Applying, ApplyingTo, Builtin, CheckOptions, builtin_rule};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

pub fn run(command: &RulesCommand) -> Result<Status> {
    match command {
        RulesCommand::List { of: None, setup, format, .. } => list(setup, *format),
        RulesCommand::List { of: Some(file), said, setup, format } => list_for(file, said, setup, *format),
        RulesCommand::Show { rule, of, setup } => show(rule, of.as_deref(), setup),
        RulesCommand::Pages(args) => pages::run(args),
    }
}

fn list(args: &SetupArgs, format: ListFormat) -> Result<Status> {
    let engine = setup::complete_engine(&setup::rules_config(args, Path::new("."))?, args)?;
    let rules = engine.layered_rules();
    let text = if format == ListFormat::Json {
        let rows: Vec<_> = rules
            .iter()
            .map(|(layer, rule)| {
                json!({"id": rule.id.as_str(), "title": rule.title, "severity": rule.severity.as_str(),
                       "layer": layer.word(), "lifecycle": rule.lifecycle.as_str(), "profiles": rule.profiles,
                       "source": rule.source.as_str(), "gear": engine.gear(&rule.id).map(|gear| gear.name())})
            })
            .collect();
        exit::json(&json!(rows))
    } else {
        let width = rules.iter().map(|(_, rule)| rule.id.as_str().len()).max().unwrap_or(0);
        let lines = rules.iter().map(|(layer, rule)| {
            let layer = if layer.word() == "global" { String::new() } else { format!(" ({})", layer.word()) };
            let life = if rule.lifecycle == Lifecycle::Enabled { "" } else { rule.lifecycle.as_str() };
            let life = if life.is_empty() { String::new() } else { format!(" [{life}]") };
            format!("{:<width$}  {:<7}  {}{layer}{life}\n", rule.id.as_str(), rule.severity.as_str(), rule.title)
        });
        lines.collect()
    };
    print(&text)?;
    let dormant = engine.dormant();
    if !dormant.is_empty() {
        let names: BTreeSet<&str> = dormant.iter().flat_map(|rule| rule.profiles.iter().map(String::as_str)).collect();
        let names: Vec<&str> = names.into_iter().collect();
        say(&format!(
            "{} more in other profiles ({}): --profile, or `profiles` in meshgate.yaml, chooses",
            dormant.len(),
            names.join(", ")
        ));
    }
    Ok(Status::Allowed)
}

/// Says which rules look at a file, and why the others do not.
fn list_for(file: &Path, said: &SaidArgs, args: &SetupArgs, format: ListFormat) -> Result<Status> {
    let engine = setup::complete_engine(&setup::rules_config(args, file)?, args)?;
    let all = engine.applying(file, &setup::options(said)).map_err(anyhow::Error::msg)?;
    if all.is_empty() {
        bail!("{} holds no document", file.display());
    }
    let text = if format == ListFormat::Json {
        let row = |one: &Applying| {
            json!({"id": one.rule.id.as_str(), "title": one.rule.title, "severity": one.rule.severity.as_str(),
                   "layer": one.layer.word(), "lifecycle": one.rule.lifecycle.as_str(), "source": one.rule.source.as_str(),
                   "gear": engine.gear(&one.rule.id).map(|gear| gear.name()),
                   "applies": one.why_not.is_none(), "why_not": one.why_not, "enforcement": one.enforcement.as_str()})
        };
        let rows: Vec<_> = all
            .iter()
            .map(|to| json!({"id": to.id, "domain": to.domain, "rules": to.rules.iter().map(row).collect::<Vec<_>>()}))
            .collect();
        exit::json(&json!(rows))
    } else {
        all.iter().map(applying).collect::<Vec<_>>().join("\n")
    };
    print(&text)?;
    Ok(Status::Allowed)
}

fn applying(to: &ApplyingTo) -> String {
    let of = to.domain.as_ref().map(|domain| format!(" of the domain {domain}")).unwrap_or_default();
    let mut text = format!("{}{of}\n", to.id.as_deref().unwrap_or("a descriptor without an id"));
    let width = to.rules.iter().map(|one| one.rule.id.as_str().len()).max().unwrap_or(0);
    for one in to.rules.iter().filter(|one| one.why_not.is_none()) {
        let (id, severity, how) = (one.rule.id.as_str(), one.rule.severity.as_str(), one.enforcement.as_str());
        let _ = writeln!(text, "  {id:<width$}  {severity:<7}  {how:<5}  {}", one.layer.word());
    }
    let others: Vec<_> = to.rules.iter().filter_map(|one| Some((one, one.why_not.as_ref()?))).collect();
    if !others.is_empty() {
        text.push_str("not:\n");
    }
    for (one, why) in others {
        let _ = writeln!(text, "  {:<width$}  {why}", one.rule.id.as_str());
    }
    text
}

/// How close a name is to an id, or to its last word.
fn closeness(name: &str, id: &str) -> f64 {
    let bare = id.rsplit('.').next().unwrap_or(id);
    strsim::jaro_winkler(name, id).max(strsim::jaro_winkler(name, bare))
}

/// Prints what is known of a rule.
pub fn show(id: &str, of: Option<&Path>, args: &SetupArgs) -> Result<Status> {
    if let Some(Builtin { id, title, description }) = builtin_rule(id) {
        print(&format!("{id}\n{title}\n\nWhy, and what to do\n  {description}\n\nFrom\n  Meshgate itself\n"))?;
        return Ok(Status::Allowed);
    }
    let near = of.unwrap_or(Path::new("."));
    let engine = setup::complete_engine(&setup::rules_config(args, near)?, args)?;
    let dormant = engine.dormant();
    let mut rules: Vec<Rule> = engine.rules().iter().chain(dormant.iter().copied()).cloned().collect();
    if let Some(file) = of {
        let all = engine.applying(file, &CheckOptions::default()).map_err(anyhow::Error::msg)?;
        rules.extend(all.into_iter().flat_map(|to| to.rules).map(|one| one.rule));
    }
    let Some(rule) = rules.iter().find(|rule| rule.id.as_str() == id) else {
        let close = rules.iter().map(|rule| (closeness(id, rule.id.as_str()), rule.id.as_str()));
        let close = close.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
        let help = close.map(|(_, close)| format!("; did you mean `{close}`?")).unwrap_or_default();
        bail!(
            "there is no rule `{id}` (`meshgate rules list` shows the loaded ones, `--for FILE` those of a domain or product, \
             too){help}"
        );
    };
    let mut text = format!("{} ({})\n{}\n", rule.id, rule.severity, rule.title);
    if !rule.description.is_empty() {
        let _ = write!(text, "\nWhy\n  {}\n", rule.description);
    }
    if let Some(remedy) = &rule.remedy {
        let _ = write!(text, "\nWhat to do\n  {remedy}\n");
    }
    if let Some(note) = &rule.note {
        let _ = write!(text, "\nNote\n  {note}\n");
    }
    if !rule.applies_to.is_empty() {
        let _ = write!(text, "\nLooks at\n  {}\n", rule.applies_to.join(", "));
    }
    if !rule.profiles.is_empty() {
        let off = dormant.iter().any(|other| other.id == rule.id);
        let off = if off { "; none of them is chosen (`profiles` in meshgate.yaml, or --profile)" } else { "" };
        let _ = write!(text, "\nProfiles\n  {}{off}\n", rule.profiles.join(", "));
    }
    if !rule.params.is_empty() {
        let params = rule.params.iter();
        let params = params.map(|param| format!("  {}: {}\n    {}\n", param.name, param.default, param.description));
        let _ = write!(
            text,
            "\nParameters (`params: {{ {}: … }}` in meshgate.yaml), and their defaults\n{}",
            rule.id,
            params.collect::<String>()
        );
    }
    if !rule.related.is_empty() {
        let _ = write!(text, "\nRead more\n  {}\n", rule.related.join("\n  "));
    }
    if rule.lifecycle != Lifecycle::Enabled {
        let _ = write!(text, "\nLifecycle\n  {}\n", rule.lifecycle.as_str());
    }
    if let Some(day) = rule.effective_on {
        let _ = write!(text, "\nDenies from\n  {day}\n");
    }
    if let Some(gear) = engine.gear(&rule.id) {
        let _ = write!(text, "\nGear\n  {gear}\n");
    }
    let _ = write!(text, "\nFrom\n  {} ({})\n", rule.origin, rule.source.as_str());
    print(&text)?;
    Ok(Status::Allowed)
}
