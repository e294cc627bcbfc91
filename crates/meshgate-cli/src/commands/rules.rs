//! `meshgate rules` and `meshgate explain`.
//!
//! Deliberately absent: which rules apply to a file; a rule says its kinds, and that is shown.

use crate::args::{ListFormat, RulesCommand, SetupArgs};
use crate::commands::pages;
use crate::exit::{Status, print};
use crate::setup;
use anyhow::{Result, bail};
use meshgate_engine::{Builtin, builtin_rule};
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

pub fn run(command: &RulesCommand) -> Result<Status> {
    match command {
        RulesCommand::List { setup, format } => list(setup, *format),
        RulesCommand::Show { rule, setup } => show(rule, setup),
        RulesCommand::Pages(args) => pages::run(args),
    }
}

fn list(args: &SetupArgs, format: ListFormat) -> Result<Status> {
    let engine = setup::complete_engine(&setup::rules_config(args, Path::new("."))?, args)?;
    let rules = engine.rules().values();
    let text = if format == ListFormat::Json {
        let rows: Vec<_> = rules
            .map(|rule| {
                json!({"id": rule.id.as_str(), "title": rule.title, "severity": rule.severity.as_str(), "layer": "global",
                       "source": rule.source.as_str(), "gear": engine.gear(&rule.id).map(|gear| gear.name())})
            })
            .collect();
        format!("{:#}\n", json!(rows))
    } else {
        let width = engine.rules().keys().map(|id| id.as_str().len()).max().unwrap_or(0);
        let lines =
            rules.map(|rule| format!("{:<width$}  {:<7}  {}\n", rule.id.as_str(), rule.severity.as_str(), rule.title));
        lines.collect()
    };
    print(&text)?;
    Ok(Status::Allowed)
}

/// Prints what is known of a rule.
pub fn show(id: &str, args: &SetupArgs) -> Result<Status> {
    if let Some(Builtin { id, title, description }) = builtin_rule(id) {
        print(&format!("{id}\n{title}\n\nWhy, and what to do\n  {description}\n\nFrom\n  Meshgate itself\n"))?;
        return Ok(Status::Allowed);
    }
    let engine = setup::complete_engine(&setup::rules_config(args, Path::new("."))?, args)?;
    let Some(rule) = engine.rules().values().find(|rule| rule.id.as_str() == id) else {
        bail!("there is no rule `{id}`; `meshgate rules list` shows the loaded ones");
    };
    let mut text = format!("{} ({})\n{}\n", rule.id, rule.severity, rule.title);
    if !rule.description.is_empty() {
        let _ = write!(text, "\nWhy\n  {}\n", rule.description);
    }
    if let Some(remedy) = &rule.remedy {
        let _ = write!(text, "\nWhat to do\n  {remedy}\n");
    }
    if !rule.applies_to.is_empty() {
        let _ = write!(text, "\nLooks at\n  {}\n", rule.applies_to.join(", "));
    }
    if !rule.related.is_empty() {
        let _ = write!(text, "\nRead more\n  {}\n", rule.related.join("\n  "));
    }
    if let Some(gear) = engine.gear(&rule.id) {
        let _ = write!(text, "\nGear\n  {gear}\n");
    }
    let _ = write!(text, "\nFrom\n  {} ({})\n", rule.origin, rule.source.as_str());
    print(&text)?;
    Ok(Status::Allowed)
}
