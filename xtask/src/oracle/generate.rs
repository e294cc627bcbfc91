//! Cases that nobody thought of: policies with their inputs, calls of builtins, and texts that are hardly Rego.
//!
//! Deliberately absent: what is right; OPA says that.

mod builtins;
mod patterns;
mod policies;
mod syntax;
mod values;

use super::case::Case;
use super::dice::Dice;

/// Kinds of cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Rules that call each other, with inputs.
    Policies,
    /// One builtin, with arguments of many kinds.
    Builtins,
    /// Arithmetic, comparison and text of numbers.
    Numbers,
    /// Regular expressions, globs, formats and layouts of time, made from their grammars.
    Patterns,
    /// Modules in which a piece was changed.
    Syntax,
    /// The same, for the front end alone.
    Modules,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Policies, Self::Builtins, Self::Numbers, Self::Patterns, Self::Syntax, Self::Modules];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Policies => "policies",
            Self::Builtins => "builtins",
            Self::Numbers => "numbers",
            Self::Patterns => "patterns",
            Self::Syntax => "syntax",
            Self::Modules => "modules",
        }
    }

    /// Does it belong to what `--only` names?
    pub fn is_of(self, only: &str) -> bool {
        match only {
            "policies" => matches!(self, Self::Policies | Self::Syntax),
            "builtins" => matches!(self, Self::Builtins | Self::Numbers | Self::Patterns),
            _ => self.name() == only,
        }
    }

    /// A case of this kind. `texts`: modules of others, to be changed.
    pub fn case(self, dice: &mut Dice, texts: &[String]) -> Case {
        match self {
            Self::Policies => policies::case(dice),
            Self::Builtins => builtins::case(dice),
            Self::Numbers => builtins::numbers(dice),
            Self::Patterns => patterns::case(dice),
            Self::Syntax => syntax::case(dice, texts),
            Self::Modules => syntax::case(dice, texts).front(),
        }
    }
}
