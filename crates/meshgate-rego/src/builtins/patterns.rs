//! `regex.match` and `regex.replace` with patterns that are compiled once a thread. regorus keeps them too, but hands out
//! copies, and a copy begins without what it learnt of its pattern: it costs several times what the answer does.
//!
//! Deliberately absent: the others of `regex`, which are seldom asked for column after column.

use super::{guards, operand};
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
    let replaced = with(pattern, |regex| Value::from(regex.replace_all(text, by).as_ref()))?;
    Ok(replaced.unwrap_or(Value::Undefined))
}
