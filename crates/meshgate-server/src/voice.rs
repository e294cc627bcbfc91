//! What the sidecar says of itself, on standard error: for people, or one JSON object a line with the names that OPA uses.
//!
//! Deliberately absent: decisions, which have a log of their own; and inputs, answers, headers, tokens: nothing that a
//! caller sent stands here but a request's method, its path, and where it came from.

use chrono::{SecondsFormat, Utc};
use meshgate_core::shown;
use meshgate_engine::{LogFormat, LogLevel, LogSettings};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const LEVELS: [(LogLevel, &str); 4] =
    [(LogLevel::Error, "error"), (LogLevel::Warn, "warn"), (LogLevel::Info, "info"), (LogLevel::Debug, "debug")];

/// Where lines go.
pub type Out = Arc<dyn Fn(&str) + Send + Sync>;

/// Says things, if they matter enough.
#[derive(Clone)]
pub struct Voice(Arc<Inner>);

struct Inner {
    level: AtomicU8,
    format: LogFormat,
    out: Out,
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice").field("level", &self.level()).finish_non_exhaustive()
    }
}

impl Voice {
    /// Says things there.
    #[must_use]
    pub fn new(settings: LogSettings, out: Out) -> Self {
        Self(Arc::new(Inner { level: AtomicU8::new(number(settings.level)), format: settings.format, out }))
    }

    /// The name of a level, if it is one.
    pub fn named(name: &str) -> Option<LogLevel> {
        LEVELS.iter().find(|(_, of)| *of == name).map(|(level, _)| *level)
    }

    /// How much is said now.
    pub fn level(&self) -> &'static str {
        LEVELS.get(usize::from(self.0.level.load(Ordering::Relaxed))).map_or("info", |(_, name)| name)
    }

    /// Says more or less from now on.
    pub fn set(&self, level: LogLevel) {
        self.0.level.store(number(level), Ordering::Relaxed);
    }

    /// Would this be said?
    pub fn says(&self, level: LogLevel) -> bool {
        number(level) <= self.0.level.load(Ordering::Relaxed)
    }

    /// Says that something failed.
    pub fn error(&self, message: &str) {
        self.say(LogLevel::Error, message, &[]);
    }

    /// Says that something is odd.
    pub fn warn(&self, message: &str) {
        self.say(LogLevel::Warn, message, &[]);
    }

    /// Says what happened.
    pub fn info(&self, message: &str) {
        self.say(LogLevel::Info, message, &[]);
    }

    /// Says something, with what belongs to it.
    pub fn say(&self, level: LogLevel, message: &str, fields: &[(&str, Value)]) {
        if !self.says(level) {
            return;
        }
        let line = match self.0.format {
            LogFormat::Text => {
                let mut line = message.to_owned();
                for (name, value) in fields {
                    let _ = write!(line, " {name}={value}");
                }
                line
            }
            LogFormat::Json => {
                let name = LEVELS.get(usize::from(number(level))).map_or("info", |(_, name)| name);
                let time = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
                let mut line = Map::new();
                line.insert("time".to_owned(), Value::from(time));
                line.insert("level".to_owned(), Value::from(name));
                line.insert("msg".to_owned(), Value::from(message));
                for (name, value) in fields {
                    line.insert((*name).to_owned(), value.clone());
                }
                shown::json(Value::Object(line).to_string())
            }
        };
        (self.0.out)(&line);
    }
}

const fn number(level: LogLevel) -> u8 {
    match level {
        LogLevel::Error => 0,
        LogLevel::Warn => 1,
        LogLevel::Info => 2,
        LogLevel::Debug => 3,
    }
}
