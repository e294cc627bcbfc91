//! What a plugin writes to its log in one call: bounded, kept for whoever wants to see it.
//!
//! Deliberately absent: an output. The platform decides what becomes of the lines.

use crate::bindings::meshgate::plugin::host;
use std::fmt;

/// Lines that are kept of one call, bytes of one, and lines after which the call ends with a fault.
const LINES_MAX: usize = 64;
const BYTES_MAX: usize = 4096;
const FLOOD: usize = 10_000;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Odd.
    Warning,
    /// The plugin failed.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// What it says; may hold line ends.
    pub message: String,
}

/// The log of one call.
#[derive(Debug, Default)]
pub struct Log {
    pub lines: Vec<LogLine>,
    /// Lines that were not kept.
    pub dropped: usize,
}

impl Log {
    /// Keeps a line if there is room; says whether the guest may go on.
    pub fn write(&mut self, level: host::Level, mut message: String) -> bool {
        let level = match level {
            host::Level::Debug => Level::Debug,
            host::Level::Info => Level::Info,
            host::Level::Warning => Level::Warning,
            host::Level::Error => Level::Error,
        };
        message.truncate(message.floor_char_boundary(BYTES_MAX));
        // What was cut off is not kept either.
        message.shrink_to_fit();
        if self.lines.len() < LINES_MAX {
            self.lines.push(LogLine { level, message });
            return true;
        }
        self.dropped += 1;
        // The last error is what a trap is explained with: it takes the place of the last line.
        if level == Level::Error
            && let Some(last) = self.lines.last_mut()
        {
            *last = LogLine { level, message };
        }
        self.dropped + LINES_MAX <= FLOOD
    }

    /// The last error: a panic hook reports through it.
    pub fn last_error(&self) -> Option<&str> {
        self.lines.iter().rev().find(|line| line.level == Level::Error).map(|line| line.message.as_str())
    }
}
