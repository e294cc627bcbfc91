//! Exit codes, and the two ways out: stdout for the report, stderr for the rest.
//!
//! Deliberately absent: a panic on a closed pipe; who stops reading has read enough.

use meshgate_core::decide::Verdict;
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

/// Writes to stdout. Who closes the pipe has read enough; any other failure is one.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("standard output cannot be written"))
        }
        _ => Ok(()),
    }
}

/// Writes a line to stderr. What others wrote (a plugin, a descriptor) stands in it: no control character of theirs may steer
/// the terminal.
pub fn say(line: &str) {
    let plain: String =
        line.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    let _ = writeln!(std::io::stderr(), "{plain}");
}
