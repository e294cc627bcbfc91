//! Builtins on texts that regorus lacks or has otherwise than OPA: `strings.count`, `upper`, `lower`,
//! `regex.globs_match`.
//!
//! Deliberately absent: those that are the same in both.

use super::{Operand, operand, weight};
use anyhow::{Result, bail};
use regorus::Value;
use std::collections::BTreeSet;

/// States that two globs are followed through together.
const STATES_MAX: usize = 1_000_000;

/// Occurrences that do not overlap; an empty text stands between any two characters.
pub fn count(values: &[Value]) -> Result<Value> {
    let (whole, part) = (operand(values, 0)?, operand(values, 1)?);
    let found = if part.is_empty() { whole.chars().count() + 1 } else { whole.matches(part).count() };
    Ok(Value::from(found))
}

/// Go maps characters one to one: `ß` stays.
fn mapped<I: Iterator<Item = char>>(values: &[Value], map: impl Fn(char) -> I) -> Result<Value> {
    let one = |c: char| {
        let mut to = map(c);
        match (to.next(), to.next()) {
            (Some(to), None) => to,
            _ => c,
        }
    };
    Ok(Value::from(operand(values, 0)?.chars().map(one).collect::<String>()))
}

pub fn upper(values: &[Value]) -> Result<Value> {
    mapped(values, char::to_uppercase)
}

pub fn lower(values: &[Value]) -> Result<Value> {
    mapped(values, char::to_lowercase)
}

/// Characters, as ranges.
type Class = Vec<(char, char)>;

/// A piece of a glob: a class, and whether it may stand any number of times.
struct Piece {
    class: Class,
    many: bool,
}

/// Reads `.`, `[a-z]`, `\x`, `*` and `+`, and nothing else, as special.
fn pieces(glob: &str) -> Result<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = glob.chars().peekable();
    while let Some(c) = rest.next() {
        let class = match c {
            '*' | '+' => {
                let Some(last) = pieces.last_mut().filter(|last| !last.many) else {
                    bail!("input:{glob}, pos: flag `{c}` must be preceded by a non-flag");
                };
                if c == '+' {
                    let class = last.class.clone();
                    pieces.push(Piece { class, many: true });
                } else {
                    last.many = true;
                }
                continue;
            }
            '.' => vec![('\0', char::MAX)],
            '\\' => match rest.next() {
                Some(escaped) => vec![(escaped, escaped)],
                None => bail!("input:{glob}: it ends with an escape"),
            },
            '[' => class(glob, &mut rest)?,
            ']' => bail!("input:{glob}: `]` without `[`"),
            other => vec![(other, other)],
        };
        pieces.push(Piece { class, many: false });
    }
    Ok(pieces)
}

fn class(glob: &str, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Class> {
    let mut class = Class::new();
    loop {
        let from = match rest.next() {
            Some(']') if !class.is_empty() => return Ok(class),
            Some('\\') => rest.next(),
            Some('[' | '-' | ']') | None => None,
            other => other,
        };
        let Some(from) = from else { bail!("input:{glob}: a set of characters is not written right") };
        let to = if rest.next_if_eq(&'-').is_some() {
            match rest.next() {
                Some('\\') => rest.next(),
                Some(']') | None => None,
                other => other,
            }
        } else {
            Some(from)
        };
        match to {
            Some(to) if from <= to => class.push((from, to)),
            _ => bail!("input:{glob}: a range of characters is not written right"),
        }
    }
}

fn meet(a: &Class, b: &Class) -> bool {
    a.iter().any(|(from, to)| b.iter().any(|(start, end)| from <= end && start <= to))
}

/// Says whether two globs have a text in common that is not empty.
pub fn globs_match(values: &[Value]) -> Result<Value> {
    let (a, b) = (pieces(operand(values, 0)?)?, pieces(operand(values, 1)?)?);
    if a.len().saturating_mul(b.len()) > STATES_MAX {
        bail!(super::Exceeded("the globs are too long to be compared".to_owned()));
    }
    let mut seen: BTreeSet<(usize, usize, bool)> = BTreeSet::new();
    let mut open = vec![(0_usize, 0_usize, false)];
    while let Some(state) = open.pop() {
        if !seen.insert(state) {
            continue;
        }
        let (i, j, any) = state;
        let (left, right) = (a.get(i), b.get(j));
        if left.is_none() && right.is_none() && any {
            return Ok(Value::from(true));
        }
        if left.is_some_and(|piece| piece.many) {
            open.push((i + 1, j, any));
        }
        if right.is_some_and(|piece| piece.many) {
            open.push((i, j + 1, any));
        }
        if let (Some(left), Some(right)) = (left, right)
            && meet(&left.class, &right.class)
        {
            let next = |at: usize, piece: &Piece| if piece.many { at } else { at + 1 };
            open.push((next(i, left), next(j, right), true));
        }
    }
    Ok(Value::from(false))
}

/// The path of every value within a value, as `walk` has them, with the value: pairs, the whole first.
pub fn walk(values: &[Value]) -> Result<Value> {
    let Some(whole) = values.first() else { bail!(Operand("operand 1 is missing".to_owned())) };
    let mut pairs = Vec::new();
    let mut open: Vec<(Vec<Value>, Value)> = vec![(Vec::new(), whole.clone())];
    let mut steps = 0_usize;
    while let Some((path, value)) = open.pop() {
        steps += path.len() + 1;
        if pairs.len() % 1_024 == 1_023 {
            crate::context::may_go_on()?;
        }
        if steps > super::WALK_MAX {
            bail!(super::Exceeded(format!("`walk` has more than {} steps", super::WALK_MAX)));
        }
        let below = |key: Value, value: &Value| {
            let mut path = path.clone();
            path.push(key);
            (path, value.clone())
        };
        let start = open.len();
        match &value {
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(index, item)| below(Value::from(index), item)));
            }
            Value::Set(items) => open.extend(items.iter().map(|item| below(item.clone(), item))),
            Value::Object(map) => open.extend(map.iter_sorted().map(|(key, item)| below(key.clone(), item))),
            _ => {}
        }
        // The stack gives the last first.
        if let Some(added) = open.get_mut(start..) {
            added.reverse();
        }
        pairs.push(Value::from(vec![Value::from(path), value]));
    }
    Ok(Value::from(pairs))
}

/// A text of a query, read: `+` is a blank, `%41` an `A`.
pub fn unescaped(values: &[Value]) -> Result<Value> {
    let text = operand(values, 0)?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |at: usize| char::from(*behind.get(at)?).to_digit(16);
                let value = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                let Some(value) = value else {
                    let from = text.len() - behind.len() - 1;
                    let shown = text.get(from..).unwrap_or_default().chars().take(3).collect::<String>();
                    bail!("invalid URL escape {shown:?}");
                };
                rest = behind.get(2..).unwrap_or_default();
                value
            }
            other => *other,
        });
    }
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The parts of a text between a delimiter, so many at most; less than none: all.
pub fn split_n(values: &[Value]) -> Result<Value> {
    weight::parts(values)?;
    let (text, delimiter) = (operand(values, 0)?, operand(values, 1)?);
    let many = values.get(2).and_then(|value| value.as_i64().ok());
    let many = many.ok_or_else(|| Operand("operand 3 must be an integer number".to_owned()))?;
    let many = usize::try_from(many).unwrap_or(usize::MAX);
    let parts: Vec<Value> = if many == 0 {
        Vec::new()
    } else if delimiter.is_empty() {
        text.chars().take(many).map(|sign| Value::from(sign.to_string())).collect()
    } else {
        text.splitn(many, delimiter).map(Value::from).collect()
    };
    Ok(Value::from(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(a: &str, b: &str) -> bool {
        *globs_match(&[Value::from(a), Value::from(b)]).unwrap().as_bool().unwrap()
    }

    #[test]
    fn globs_meet_where_a_text_fits_both() {
        for (a, b, wanted) in [
            ("a.a.[0-9]+z", "b.b.[0-9]*", false),
            ("[a-z]+", "[0-9a]*", true),
            ("a*", "b*", false),
            ("a*b", "a+b", true),
            ("\\.x", ".x", true),
            ("\\.x", "ax", false),
            ("", "", false),
        ] {
            assert_eq!(meets(a, b), wanted, "{a} {b}");
        }
        for broken in ["[a", "*a", "a]", "[b-a]", "a**", "\\"] {
            assert!(globs_match(&[Value::from(broken), Value::from("a")]).is_err(), "{broken}");
        }
    }
}
