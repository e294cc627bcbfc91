//! One event of the decision log, as a line of JSON in OPA's shape. What OPA's schema has no place for stands beside it:
//! `rules`, `obligations`, `gear`, `plugins`.
//!
//! Deliberately absent: where it goes.

use crate::app::Current;
use crate::request::Caller;
use chrono::{DateTime, Utc};
use meshgate_core::shown;
use meshgate_engine::Gears;
use serde_json::Value;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// When a request came, and from whom.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// By the clock on the wall.
    at: SystemTime,
    /// By the one that only goes forward.
    pub began: Instant,
    /// From whom.
    pub caller: Caller,
}

impl Arrival {
    /// Now.
    pub fn now(caller: Caller) -> Self {
        Self { at: SystemTime::now(), began: Instant::now(), caller }
    }
}

/// What one answer was about.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Its id.
    pub decision_id: &'a str,
    /// The id of the batch that it is a part of.
    pub batch: Option<&'a str>,
    /// What was asked for: `a/b`, or a name of ours.
    pub path: &'a str,
    /// The input as JSON text, if there is one.
    pub input: Option<&'a str>,
    /// The answer as JSON text, if there is one.
    pub result: Option<&'a str>,
    /// What went wrong.
    pub error: Option<&'a Value>,
    /// The ids of the rules that the answer rests on, as JSON text.
    pub rules: Option<&'a str>,
    /// What the answer obliges to, as JSON text.
    pub obligations: Option<&'a str>,
    /// Was its mask no mask? Then nothing of what callers and policies wrote is shown.
    pub kept_back: bool,
    /// What answered: its bundles, its plugins.
    pub current: &'a Arc<Current>,
    /// When it came.
    pub arrival: &'a Arrival,
    /// What evaluation took.
    pub took: Took,
}

/// What an evaluation took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Took {
    /// Nanoseconds.
    pub ns: u128,
    /// Which gears answered.
    pub gears: Gears,
}

impl Took {
    /// What was taken since then, by this thread. Call it where the evaluation was.
    pub fn since(began: Instant) -> Self {
        Self { ns: began.elapsed().as_nanos(), gears: meshgate_engine::gears() }
    }
}

impl<'a> Event<'a> {
    /// One that says nothing yet of what was asked and answered.
    pub fn of(decision_id: &'a str, path: &'a str, current: &'a Arc<Current>, arrival: &'a Arrival) -> Self {
        Self {
            decision_id,
            batch: None,
            path,
            input: None,
            result: None,
            error: None,
            rules: None,
            obligations: None,
            kept_back: false,
            current,
            arrival,
            took: Took::default(),
        }
    }

    /// Writes the line, with its end.
    pub fn line(&self, labels: &str) -> String {
        let Self { arrival, current, .. } = self;
        let handler = arrival.began.elapsed().as_nanos();
        let texts = [self.input, self.result, self.rules, self.obligations];
        let sizes = texts.iter().flatten().map(|text| text.len()).sum::<usize>();
        let mut line =
            String::with_capacity(sizes + labels.len() + current.bundles.len() + current.plugins.len() + 640);
        line.push_str("{\"labels\":");
        line.push_str(labels);
        line.push_str(",\"decision_id\":");
        quote(&mut line, self.decision_id);
        if let Some(batch) = self.batch {
            line.push_str(",\"batch_decision_id\":");
            quote(&mut line, batch);
        }
        // Writing to a string cannot fail.
        if let Some(trace) = arrival.caller.trace {
            let _ = write!(line, ",\"trace_id\":\"{:032x}\",\"span_id\":\"{:016x}\"", trace.trace, trace.span);
        }
        line.push_str(",\"bundles\":");
        line.push_str(&current.bundles);
        line.push_str(",\"path\":");
        quote(&mut line, self.path);
        let parts = [
            ("input", self.input),
            ("result", self.result),
            ("rules", self.rules),
            ("obligations", self.obligations),
            ("plugins", Some(current.plugins.as_str()).filter(|plugins| !plugins.is_empty())),
            ("gear", self.took.gears.name()),
        ];
        for (name, text) in parts {
            let shown = !self.kept_back || matches!(name, "plugins" | "gear");
            let Some(text) = text.filter(|_| shown) else { continue };
            let _ = write!(line, ",\"{name}\":");
            // Between its values JSON may have line ends; within its texts it has none.
            if name == "gear" {
                quote(&mut line, text);
            } else if name == "input" && text.bytes().any(|byte| byte == b'\n' || byte == b'\r') {
                line.push_str(&text.replace(['\n', '\r'], " "));
            } else {
                line.push_str(text);
            }
        }
        if self.kept_back {
            line.push_str(",\"mask_failed\":true");
        } else if let Some(error) = self.error {
            let _ = write!(line, ",\"error\":{error}");
        }
        if let Some(from) = arrival.caller.address {
            let _ = write!(line, ",\"requested_by\":\"{from}\"");
        }
        line.push_str(",\"timestamp\":\"");
        timestamp(&mut line, arrival.at);
        let _ = writeln!(
            line,
            "\",\"metrics\":{{\"timer_rego_query_eval_ns\":{},\"timer_server_handler_ns\":{handler}}},\"req_id\":{}}}",
            self.took.ns, arrival.caller.request
        );
        // A log is read in a terminal, too.
        shown::json(line)
    }
}

/// Writes a text as JSON has it.
fn quote(line: &mut String, text: &str) {
    let plain = text.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\'));
    if plain {
        line.push('"');
        line.push_str(text);
        line.push('"');
    } else {
        line.push_str(&Value::from(text).to_string());
    }
}

/// Writes a moment as RFC 3339 has it, to the nanosecond.
fn timestamp(line: &mut String, at: SystemTime) {
    thread_local! {
        /// The last second, written: most events are of the same as the one before.
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != since.as_secs() {
            let whole: DateTime<Utc> = (UNIX_EPOCH + Duration::from_secs(since.as_secs())).into();
            *text = whole.format("%Y-%m-%dT%H:%M:%S").to_string();
            *second = since.as_secs();
        }
        line.push_str(text);
    });
    let _ = write!(line, ".{:09}Z", since.subsec_nanos());
}

/// A new decision's id: a random UUID.
pub fn decision_id() -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = rand::random::<[u8; 16]>();
    bytes[6] = (bytes[6] & 0x0F) | 0x40;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 0x0F] {
            text.push(DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_uuids() {
        let id = decision_id();
        let shape: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(shape, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes().get(14), Some(&b'4'));
        assert!(matches!(id.as_bytes().get(19), Some(b'8' | b'9' | b'a' | b'b')), "{id}");
        assert_ne!(id, decision_id());
    }

    #[test]
    fn a_moment_is_written_to_the_nanosecond() {
        let at = UNIX_EPOCH + Duration::new(1_700_000_000, 5);
        for _ in 0..2 {
            let mut line = String::new();
            timestamp(&mut line, at);
            assert_eq!(line, "2023-11-14T22:13:20.000000005Z");
        }
    }

    #[test]
    fn a_text_is_written_as_json_has_it() {
        for text in ["a/b", "", "x\"y", "a\\b", "line\nend", "ü"] {
            let mut line = String::new();
            quote(&mut line, text);
            assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
        }
    }
}
