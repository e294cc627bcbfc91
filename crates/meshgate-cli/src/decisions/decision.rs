//! One decision, as people ask for it: who, what, when, and what was said. Each API has its own shapes; what they have in
//! common is found here.
//!
//! Deliberately absent: guesses. What an answer does not say is not filled in.

#![expect(clippy::indexing_slicing, reason = "a value that is not there is null, and no panic")]

use crate::args::{Said, WhichArgs};
use anyhow::{Result, bail};
use meshgate_core::shown;
use serde_json::Value;

/// A decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// As it was written.
    pub line: String,
    /// The same, read.
    pub event: Value,
}

impl Decision {
    /// Reads a line; `None` if it is no event.
    pub fn read(line: &str) -> Option<Self> {
        let event: Value = serde_json::from_str(line).ok()?;
        event["decision_id"].is_string().then(|| Self { line: line.to_owned(), event })
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.event.pointer(pointer).and_then(Value::as_str)
    }

    /// The first of these that is there.
    fn first(&self, pointers: &[&str]) -> Option<&str> {
        pointers.iter().find_map(|pointer| self.text(pointer))
    }

    pub fn id(&self) -> &str {
        self.text("/decision_id").unwrap_or_default()
    }

    pub fn timestamp(&self) -> &str {
        self.text("/timestamp").unwrap_or_default()
    }

    pub fn path(&self) -> &str {
        self.text("/path").unwrap_or_default()
    }

    /// `allow` or `deny`, where the answer is one or the other.
    pub fn verdict(&self) -> Option<&'static str> {
        let said = |allows: bool| if allows { "allow" } else { "deny" };
        // No answer is a denial, whoever asked.
        if self.event["error"]["code"] == "internal_error" && self.event.get("result").is_none() {
            return Some("deny");
        }
        match self.event.get("result")? {
            Value::Bool(allows) => Some(said(*allows)),
            result => {
                if let Some(verdict) = result["verdict"].as_str() {
                    return Some(said(verdict == "allow"));
                }
                ["decision", "allow", "allowed", "evaluationResult"]
                    .iter()
                    .find_map(|key| result[*key].as_bool())
                    .map(said)
            }
        }
    }

    /// Who asked.
    pub fn subject(&self) -> Option<&str> {
        self.first(&[
            "/input/subject/id",
            "/input/context/identity/user",
            "/input/requestContext/principal/name",
            "/input/subject",
            "/input/user",
        ])
    }

    pub fn action(&self) -> Option<&str> {
        self.first(&["/input/action/name", "/input/action/operation", "/input/action", "/input/method"])
    }

    pub fn product(&self) -> Option<&str> {
        self.first(&["/input/resource/product", "/input/product/id", "/input/resource/id", "/input/product"])
    }

    pub fn port(&self) -> Option<&str> {
        self.first(&["/input/resource/port", "/input/product/port"])
    }

    pub fn purpose(&self) -> Option<&str> {
        self.first(&["/input/purpose", "/input/context/purpose"])
    }

    /// The rules that it rests on.
    pub fn rules(&self) -> Vec<&str> {
        self.event["rules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Why, in sentences, with the rule of each where there is one.
    pub fn reasons(&self) -> Vec<(Option<&str>, &str)> {
        let reasons = self.event["result"]["reasons"].as_array().into_iter().flatten();
        reasons
            .filter_map(|reason| match reason {
                Value::String(text) => Some((None, text.as_str())),
                reason => Some((reason["rule"].as_str(), reason["message"].as_str()?)),
            })
            .collect()
    }

    /// A line for people.
    pub fn row(&self) -> String {
        let time = self.timestamp().get(..19).unwrap_or_default();
        let asked = [self.subject(), self.action(), self.product()];
        let asked: Vec<String> = asked.into_iter().flatten().map(plain).collect();
        let why = match (self.reasons().first(), self.event["error"]["message"].as_str()) {
            (_, Some(error)) => plain(error),
            (Some((_, reason)), None) => plain(reason),
            (None, None) => String::new(),
        };
        let verdict = self.verdict().unwrap_or("-");
        let row =
            format!("{time}  {:<8}  {verdict:<5}  {:<20}  {}", short(self.id()), plain(self.path()), asked.join(" "));
        if why.is_empty() { row.trim_end().to_owned() } else { format!("{}  {why}", row.trim_end()) }
    }
}

/// The beginning of an id: enough to ask for it again.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// What somebody sent must not steer the terminal.
pub fn plain(text: &str) -> String {
    shown::line(text).chars().take(200).collect()
}

/// Says which decisions are wanted.
pub struct Wanted {
    which: WhichArgs,
    since: Option<String>,
    until: Option<String>,
}

impl Wanted {
    /// Reads the arguments.
    ///
    /// # Errors
    /// For times that are none.
    pub fn of(which: &WhichArgs) -> Result<Self> {
        let moment = |said: &Option<String>| said.as_deref().map(moment).transpose();
        Ok(Self { since: moment(&which.since)?, until: moment(&which.until)?, which: which.clone() })
    }

    /// Is it one of them?
    pub fn has(&self, decision: &Decision) -> bool {
        let which = &self.which;
        let same = |said: &Option<String>, found: Option<&str>| said.as_deref().is_none_or(|said| found == Some(said));
        let below = |path: &str| {
            let path = path.trim_matches('/');
            decision.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let verdict = match which.verdict {
            None => true,
            Some(Said::Allow) => decision.verdict() == Some("allow"),
            Some(Said::Deny) => decision.verdict() == Some("deny"),
        };
        verdict
            && which.path.as_deref().is_none_or(below)
            && same(&which.subject, decision.subject())
            && same(&which.product, decision.product())
            && same(&which.trace, decision.text("/trace_id"))
            && which.rule.as_deref().is_none_or(|rule| decision.rules().contains(&rule))
            && self.since.as_deref().is_none_or(|since| decision.timestamp() >= since)
            && self.until.as_deref().is_none_or(|until| decision.timestamp() < until)
            && (!which.errors || decision.event.get("error").is_some())
    }
}

/// A day, or a moment in UTC, as it is written in events: they are compared as texts.
fn moment(said: &str) -> Result<String> {
    let digits = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.chars().zip(shape.chars()).all(|(c, of)| if of == '0' { c.is_ascii_digit() } else { c == of })
    };
    if digits(said, "0000-00-00") || digits(said.trim_end_matches('Z'), "0000-00-00T00:00:00") {
        return Ok(said.trim_end_matches('Z').to_owned());
    }
    bail!("`{said}` is no time: write a day, 2026-11-25, or a moment in UTC, 2026-11-25T10:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Decision {
        Decision::read(text).unwrap()
    }

    #[test]
    fn each_api_says_its_verdict_in_its_own_way() {
        let verdict = |result: &str| of(&format!("{{\"decision_id\":\"1\",\"result\":{result}}}")).verdict();
        assert_eq!(verdict(r#"{"verdict":"allow"}"#), Some("allow"));
        assert_eq!(verdict("false"), Some("deny"));
        assert_eq!(verdict(r#"{"decision":true}"#), Some("allow"));
        assert_eq!(verdict(r#"{"evaluationResult":false}"#), Some("deny"));
        assert_eq!(verdict(r#"[1]"#), None);
        assert_eq!(of(r#"{"decision_id":"1","error":{"code":"internal_error"}}"#).verdict(), Some("deny"));
    }

    #[test]
    fn times_are_read_and_others_refused() {
        assert_eq!(moment("2026-11-25").unwrap(), "2026-11-25");
        assert_eq!(moment("2026-11-25T10:00:00Z").unwrap(), "2026-11-25T10:00:00");
        assert!(moment("yesterday").is_err() && moment("2026-11-25T10").is_err());
    }

    #[test]
    fn what_somebody_sent_steers_no_terminal() {
        let row =
            of("{\"decision_id\":\"12345678-1\",\"path\":\"a\",\"input\":{\"subject\":{\"id\":\"x\\u001b[2J\"}}}")
                .row();
        assert!(!row.contains('\u{1b}'), "{row:?}");
    }
}
