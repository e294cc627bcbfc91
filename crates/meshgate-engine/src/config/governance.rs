//! What a configuration says of rules: which apply where, what is done about their findings, and which findings are waived.
//!
//! Deliberately absent: the law between layers; see `governance`.

use crate::pattern::Pattern;
use meshgate_core::date::Date;
use meshgate_core::model::Format;
use meshgate_core::severity::Enforcement;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A day, `2027-03-31`, of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Date::parse(&String::deserialize(deserializer)?).map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date", "description": "A day of UTC, as `2027-03-31`."})
    }
}

/// What is done about a rule's findings: `block`, `warn`, `audit`, `off`; or a mapping that changes on a day or by stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforced {
    /// What is done.
    pub mode: Enforcement,
    /// What is done from a day on.
    pub then: Option<(Date, Enforcement)>,
    /// What is done in a stage instead.
    pub stages: BTreeMap<String, Self>,
}

impl Enforced {
    /// The same at every time and stage.
    #[must_use]
    pub const fn always(mode: Enforcement) -> Self {
        Self { mode, then: None, stages: BTreeMap::new() }
    }

    /// Returns what is done in a stage on a day.
    #[must_use]
    pub fn at(&self, stage: Option<&str>, today: Date) -> Enforcement {
        let said = stage.and_then(|stage| self.stages.iter().find(|(name, _)| name.eq_ignore_ascii_case(stage)));
        match said {
            Some((_, own)) => own.at(None, today),
            None => self.then.filter(|(day, _)| today >= *day).map_or(self.mode, |(_, then)| then),
        }
    }

    fn read(value: &Value, nested: bool) -> Result<Self, String> {
        let word = |value: &Value| match value {
            Value::String(word) => word.parse::<Enforcement>(),
            // YAML's own word for it.
            Value::Bool(false) => Ok(Enforcement::Off),
            other => Err(format!("`{other}` is not one of `block`, `warn`, `audit`, `off`")),
        };
        let Value::Object(map) = value else { return word(value).map(Self::always) };
        let known: &[&str] = if nested { &["mode", "until", "then"] } else { &["mode", "until", "then", "stages"] };
        if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("unknown field `{key}`, expected one of `{}`", known.join("`, `")));
        }
        let mode = word(map.get("mode").ok_or("missing field `mode`: what is done until then")?)?;
        let then = match (map.get("until"), map.get("then")) {
            (None, None) => None,
            (Some(until), Some(then)) => {
                let day =
                    Date::parse(until.as_str().unwrap_or_default()).map_err(|error| format!("`until`: {error}"))?;
                Some((day, word(then)?))
            }
            (Some(_), None) => return Err("`until` needs `then`: what is done from that day on".to_owned()),
            (None, Some(_)) => return Err("`then` needs `until`: the first day on which it is done".to_owned()),
        };
        let mut stages = BTreeMap::new();
        match map.get("stages") {
            None => {}
            Some(Value::Object(said)) => {
                for (stage, own) in said {
                    stages.insert(
                        stage.clone(),
                        Self::read(own, true).map_err(|error| format!("stage `{stage}`: {error}"))?,
                    );
                }
            }
            Some(_) => return Err("`stages` is not a mapping of stages".to_owned()),
        }
        Ok(Self { mode, then, stages })
    }
}

impl<'de> Deserialize<'de> for Enforced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&Value::deserialize(deserializer)?, false).map_err(de::Error::custom)
    }
}

impl JsonSchema for Enforced {
    fn schema_name() -> Cow<'static, str> {
        "Enforced".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let day = generator.subschema_for::<Day>();
        let mode = json_schema!({"enum": ["block", "warn", "audit", "off", false]});
        let dated = json_schema!({
            "type": "object", "additionalProperties": false, "required": ["mode"],
            "dependentRequired": {"until": ["then"], "then": ["until"]},
            "properties": {"mode": mode, "until": day, "then": mode}
        });
        json_schema!({
            "description": "What is done about a rule's findings; with a mapping: `mode` before the day `until`, `then` from \
                            it on; `stages` says it for a stage.",
            "anyOf": [mode, {
                "type": "object", "additionalProperties": false, "required": ["mode"],
                "dependentRequired": {"until": ["then"], "then": ["until"]},
                "properties": {
                    "mode": mode, "until": day, "then": mode,
                    "stages": {"type": "object", "additionalProperties": {"anyOf": [mode, dated]}}
                }
            }]
        })
    }
}

/// One or several patterns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns(pub Vec<Pattern>);

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let word = |value: &Value| Pattern::parse(value.as_str().ok_or(format!("`{value}` is not a text"))?);
        let read = match &value {
            Value::Array(items) if items.is_empty() => Err("the list is empty: nothing would be covered".to_owned()),
            Value::Array(items) => items.iter().map(word).collect(),
            one => word(one).map(|one| vec![one]),
        };
        read.map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Patterns {
    fn schema_name() -> Cow<'static, str> {
        "Patterns".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One pattern, or several of which one must fit; `*` stands for any characters.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
        })
    }
}

/// Where rules apply.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The rules, by pattern. Those that no selection names apply everywhere.
    pub rules: Patterns,
    /// Where they apply: all that is said must fit. Of several selections of a rule one must fit.
    #[serde(rename = "where")]
    pub place: Where,
}

/// What a descriptor and a run must be for rules to apply. What is not known does not fit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Where {
    /// The domain of the descriptor, whatever the case.
    #[serde(default)]
    pub domain: Option<Patterns>,
    /// The stage of the run (`--stage`).
    #[serde(default)]
    pub stage: Option<Patterns>,
    /// The event of the run (`--event`).
    #[serde(default)]
    pub event: Option<Patterns>,
    /// The format: `dpds`, `odps`, `odcs`, `odps-lf`, `dcs`, `dps`, `witboost`, `generic`.
    #[serde(default)]
    pub format: Option<Patterns>,
    /// `data-product` or `data-contract`.
    #[serde(default)]
    pub kind: Option<Patterns>,
    /// A tag of the product or the contract.
    #[serde(default)]
    pub tags: Option<Patterns>,
    /// Labels of the run (`--label KEY=VALUE`).
    #[serde(default)]
    pub labels: BTreeMap<String, Patterns>,
    /// The id of the product or the contract.
    #[serde(default)]
    pub id: Option<Patterns>,
}

impl Where {
    /// Says what is wrong with it: words that fit nothing, or nothing said at all.
    #[must_use]
    pub fn wrong(&self) -> Option<String> {
        let formats: Vec<&str> = Format::STANDARDS.iter().map(|format| format.as_str()).chain(["generic"]).collect();
        let none = |patterns: &Option<Patterns>, known: &[&str]| {
            let all = patterns.iter().flat_map(|patterns| &patterns.0);
            let odd = all.into_iter().find(|pattern| !known.iter().any(|word| pattern.matches(word)));
            odd.map(|pattern| format!("`{pattern}` is none of `{}`", known.join("`, `")))
        };
        let empty = self.labels.is_empty()
            && [&self.domain, &self.stage, &self.event, &self.format, &self.kind, &self.tags, &self.id]
                .iter()
                .all(|patterns| patterns.is_none());
        if empty {
            return Some("`where` says nothing: leave the selection out, the rules apply everywhere then".to_owned());
        }
        none(&self.format, &formats).or_else(|| none(&self.kind, &["data-product", "data-contract", "other"]))
    }
}

/// Who accepts a finding, why and until when.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverEntry {
    /// The rule, or a pattern as `privacy.*`.
    pub rule: Pattern,
    /// The id of the product or the contract, or a pattern. Default: any.
    #[serde(default)]
    pub product: Option<Pattern>,
    /// The file as reports name it, or a pattern. Default: any.
    #[serde(default)]
    pub file: Option<Pattern>,
    /// The place in the document, as reports name it; `*` stands for any characters. Default: any.
    #[serde(default)]
    pub pointer: Option<Pattern>,
    /// The column, `table.column`, or a pattern; without a point, a column of any table. Default: any.
    #[serde(default)]
    pub column: Option<Pattern>,
    /// Why it is acceptable.
    pub reason: String,
    /// Who accepted it.
    pub approver: String,
    /// The last day on which it is accepted.
    pub expires: Day,
    /// Where it was discussed.
    #[serde(default)]
    pub ticket: Option<String>,
}

impl WaiverEntry {
    /// Says what is wrong with it beyond its shape.
    #[must_use]
    pub fn wrong(&self) -> Option<(&'static str, String)> {
        let blank = |text: &str| text.trim().is_empty();
        if !self.rule.as_str().contains(|c: char| c != '*' && c != '.') {
            return Some((
                "rule",
                "a waiver names a rule, or a category as `privacy.*`; this one would cover all".to_owned(),
            ));
        }
        if blank(&self.reason) {
            return Some(("reason", "a waiver says why: `reason` is empty".to_owned()));
        }
        if blank(&self.approver) {
            return Some(("approver", "a waiver has somebody who approved it: `approver` is empty".to_owned()));
        }
        None
    }
}

/// A file of waivers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverFile {
    /// The version of this shape; 1.
    pub version: u64,
    /// The waivers.
    pub waivers: Vec<WaiverEntry>,
}

/// Who may waive what, and for how long.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverPolicy {
    /// Approvers, by pattern, of rules, by pattern. The most specific pattern that covers a rule counts; a rule that none
    /// covers may be waived by anybody.
    #[serde(default)]
    pub approvers: BTreeMap<Pattern, Patterns>,
    /// Days that a waiver may still last. Default: any number.
    #[serde(default)]
    pub max_days: Option<u32>,
    /// Days before its end from which a waiver is said to expire soon. Default 30.
    #[serde(default)]
    pub soon_days: Option<u32>,
}

/// A configuration that goes before this one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extends {
    /// Its file.
    pub path: std::path::PathBuf,
    /// The SHA-256 that it must have, in hex.
    pub sha256: String,
}
