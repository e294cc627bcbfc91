//! `regex.*`, with patterns that are read as Go reads them and compiled once a thread.
//!
//! Deliberately absent: the syntax of patterns; see `re2`.

use super::{BYTES_MAX, Exceeded, Operand, guards, operand, re2, weight};
use anyhow::{Result, anyhow, bail};
use regex::{Error, Regex, RegexBuilder};
use regorus::{LimitError, Value};
use std::cell::RefCell;
use std::collections::HashMap;

/// Bytes of a compiled pattern.
const SIZE_MAX: usize = 512 * 1024;
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

fn compiled(pattern: &str) -> Result<Regex> {
    let text = re2::translated(pattern).map_err(|error| anyhow!(error))?;
    match RegexBuilder::new(&text).size_limit(SIZE_MAX).build() {
        Ok(regex) => Ok(regex),
        Err(Error::CompiledTooBig(_)) => Err(LimitError::RegexSizeLimitExceeded { limit: SIZE_MAX }.into()),
        Err(_) => bail!("error parsing regexp: `{pattern}`"),
    }
}

/// Does something with a pattern and a text, within the bounds of both.
fn with<T>(pattern: &str, text: &str, run: impl Fn(&Regex, &str) -> T) -> Result<T> {
    guards::lengths(pattern, text.len())?;
    KEPT.with_borrow_mut(|kept| {
        if let Some(Kept { regex, states }) = kept.get(pattern) {
            guards::steps(*states, text.len())?;
            return Ok(run(regex, text));
        }
        let states = guards::states(pattern);
        guards::steps(states, text.len())?;
        let regex = compiled(pattern)?;
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let answer = run(&regex, text);
        kept.insert(pattern.to_owned(), Kept { regex, states });
        Ok(answer)
    })
}

/// Why a text is no pattern.
pub fn fault(pattern: &str) -> Option<String> {
    compiled(pattern).err().map(|error| error.to_string())
}

/// Does a text have the pattern?
pub fn matches(values: &[Value]) -> Result<Value> {
    let (pattern, text) = (operand(values, 0)?, operand(values, 1)?);
    with(pattern, text, Regex::is_match).map(Value::Bool)
}

/// Is it a pattern?
pub fn is_valid(values: &[Value]) -> Result<Value> {
    let Ok(pattern) = operand(values, 0) else { return Ok(Value::Bool(false)) };
    match with(pattern, "", |_, _| ()) {
        Ok(()) => Ok(Value::Bool(true)),
        Err(error) if error.is::<Exceeded>() || error.is::<LimitError>() => Err(error),
        Err(_) => Ok(Value::Bool(false)),
    }
}

/// How many are wanted; less than none: all.
fn many(values: &[Value]) -> Result<usize> {
    let number = values.get(2).and_then(|value| value.as_i64().ok());
    let number = number.ok_or_else(|| Operand("operand 3 must be an integer number".to_owned()))?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

/// The texts that the pattern fits.
pub fn find_n(values: &[Value]) -> Result<Value> {
    let (pattern, text) = (operand(values, 0)?, operand(values, 1)?);
    let many = many(values)?;
    places(text, 1, many)?;
    let found = with(pattern, text, |regex, text| {
        regex.find_iter(text).take(many).map(|found| Value::from(found.as_str())).collect::<Vec<_>>()
    })?;
    Ok(Value::from(found))
}

/// The same, with what each group fits.
pub fn find_all_submatch_n(values: &[Value]) -> Result<Value> {
    let (pattern, text) = (operand(values, 0)?, operand(values, 1)?);
    let many = many(values)?;
    places(text, pattern.matches('(').count() + 1, many)?;
    let found = with(pattern, text, |regex, text| {
        let groups = |captures: regex::Captures<'_>| {
            let group = |one: Option<regex::Match<'_>>| Value::from(one.map_or("", |one| one.as_str()));
            Value::from(captures.iter().map(group).collect::<Vec<_>>())
        };
        regex.captures_iter(text).take(many).map(groups).collect::<Vec<_>>()
    })?;
    Ok(Value::from(found))
}

/// Bounds what is told of each place where a pattern fits.
fn places(text: &str, each: usize, many: usize) -> Result<()> {
    if text.len().saturating_add(1).min(many).saturating_mul(each) > weight::TREE_MAX * 2 {
        bail!(Exceeded(format!("the pattern may fit in more than {} places", weight::TREE_MAX * 2)));
    }
    Ok(())
}

/// What stands between the texts that the pattern fits.
pub fn split(values: &[Value]) -> Result<Value> {
    let (pattern, text) = (operand(values, 0)?, operand(values, 1)?);
    places(text, 1, usize::MAX)?;
    let parts = with(pattern, text, |regex, text| {
        if text.is_empty() && !pattern.is_empty() {
            return vec![Value::from("")];
        }
        let (mut parts, mut begin, mut end) = (Vec::new(), 0, 0);
        for found in regex.find_iter(text) {
            end = found.start();
            if found.end() != 0 {
                parts.push(Value::from(text.get(begin..end).unwrap_or_default()));
            }
            begin = found.end();
        }
        if end != text.len() {
            parts.push(Value::from(text.get(begin..).unwrap_or_default()));
        }
        parts
    })?;
    Ok(Value::from(parts))
}

/// Does a text fit a template: patterns between delimiters, and text around them?
pub fn template_match(values: &[Value]) -> Result<Value> {
    let (template, text) = (operand(values, 0)?, operand(values, 1)?);
    operand(values, 3)?;
    let delimiter = |index: usize, name: &str| {
        let text = operand(values, index)?;
        let mut signs = text.chars();
        match (signs.next(), signs.next()) {
            (Some(sign), None) if sign.is_ascii() => Ok(sign),
            _ => bail!("{name} delimiter has to be exactly one character long but is {} long", text.len()),
        }
    };
    let (start, end) = (delimiter(2, "start")?, delimiter(3, "end")?);
    let (mut pattern, mut depth, mut from) = ("^".to_owned(), 0_usize, 0);
    let unbalanced = || anyhow!("unbalanced braces in {template:?}");
    for (at, sign) in template.char_indices() {
        if sign == start {
            depth += 1;
            if depth == 1 {
                pattern.push_str(&quoted(template.get(from..at).unwrap_or_default()));
                from = at + sign.len_utf8();
            }
        } else if sign == end {
            depth = depth.checked_sub(1).ok_or_else(unbalanced)?;
            if depth == 0 {
                pattern.push_str(&format!("({})", template.get(from..at).unwrap_or_default()));
                from = at + sign.len_utf8();
            }
        }
    }
    if depth > 0 {
        return Err(unbalanced());
    }
    pattern.push_str(&quoted(template.get(from..).unwrap_or_default()));
    pattern.push('$');
    with(&pattern, text, Regex::is_match).map(Value::Bool)
}

/// Text as a pattern.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for sign in text.chars() {
        if "\\.+*?()|[]{}^$".contains(sign) {
            quoted.push('\\');
        }
        quoted.push(sign);
    }
    quoted
}

/// A text with something else in the place of the pattern.
pub fn replace(values: &[Value]) -> Result<Value> {
    let (text, pattern, by) = (operand(values, 0)?, operand(values, 1)?, operand(values, 2)?);
    match with(pattern, text, |regex, text| bounded(regex, text, by))? {
        Some(replaced) => Ok(Value::from(replaced)),
        None => bail!(Exceeded(format!("the replaced text has more than {BYTES_MAX} bytes"))),
    }
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
