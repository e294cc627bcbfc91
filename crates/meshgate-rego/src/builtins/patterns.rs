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
    static KEPT: RefCell<HashMap<String, Kept>> = RefCell::default();
}

/// A pattern, and how many states it has: to count them takes longer than most answers.
struct Kept {
    regex: Regex,
    states: usize,
}

/// Does something with a pattern and a text, within the bounds of both; `None` where it is no pattern.
fn with<T>(pattern: &str, text: &str, run: impl Fn(&Regex, &str) -> T) -> Result<Option<T>> {
    guards::lengths(pattern, text.len())?;
    KEPT.with_borrow_mut(|kept| {
        if let Some(Kept { regex, states }) = kept.get(pattern) {
            guards::steps(*states, text.len())?;
            return Ok(Some(run(regex, text)));
        }
        let states = guards::states(pattern);
        guards::steps(states, text.len())?;
        let regex = match RegexBuilder::new(pattern).size_limit(SIZE_MAX).build() {
            Ok(regex) => regex,
            Err(Error::CompiledTooBig(_)) => return Err(LimitError::RegexSizeLimitExceeded { limit: SIZE_MAX }.into()),
            Err(_) => return Ok(None),
        };
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let answer = run(&regex, text);
        kept.insert(pattern.to_owned(), Kept { regex, states });
        Ok(Some(answer))
    })
}

/// Does a text have the pattern?
pub fn matches(values: &[Value]) -> Result<Value> {
    let (pattern, text) = (operand(values, 0)?, operand(values, 1)?);
    match with(pattern, text, Regex::is_match)? {
        Some(is) => Ok(Value::Bool(is)),
        None => bail!("invalid regex"),
    }
}

/// A text with something else in the place of the pattern. One that is no pattern makes it undefined, as in regorus.
pub fn replace(values: &[Value]) -> Result<Value> {
    let (text, pattern, by) = (operand(values, 0)?, operand(values, 1)?, operand(values, 2)?);
    let replaced = with(pattern, text, |regex, text| bounded(regex, text, by))?;
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
