//! How bad a finding is, which is the rule's to say; and what the platform makes of it.
//!
//! Deliberately absent: which enforcement applies to which rule; that is configuration.

use std::fmt;
use std::str::FromStr;

/// How bad a finding is; a property of the rule. Ordered: `Info < Warning < Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth mending.
    Warning,
    /// Must be mended.
    Error,
}

impl Severity {
    /// Returns the word used everywhere: `info`, `warning`, `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "info" => Ok(Self::Info),
            "warning" => Ok(Self::Warning),
            "error" => Ok(Self::Error),
            other => Err(format!("severity `{other}` is not one of `error`, `warning`, `info`")),
        }
    }
}

/// What the platform does about a rule's findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Enforcement {
    /// A finding at or above the threshold denies.
    #[default]
    Block,
    /// Shown, never denies.
    Warn,
    /// Recorded, never denies.
    Audit,
    /// Not evaluated.
    Off,
}

impl Enforcement {
    /// How strict it is; more is stricter.
    #[must_use]
    pub const fn strictness(self) -> u8 {
        match self {
            Self::Block => 3,
            Self::Warn => 2,
            Self::Audit => 1,
            Self::Off => 0,
        }
    }

    /// Returns the word used everywhere: `block`, `warn`, `audit`, `off`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
            Self::Audit => "audit",
            Self::Off => "off",
        }
    }
}

impl FromStr for Enforcement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "block" => Ok(Self::Block),
            "warn" => Ok(Self::Warn),
            "audit" => Ok(Self::Audit),
            "off" => Ok(Self::Off),
            other => Err(format!("enforcement `{other}` is not one of `block`, `warn`, `audit`, `off`")),
        }
    }
}
