//! Patterns over ids and names: `*` stands for any characters, everything else for itself.
//!
//! Deliberately absent: regular expressions; a reviewer must see at once what a waiver covers.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// A pattern, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Err("a pattern is empty".to_owned()) } else { Ok(Self(text.to_owned())) }
    }

    /// Does it cover a text?
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        covers(self.0.as_bytes(), text.as_bytes(), u8::eq)
    }

    /// The same, whatever the case of ASCII letters.
    #[must_use]
    pub fn matches_any_case(&self, text: &str) -> bool {
        covers(self.0.as_bytes(), text.as_bytes(), u8::eq_ignore_ascii_case)
    }

    /// How much of it is no `*`: of two that cover the same, the more specific counts.
    #[must_use]
    pub fn specificity(&self) -> (bool, usize) {
        (!self.0.contains('*'), self.0.bytes().filter(|byte| *byte != b'*').count())
    }

    /// Returns it as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The usual walk with one step back: linear but for the stars, and those only start again where the last one stood.
fn covers(pattern: &[u8], text: &[u8], same: fn(&u8, &u8) -> bool) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while read < text.len() {
        match (pattern.get(at), text.get(read)) {
            (Some(b'*'), _) => {
                back = Some((at, read));
                at += 1;
            }
            (Some(wanted), Some(found)) if same(wanted, found) => {
                at += 1;
                read += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    at = star + 1;
                    read = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        let pattern = |text| Pattern::parse(text).unwrap();
        for (wanted, text) in
            [("privacy.*", "privacy.x.y"), ("*", ""), ("*.email", "orders.email"), ("a*b*c", "aXbbYc"), ("é*", "éa")]
        {
            assert!(pattern(wanted).matches(text), "{wanted} {text}");
        }
        for (wanted, text) in [("privacy.*", "privacy"), ("a", "ab"), ("a*b", "abc"), ("*x", "y"), ("A", "a")] {
            assert!(!pattern(wanted).matches(text), "{wanted} {text}");
        }
        assert!(pattern("SALES*").matches_any_case("sales-emea"));
        assert!(Pattern::parse(" ").is_err());
        assert!(pattern("a.b").specificity() > pattern("a.b.c.*").specificity());
        assert!(pattern("a.b*").specificity() > pattern("a.*").specificity());
    }
}
