//! METADATA of a rule of ours: the block above its package, and the one above `findings`, the single source of what is
//! known of the rule.
//!
//! Deliberately absent: reading of blocks; see `annotations`.

pub mod params;

use crate::annotations::{self, Annotation, Scope};
use crate::error::LoadError;
use meshgate_core::date::Date;
use meshgate_core::rule::{Lifecycle, Rule, RuleId, Source};
use meshgate_core::severity::Severity;
use serde_json::{Map, Value as Json};

const CUSTOM: &[&str] = &[
    "severity",
    "applies_to",
    "remedy",
    "since",
    "lifecycle",
    "effective_on",
    "profiles",
    "params",
    "note",
    "builtin_errors",
];

/// Joins the METADATA of a rule: what stands above `findings` goes before what stands above the package.
pub fn rule(id: RuleId, file: &str, package: &str, all: &[Annotation]) -> Result<Rule, LoadError> {
    let package: Vec<&str> = package.split('.').skip(1).collect();
    let of = |scope: Scope, behind: &[&str]| {
        let wanted = || package.iter().chain(behind).copied();
        all.iter().find(|one| one.scope == scope && one.path.iter().map(String::as_str).eq(wanted()))
    };
    let blocks = [of(Scope::Package, &[]), of(Scope::Document, &["findings"]), of(Scope::Rule, &["findings"])];
    let Some(nearest) = blocks.into_iter().flatten().next() else {
        let message = format!("rule `{id}` has no METADATA: begin the file with `# METADATA` and `# title: …`");
        return Err(LoadError::new(file, message));
    };
    let place = nearest.place.clone();
    let (mut map, mut custom): (Map<String, Json>, Map<String, Json>) = (Map::new(), Map::new());
    for block in blocks.into_iter().flatten() {
        if let Some(own) = block.value.get("custom") {
            let Some(own) = own.as_object() else {
                return Err(LoadError::new(&block.place, "`custom` is not a mapping"));
            };
            if let Some(message) = annotations::unknown(own, CUSTOM, "METADATA") {
                return Err(LoadError::new(&block.place, message));
            }
            custom.extend(own.clone());
        }
        map.extend(block.value.clone());
    }
    let text = |map: &Map<String, Json>, key: &str| map.get(key).and_then(Json::as_str).map(|s| s.trim().to_owned());
    let title = text(&map, "title").ok_or_else(|| LoadError::new(&place, format!("rule `{id}` has no `title`")))?;
    let severity = text(&custom, "severity")
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
    let profiles =
        strings(custom.get("profiles")).ok_or_else(|| LoadError::new(&place, "`profiles` is not a list of texts"))?;
    let params = params::declared(&custom).map_err(|message| LoadError::new(&place, message))?;
    let lifecycle = text(&custom, "lifecycle").map_or(Ok(Lifecycle::Enabled), |word| word.parse::<Lifecycle>());
    let effective_on = match custom.get("effective_on") {
        None => Ok(None),
        Some(day) => Date::parse(day.as_str().unwrap_or_default()).map(Some),
    };
    let errors_undefined = match custom.get("builtin_errors").map(|said| (said.as_str(), said)) {
        None | Some((Some("fault"), _)) => false,
        Some((Some("undefined"), _)) => true,
        Some((_, said)) => {
            let message = format!("`builtin_errors` is `{said}`; it is `fault` (the default) or `undefined`");
            return Err(LoadError::new(&place, message));
        }
    };
    Ok(Rule {
        id,
        title,
        description: text(&map, "description").unwrap_or_default(),
        severity,
        remedy: text(&custom, "remedy"),
        note: text(&custom, "note"),
        related: related(map.get("related_resources")),
        applies_to,
        lifecycle: lifecycle.map_err(|message| LoadError::new(&place, message))?,
        effective_on: effective_on.map_err(|error| LoadError::new(&place, format!("`effective_on`: {error}")))?,
        profiles,
        params,
        errors_undefined,
        source: Source::Rego,
        origin: file.to_owned(),
    })
}

fn strings(value: Option<&Json>) -> Option<Vec<String>> {
    let Some(value) = value else { return Some(Vec::new()) };
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

fn related(value: Option<&Json>) -> Vec<String> {
    let items = value.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().or_else(|| item.get("ref")?.as_str())).map(str::to_owned).collect()
}
