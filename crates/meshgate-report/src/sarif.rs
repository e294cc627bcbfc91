//! SARIF 2.1.0: for GitHub code scanning, Azure DevOps, and editors. Waivers are suppressions, faults are notifications.
//!
//! Deliberately absent: fixes; a rule's fix is a JSON Patch, SARIF wants replaced text.

use crate::summary::{loudness, softened};
use meshgate_core::finding::{Finding, Location};
use meshgate_core::report::Report;
use meshgate_core::rule::{Rule, RuleId};
use meshgate_core::severity::Severity;
use meshgate_core::shown;
use meshgate_core::waiver::WaiverKind;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Renders a report.
#[must_use]
pub fn render(report: &Report) -> String {
    let named: BTreeSet<&RuleId> =
        report.catalogue.keys().chain(report.findings.iter().map(|finding| &finding.rule)).collect();
    let indices: BTreeMap<&RuleId, usize> = named.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let rules: Vec<Value> = named.iter().map(|id| rule(id, report.catalogue.get(*id), report)).collect();
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(finding, indices.get(&finding.rule).copied())).collect();
    let notifications: Vec<Value> = report
        .faults
        .iter()
        .map(|fault| {
            let mut said = json!({
                "descriptor": {"id": fault.kind.as_str()},
                "level": "error",
                "message": message(&format!("{}: {}", fault.rule, fault.message))
            });
            if let (Some(file), Some(said)) = (&fault.file, said.as_object_mut()) {
                let location = json!([{"physicalLocation": {"artifactLocation": artifact(file)}}]);
                said.insert("locations".to_owned(), location);
            }
            said
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Meshgate",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The folder that Meshgate ran in."}}},
            "invocations": [{
                "executionSuccessful": report.faults.is_empty(),
                "toolExecutionNotifications": notifications
            }],
            "results": results,
            "properties": {"verdict": report.verdict.as_str()}
        }]
    });
    // Plain data with string keys: serialisation cannot fail.
    shown::json(serde_json::to_string_pretty(&log).unwrap_or_default() + "\n")
}

fn rule(id: &RuleId, known: Option<&Rule>, report: &Report) -> Value {
    let category = id.as_str().split('.').next().unwrap_or_default();
    let Some(rule) = known else {
        // What nothing is known of is described by what it said.
        let found = report.findings.iter().find(|finding| finding.rule == *id);
        let help = found.and_then(|finding| finding.help.as_deref()).unwrap_or("See the message.");
        return json!({"id": id.as_str(), "shortDescription": plain(id.as_str()), "help": plain(help),
            "properties": {"tags": [category]}});
    };
    let mut help = String::new();
    for part in [Some(rule.description.as_str()), rule.remedy.as_deref()] {
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            let _ = write!(help, "{}{part}", if help.is_empty() { "" } else { "\n\n" });
        }
    }
    if help.is_empty() {
        help.push_str(&rule.title);
    }
    let source = Some(rule.source.as_str()).filter(|source| *source != category);
    let tags: Vec<&str> = [category].into_iter().chain(source).collect();
    let mut said = json!({
        "id": id.as_str(),
        "name": name(id),
        "shortDescription": plain(&rule.title),
        "fullDescription": plain(if rule.description.is_empty() { &rule.title } else { &rule.description }),
        "help": plain(&help),
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"tags": tags, "lifecycle": rule.lifecycle.as_str()}
    });
    let link = rule.related.iter().find(|link| link.starts_with("https://") || link.starts_with("http://"));
    if let (Some(link), Some(said)) = (link, said.as_object_mut()) {
        said.insert("helpUri".to_owned(), json!(uri(link)));
    }
    said
}

/// `privacy.unmasked_column` is `PrivacyUnmaskedColumn`: SARIF wants a name in Pascal case.
fn name(id: &RuleId) -> String {
    let words = id.as_str().split(['.', '_']).filter(|word| !word.is_empty());
    words
        .map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>())
        .collect()
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(finding: &Finding, index: Option<usize>) -> Value {
    let mut said = finding.message.clone();
    if let Some(help) = &finding.help {
        let _ = write!(said, "\n\n{help}");
    }
    let mut result = Map::new();
    let mut put = |key: &str, value: Value| {
        result.insert(key.to_owned(), value);
    };
    put("ruleId", json!(finding.rule.as_str()));
    if let Some(index) = index {
        put("ruleIndex", json!(index));
    }
    // A waived finding keeps its level: the suppression says the rest.
    let loud = if finding.waiver.is_some() { finding.severity } else { loudness(finding) };
    put("level", json!(level(loud)));
    put("message", message(&said));
    put("locations", json!([location(&finding.location, finding.label.as_deref())]));
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(id, related)| {
            let mut place = location(&related.location, None);
            if let Some(place) = place.as_object_mut() {
                place.insert("id".to_owned(), json!(id));
                place.insert("message".to_owned(), message(&related.message));
            }
            place
        });
        put("relatedLocations", related.collect());
    }
    let prints = json!({"meshgate/v1": finding.fingerprint_v1, "meshgate/v2": finding.fingerprint});
    put("partialFingerprints", prints);
    if let Some(new) = finding.new {
        put("baselineState", json!(if new { "new" } else { "unchanged" }));
    }
    match &finding.waiver {
        Some(waiver) => put(
            "suppressions",
            json!([{
                "kind": if waiver.kind == WaiverKind::Exception { "inSource" } else { "external" },
                "status": "accepted",
                "justification": shown::text(&waiver.line())
            }]),
        ),
        None => put("suppressions", json!([])),
    }
    let mut properties = json!({
        "severity": finding.severity.as_str(), "enforcement": finding.enforcement.as_str(), "denies": finding.denies,
        "source": finding.source.as_str()
    });
    if let (Some(why), Some(properties)) = (softened(finding), properties.as_object_mut()) {
        properties.insert("note".to_owned(), json!(why));
    }
    put("properties", properties);
    Value::Object(result)
}

fn location(location: &Location, label: Option<&str>) -> Value {
    let range = location.range;
    let mut region = json!({
        "startLine": range.start.line, "startColumn": range.start.column,
        "endLine": range.end.line, "endColumn": range.end.column
    });
    if let Some(region) = region.as_object_mut() {
        if let Some(excerpt) = location.excerpt.as_ref().filter(|_| range.start.line == range.end.line) {
            let text = excerpt.text.get(excerpt.start..excerpt.end).unwrap_or_default();
            region.insert("snippet".to_owned(), json!({"text": text}));
        }
        if let Some(label) = label {
            region.insert("message".to_owned(), message(label));
        }
    }
    json!({
        "physicalLocation": {"artifactLocation": artifact(&location.file), "region": region},
        "logicalLocations": [{"fullyQualifiedName": location.pointer.as_str(), "kind": "element"}]
    })
}

/// A message of a result: `[text](target)` would be a link to wherever whoever wrote it says.
fn message(text: &str) -> Value {
    json!({"text": shown::text(text).replace("](", "\\](")})
}

/// Text of a rule, in which SARIF has no links.
fn plain(text: &str) -> Value {
    json!({"text": shown::text(text)})
}

/// A file, relative to where Meshgate ran unless its name is absolute.
fn artifact(file: &str) -> Value {
    let plain = file.strip_prefix("./").unwrap_or(file);
    if plain.starts_with('/') {
        json!({"uri": format!("file://{}", uri(plain))})
    } else if plain.contains("://") {
        json!({"uri": uri(plain)})
    } else {
        json!({"uri": uri(plain), "uriBaseId": "SRCROOT"})
    }
}

/// Bytes that a URI cannot hold are written as `%XX`; a colon in the first step of a relative path would be a scheme.
fn uri(text: &str) -> String {
    let absolute = text.contains("://");
    text.bytes().fold(String::with_capacity(text.len()), |mut uri, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
        if plain || (absolute && b":?#%[]".contains(&byte)) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}
