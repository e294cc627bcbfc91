//! Rules: one check with one id, whatever evaluates it.
//!
//! Deliberately absent: the body of a rule (Rego, WASM); evaluators own that.

use crate::date::Date;
use crate::severity::Severity;
use std::fmt;

/// The one spelling of a rule: `category.name_of_the_smell`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(String);

impl RuleId {
    /// Parses `category.name`: lower-case words of letters, digits and `_`, joined by dots, at least two.
    ///
    /// # Errors
    /// [`NotARuleId`] for any other shape.
    pub fn parse(text: &str) -> Result<Self, NotARuleId> {
        let word = |w: &str| {
            w.starts_with(|c: char| c.is_ascii_lowercase())
                && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if text.contains('.') && text.split('.').all(word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARuleId(text.to_owned()))
        }
    }

    /// Returns an id of a foreign rule (conftest, Gatekeeper, ODM), whose spelling is its author's.
    #[must_use]
    pub fn foreign(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the id as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text was not a rule id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotARuleId(pub String);

impl fmt::Display for NotARuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a rule id: write `category.name`, in lower case with `_` between words", self.0)
    }
}

impl std::error::Error for NotARuleId {}

/// What looked at the descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A Rego rule.
    Rego,
    /// A WASM plugin.
    Plugin,
    /// The standard's own schema.
    Schema,
    /// The comparison with an earlier version.
    Compat,
    /// The reader: the text itself is at fault.
    Read,
    /// The law of layers and waivers.
    Governance,
}

impl Source {
    /// Returns the word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rego => "rego",
            Self::Plugin => "plugin",
            Self::Schema => "schema",
            Self::Compat => "compat",
            Self::Read => "read",
            Self::Governance => "governance",
        }
    }
}

/// A parameter of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// What it is for, one sentence.
    pub description: String,
    /// Its value where nothing else is said, as JSON.
    pub default: String,
    /// The JSON Schema of its values.
    pub schema: String,
}

/// Where a rule is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Lifecycle {
    /// Being written: its findings are shown and never deny.
    Draft,
    /// In force.
    #[default]
    Enabled,
    /// In force, and on its way out.
    Deprecated,
}

impl Lifecycle {
    /// Returns the word used everywhere.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Enabled => "enabled",
            Self::Deprecated => "deprecated",
        }
    }
}

impl std::str::FromStr for Lifecycle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "draft" => Ok(Self::Draft),
            "enabled" => Ok(Self::Enabled),
            "deprecated" => Ok(Self::Deprecated),
            other => Err(format!("lifecycle `{other}` is not one of `draft`, `enabled`, `deprecated`")),
        }
    }
}

/// What is known of a rule without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The id.
    pub id: RuleId,
    /// One line: what the rule looks for.
    pub title: String,
    /// Why it matters, in a few sentences; may be empty.
    pub description: String,
    /// How bad its findings are.
    pub severity: Severity,
    /// What to do about a finding, one sentence.
    pub remedy: Option<String>,
    /// What else is to be known of it.
    pub note: Option<String>,
    /// Where to read more.
    pub related: Vec<String>,
    /// The kinds of descriptor it looks at (`data-product`, `data-contract`); empty means all.
    pub applies_to: Vec<String>,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// The first day on which its findings may deny; before, they warn.
    pub effective_on: Option<Date>,
    /// The profiles that it belongs to; a rule of none is always in force.
    pub profiles: Vec<String>,
    /// What a configuration may set.
    pub params: Vec<Param>,
    /// Is an error of a builtin undefined in it, as in OPA? Otherwise it is a fault: a rule that could not look has not passed.
    pub errors_undefined: bool,
    /// What evaluates it.
    pub source: Source,
    /// The file or bundle it came from, as a person would look for it.
    pub origin: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_a_category_and_a_name() {
        assert!(RuleId::parse("privacy.unmasked_restricted_column").is_ok());
        for bad in ["privacy", "Privacy.x", "privacy.", ".x", "a b.c", "privacy.1x", "privacy-x.y"] {
            assert!(RuleId::parse(bad).is_err(), "{bad}");
        }
    }
}
