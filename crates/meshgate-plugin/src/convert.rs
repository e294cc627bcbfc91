//! What a plugin finds, held to the contract: rule ids that it declared, pointers that are pointers, sizes within bounds.
//!
//! Deliberately absent: leniency. Output of another shape is a fault of the plugin.

use crate::bindings::meshgate::plugin::types;
use meshgate_core::finding::{RelatedRemark, Remark};
use meshgate_core::limits::EvaluationLimits;
use meshgate_core::pointer::Place;
use meshgate_core::rule::Rule;
use serde_json::Value;

/// Bytes of a message, of a label, of a pointer: what is longer nobody reads, and a report keeps it for every descriptor.
const TEXT_BYTES_MAX: usize = 16 << 10;

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
    let related = finding.related.iter().flat_map(|related| [&related.message, &related.pointer]);
    let texts = [&finding.message, &finding.pointer].into_iter().chain(&finding.label).chain(related);
    if let Some(long) = texts.map(String::len).find(|length| *length > TEXT_BYTES_MAX) {
        return Err(format!(
            "a finding of `{}` has a text of {long} bytes; {TEXT_BYTES_MAX} is the most",
            finding.rule
        ));
    }
    let place = |text: &str| Place::parse(text).map_err(|error| format!("a finding of `{}`: {error}", rule.id));
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
        fix: finding.fix.map(|text| fix(&text)).transpose()?,
        key: None,
    })
}

/// An error's text, cut where it is longer than anybody reads.
pub fn shortened(mut message: String) -> String {
    if message.len() > TEXT_BYTES_MAX {
        message.truncate(message.floor_char_boundary(TEXT_BYTES_MAX));
        message.push('…');
        message.shrink_to_fit();
    }
    message
}

fn fix(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(fix @ Value::Array(_)) => Ok(fix),
        Ok(_) => Err("a fix is no JSON Patch: it is not an array".to_owned()),
        Err(error) => Err(format!("a fix is not JSON: {error}")),
    }
}
