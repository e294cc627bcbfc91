//! METADATA: the comment block above a rule's package, the single source of what is known of the rule.
//!
//! Deliberately absent: METADATA of other scopes; one rule is one package.

use crate::error::LoadError;
use meshgate_core::rule::{Rule, RuleId, Source};
use meshgate_core::severity::Severity;
use regorus::Value;
use serde_json::{Map, Value as Json};

const KEYS: &[&str] = &[
    "title",
    "description",
    "related_resources",
    "custom",
    "authors",
    "organizations",
    "scope",
    "schemas",
    "entrypoint",
];
const CUSTOM: &[&str] = &["severity", "applies_to", "remedy", "since"];

/// Reads the METADATA of a rule's module.
pub fn rule(id: RuleId, file: &str, text: &str) -> Result<Rule, LoadError> {
    let (line, yaml) = block(text).ok_or_else(|| {
        LoadError::new(file, format!("rule `{id}` has no METADATA: begin the file with `# METADATA` and `# title: …`"))
    })?;
    let place = format!("{file}:{line}");
    let value = Value::from_yaml_str(&yaml)
        .map_err(|error| LoadError::new(&place, format!("METADATA is not YAML: {}", error.to_string().trim())))?;
    let json = serde_json::to_value(&value).map_err(|error| LoadError::new(&place, error.to_string()))?;
    let Json::Object(map) = json else { return Err(LoadError::new(&place, "METADATA is not a mapping")) };
    known(&map, KEYS, &place)?;
    let empty = Map::new();
    let custom = map.get("custom").and_then(Json::as_object).unwrap_or(&empty);
    known(custom, CUSTOM, &place)?;
    let text = |map: &Map<String, Json>, key: &str| map.get(key).and_then(Json::as_str).map(|s| s.trim().to_owned());
    let title = text(&map, "title").ok_or_else(|| LoadError::new(&place, format!("rule `{id}` has no `title`")))?;
    let severity = text(custom, "severity")
        .ok_or_else(|| {
            LoadError::new(&place, format!("rule `{id}` has no `custom.severity` (error, warning or info)"))
        })?
        .parse::<Severity>()
        .map_err(|message| LoadError::new(&place, message))?;
    let applies_to = strings(custom.get("applies_to"))
        .ok_or_else(|| LoadError::new(&place, "`applies_to` is not a list of texts"))?;
    for kind in &applies_to {
        if !["data-product", "data-contract"].contains(&kind.as_str()) {
            let message = format!("`applies_to` has `{kind}`; it lists `data-product`, `data-contract` or both");
            return Err(LoadError::new(&place, message));
        }
    }
    Ok(Rule {
        id,
        title,
        description: text(&map, "description").unwrap_or_default(),
        severity,
        remedy: text(custom, "remedy"),
        related: related(map.get("related_resources")),
        applies_to,
        source: Source::Rego,
        origin: file.to_owned(),
    })
}

/// Returns the line of `# METADATA` and its YAML: the first such block, up to the first line that is no comment.
fn block(text: &str) -> Option<(usize, String)> {
    let mut lines = text.lines().enumerate();
    let (at, _) = lines.find(|(_, line)| line.trim_end() == "# METADATA")?;
    let yaml: Vec<&str> = lines
        .map_while(|(_, line)| line.strip_prefix('#'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    Some((at + 1, yaml.join("\n")))
}

fn known(map: &Map<String, Json>, keys: &[&str], place: &str) -> Result<(), LoadError> {
    match map.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => {
            let message = format!("METADATA has the unknown key `{key}`; known are {}", keys.join(", "));
            Err(LoadError::new(place, message))
        }
        None => Ok(()),
    }
}

fn strings(value: Option<&Json>) -> Option<Vec<String>> {
    let Some(value) = value else { return Some(Vec::new()) };
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

fn related(value: Option<&Json>) -> Vec<String> {
    let items = value.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().or_else(|| item.get("ref")?.as_str())).map(str::to_owned).collect()
}
