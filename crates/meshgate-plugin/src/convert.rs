//! What a plugin says, held to the contract: rule ids that it declared, pointers that are pointers, sizes within bounds.
//!
//! Deliberately absent: leniency. Output of another shape is a fault of the plugin.

use crate::bindings::meshgate::plugin::types;
use meshgate_core::finding::{RelatedRemark, Remark};
use meshgate_core::limits::EvaluationLimits;
use meshgate_core::pointer::Place;
use meshgate_core::rule::{Rule, RuleId, Source};
use meshgate_core::severity::Severity;

const KINDS: &[&str] = &["data-product", "data-contract"];

/// Reads the rules of a description.
pub fn rules(description: &types::Description, origin: &str) -> Result<Vec<Rule>, String> {
    if description.rules.is_empty() {
        return Err(format!("plugin `{}` describes no rules", description.id));
    }
    let rule = |rule: &types::Rule| {
        if let Some(kind) = rule.applies_to.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(format!("rule `{}` applies to `{kind}`, which is none of {}", rule.id, KINDS.join(", ")));
        }
        Ok(Rule {
            id: RuleId::parse(&rule.id).map_err(|error| error.to_string())?,
            title: rule.title.clone(),
            description: rule.description.clone(),
            severity: match rule.severity {
                types::Severity::Error => Severity::Error,
                types::Severity::Warning => Severity::Warning,
                types::Severity::Info => Severity::Info,
            },
            remedy: rule.remedy.clone(),
            related: Vec::new(),
            applies_to: rule.applies_to.clone(),
            source: Source::Plugin,
            origin: origin.to_owned(),
        })
    };
    description.rules.iter().map(rule).collect()
}

/// Reads findings.
pub fn remarks(found: Vec<types::Finding>, rules: &[Rule], limits: &EvaluationLimits) -> Result<Vec<Remark>, String> {
    if found.len() > limits.findings_max {
        return Err(format!("returned {} findings, at most {} are taken", found.len(), limits.findings_max));
    }
    found.into_iter().map(|finding| remark(finding, rules)).collect()
}

fn remark(finding: types::Finding, rules: &[Rule]) -> Result<Remark, String> {
    let Some(rule) = rules.iter().find(|rule| rule.id.as_str() == finding.rule) else {
        return Err(format!("reported the rule `{}`, which it does not describe", finding.rule));
    };
    if finding.message.is_empty() {
        return Err(format!("a finding of `{}` has no message", finding.rule));
    }
    let place = |text: &str| Place::parse(text).map_err(|error| error.to_string());
    let related = finding
        .related
        .into_iter()
        .map(|related| Ok(RelatedRemark { place: place(&related.pointer)?, message: related.message }));
    Ok(Remark {
        rule: rule.id.clone(),
        place: place(&finding.pointer)?,
        message: finding.message,
        label: finding.label,
        related: related.collect::<Result<_, String>>()?,
        fix: finding
            .fix
            .map(|text| serde_json::from_str(&text).map_err(|error| format!("a fix is not JSON: {error}")))
            .transpose()?,
    })
}
