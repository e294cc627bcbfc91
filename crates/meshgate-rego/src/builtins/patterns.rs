//! `regex.match` and `regex.replace` with patterns that are compiled once a thread. regorus keeps them too, but hands out
//! copies, and a copy begins without what it learnt of its pattern: it costs several times what the answer does.
//!
//! Deliberately absent: the others of `regex`, which are seldom asked for column after column.

use super::{BYTES_MAX, Exceeded, guards, operand};
use anyhow::{Result, bail};
use regex::{Error, Regex, RegexBuilder};
use regorus::{LimitError, Value};
use std::cell::RefCell;
use std::collections::HashMap;

/// Bytes of a compiled pattern, as regorus bounds it.
const SIZE_MAX: usize = 100 * 1024;
/// Patterns that a thread keeps; policies have few, and inputs must not fill memory with theirs.
const KEPT_MAX: usize = 128;

thread_local! {
    static KEPT: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// Does something with a pattern; `None` where it is none.
fn with<T>(pattern: &str, run: impl Fn(&Regex) -> T) -> Result<Option<T>> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(regex) = kept.get(pattern) {
            return Ok(Some(run(regex)));
        }
        let regex = match RegexBuilder::new(pattern).size_limit(SIZE_MAX).build() {
            Ok(regex) => regex,
            Err(Error::CompiledTooBig(_)) => return Err(LimitError::RegexSizeLimitExceeded { limit: SIZE_MAX }.into()),
            Err(_) => return Ok(None),
        };
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let answer = run(&regex);
        kept.insert(pattern.to_owned(), regex);
        Ok(Some(answer))
    })
}

/// Does a text have the pattern?
pub fn matches(values: &[Value]) -> Result<Value> {
    let (pattern, text) = (operand(values, 0)?, operand(values, 1)?);
    guards::pattern(values)?;
    match with(pattern, |regex| regex.is_match(text))? {
        Some(is) => Ok(Value::Bool(is)),
        None => bail!("invalid regex"),
    }
}

/// A text with something else in the place of the pattern. One that is no pattern makes it undefined, as in regorus.
pub fn replace(values: &[Value]) -> Result<Value> {
    let (text, pattern, by) = (operand(values, 0)?, operand(values, 1)?, operand(values, 2)?);
    guards::matched(pattern, text.len())?;
    let replaced = with(pattern, |regex| bounded(regex, text, by))?;
    Ok(match replaced {
        Some(Some(replaced)) => Value::from(replaced),
        Some(None) => bail!(Exceeded(format!("the replaced text has more than {BYTES_MAX} bytes"))),
        None => Value::Undefined,
    })
}

/// The text with each match replaced; `None` as soon as that is too long.
fn bounded(regex: &Regex, text: &str, by: &str) -> Option<String> {
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        replaced.push_str(text.get(done..whole.start()).unwrap_or_default());
        // What is put in holds groups, each of which may be as long as the text; each `$` is one at most.
        let groups = by.bytes().filter(|byte| *byte == b'$').count().saturating_mul(whole.len());
        if replaced.len().saturating_add(by.len()).saturating_add(groups) > BYTES_MAX {
            return None;
        }
        captures.expand(by, &mut replaced);
        done = whole.end();
    }
    replaced.push_str(text.get(done..).unwrap_or_default());
    (replaced.len() <= BYTES_MAX).then_some(replaced)
}
