//! What a rule returned, held to the rule contract: a set of `{pointer, message, key?, label?, related?, fix?}`.
//!
//! Deliberately absent: leniency. Any other shape is a fault of the rule, not a guess of ours.

use meshgate_core::finding::{RelatedRemark, Remark};
use meshgate_core::pointer::Place;
use meshgate_core::rule::RuleId;
use regorus::Value;
use serde_json::Value as Json;

/// Reads the value of `findings`.
pub fn remarks(rule: &RuleId, value: &Value, findings_max: usize) -> Result<Vec<Remark>, String> {
    let Value::Set(set) = value else {
        return Err("`findings` is not a set: write `findings contains {…} if {…}`".into());
    };
    if set.len() > findings_max {
        return Err(format!("{} findings, at most {findings_max} are taken", set.len()));
    }
    set.iter().map(|item| remark(rule, item)).collect()
}

fn remark(rule: &RuleId, item: &Value) -> Result<Remark, String> {
    let json = serde_json::to_value(item).map_err(|error| error.to_string())?;
    let Json::Object(map) = &json else { return Err(format!("a finding is `{json}`, not an object")) };
    if let Some(key) =
        map.keys().find(|key| !["pointer", "message", "key", "label", "related", "fix"].contains(&key.as_str()))
    {
        return Err(format!("a finding has the unknown key `{key}`"));
    }
    let related = match map.get("related") {
        None => Vec::new(),
        Some(Json::Array(items)) => items.iter().map(related).collect::<Result<_, _>>()?,
        Some(_) => return Err("`related` of a finding is not a list".into()),
    };
    Ok(Remark {
        rule: rule.clone(),
        place: place(map.get("pointer"))?,
        message: text(map.get("message"), "message")?,
        label: map.get("label").map(|label| text(Some(label), "label")).transpose()?,
        related,
        fix: map.get("fix").cloned(),
        key: map.get("key").map(ToString::to_string),
    })
}

fn related(item: &Json) -> Result<RelatedRemark, String> {
    let keys = item.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    if let Some(key) = keys.into_iter().find(|key| !["pointer", "message"].contains(key)) {
        return Err(format!("`related` has the unknown key `{key}`"));
    }
    Ok(RelatedRemark { place: place(item.get("pointer"))?, message: text(item.get("message"), "message")? })
}

fn text(value: Option<&Json>, key: &str) -> Result<String, String> {
    match value.and_then(Json::as_str).filter(|text| !text.is_empty()) {
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("a finding has no `{key}` that is a text")),
    }
}

fn place(value: Option<&Json>) -> Result<Place, String> {
    let text = value.and_then(Json::as_str).ok_or("a finding has no `pointer` that is a text")?;
    Place::parse(text).map_err(|error| error.to_string())
}
