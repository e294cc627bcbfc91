//! Exit codes, and the two ways out: stdout for the report, stderr for the rest.
//!
//! Deliberately absent: a panic on a closed pipe; who stops reading has read enough.

use meshgate_core::decide::Verdict;
use meshgate_core::shown;
use serde_json::Value;
use std::io::Write;
use std::process::ExitCode;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 0: allowed, or done.
    Allowed,
    /// 1: denied, or tests failed.
    Denied,
    /// 2: the job could not be done.
    Failed,
}

impl From<Verdict> for Status {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self::Allowed,
            Verdict::Deny => Self::Denied,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Allowed => Self::SUCCESS,
            Status::Denied => Self::from(1),
            Status::Failed => Self::from(2),
        }
    }
}

/// Writes text for people, or JSON of [`json`], to stdout. What others wrote stands in it: nothing of theirs is hidden, steers
/// the terminal, or is a command of the CI system that keeps the log.
pub fn print(text: &str) -> anyhow::Result<()> {
    print_as_is(&shown::printed(text))
}

/// JSON as it is printed: indented, with a line end, and with what cannot be seen in escapes.
pub fn json(value: &Value) -> String {
    shown::json(format!("{value:#}\n"))
}

/// Writes to stdout what is fit to be printed, or asked for as it is. Who closes the pipe has read enough; any other failure
/// is one.
pub fn print_as_is(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("standard output cannot be written"))
        }
        _ => Ok(()),
    }
}

/// Writes a line to stderr, with the same care.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", shown::printed(line));
}
