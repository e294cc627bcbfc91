//! Faults: an evaluator failed. Never a finding, never dropped, denies by default.
//!
//! Deliberately absent: recovery. Who failed has not judged, and the gate stays shut.

use std::fmt;

/// How an evaluator failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// It could not be loaded.
    Load,
    /// It ran longer than its deadline.
    Deadline,
    /// It asked for more memory than it may have.
    Memory,
    /// It overflowed its stack.
    Stack,
    /// It stopped itself: a trap, a panic.
    Trap,
    /// It answered in a shape that is not the rule contract's.
    BadOutput,
    /// It said itself that it failed, or its language raised an error.
    Evaluation,
    /// A bound of a builtin, or of what a host does for a plugin, was met.
    Limit,
    /// A plugin reached for what it was not granted.
    Capability,
    /// Our own code failed around it.
    Internal,
}

impl FaultKind {
    /// Returns the word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Trap => "trap",
            Self::BadOutput => "bad_output",
            Self::Evaluation => "evaluation",
            Self::Limit => "limit",
            Self::Capability => "capability",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An evaluator's failure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file it was looking at; `None` when it failed to load.
    pub file: Option<String>,
    /// The rule, plugin or module that failed.
    pub rule: String,
    /// How.
    pub kind: FaultKind,
    /// What happened and what to do, one sentence.
    pub message: String,
}
