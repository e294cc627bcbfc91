//! Numbers as OPA has them: texts that are compared by their value.
//!
//! Deliberately absent: arithmetic.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A number. Its text stays; two numbers are equal if their values are.
#[derive(Debug, Clone)]
pub struct Number(Arc<str>);

/// A value: its sign, its digits without zeros at either end, and the power of ten that they are a fraction of, so that
/// 120 is 0.12 times ten to the 3.
#[derive(PartialEq, Eq, Hash)]
struct Exact<'a> {
    negative: bool,
    exponent: i64,
    digits: Digits<'a>,
}

/// Digits before and after the point.
struct Digits<'a>(&'a [u8], &'a [u8]);

impl Digits<'_> {
    fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.iter().chain(self.1).copied()
    }
}

impl PartialEq for Digits<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Digits<'_> {}

impl Hash for Digits<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.iter().for_each(|digit| state.write_u8(digit));
    }
}

fn trimmed(digits: &[u8], at_end: bool) -> &[u8] {
    let zeros = |byte: &&u8| **byte == b'0';
    if at_end {
        let kept = digits.len() - digits.iter().rev().take_while(zeros).count();
        digits.get(..kept).unwrap_or_default()
    } else {
        digits.get(digits.iter().take_while(zeros).count()..).unwrap_or_default()
    }
}

impl Number {
    /// A number of which the text was checked.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as a position in an array, if it is written as an integer.
    pub fn position(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    fn exact(&self) -> Exact<'_> {
        let (negative, text) = match self.0.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, &*self.0),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 =
            exponent.parse().unwrap_or(if exponent.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 });
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (mut whole, mut part) = (trimmed(whole.as_bytes(), false), trimmed(part.as_bytes(), true));
        let mut places = i64::try_from(whole.len()).unwrap_or(i64::MAX / 4);
        if part.is_empty() {
            whole = trimmed(whole, true);
        }
        if whole.is_empty() {
            let digits = trimmed(part, false);
            places = -i64::try_from(part.len() - digits.len()).unwrap_or(0);
            part = digits;
        }
        if whole.is_empty() && part.is_empty() {
            return Exact { negative: false, exponent: 0, digits: Digits(&[], &[]) };
        }
        Exact { negative, exponent: exponent.saturating_add(places), digits: Digits(whole, part) }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.exact() == other.exact()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.exact().hash(state);
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.exact(), other.exact());
        let zero = |number: &Exact<'_>| number.digits.iter().next().is_none();
        let sign = |number: &Exact<'_>| {
            if zero(number) {
                0
            } else if number.negative {
                -1
            } else {
                1
            }
        };
        let (x, y) = (sign(&a), sign(&b));
        if x != y || x == 0 {
            return x.cmp(&y);
        }
        let size = a.exponent.cmp(&b.exponent).then_with(|| a.digits.iter().cmp(b.digits.iter()));
        if x < 0 { size.reverse() } else { size }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value_whatever_their_text() {
        let number = |text: &str| Number::new(text);
        for (a, b) in
            [("1", "1.0"), ("1e1", "10"), ("0", "-0.000"), ("100e-2", "1"), ("0.001", "1E-3"), ("12.50", "1.25e1")]
        {
            assert_eq!(number(a), number(b), "{a} {b}");
            assert_eq!(number(a).cmp(&number(b)), Ordering::Equal, "{a} {b}");
        }
        let rising = [
            "-1e400",
            "-11",
            "-10.5",
            "-0.01",
            "0",
            "0.0099",
            "0.01",
            "1",
            "1.00000000000000000001",
            "9",
            "10",
            "1e400",
            "1e401",
        ];
        for (index, a) in rising.iter().enumerate() {
            for (other, b) in rising.iter().enumerate() {
                assert_eq!(number(a).cmp(&number(b)), index.cmp(&other), "{a} {b}");
            }
        }
    }
}
