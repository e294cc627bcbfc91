//! `glob.match`: patterns as the library reads them that OPA uses (gobwas), matched by a regular expression that is made of
//! them. The delimiters are the characters that were given, and no others.
//!
//! Deliberately absent: where that library is at odds with its own documentation in how it matches alternatives.

use super::{Exceeded, Operand, guards, operand, text};
use anyhow::{Result, anyhow, bail};
use regex::{Error, Regex, RegexBuilder};
use regorus::{LimitError, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;

/// Bytes of a compiled pattern.
const SIZE_MAX: usize = 512 * 1024;
/// Patterns that a thread keeps.
const KEPT_MAX: usize = 128;

thread_local! {
    static KEPT: RefCell<HashMap<(String, String), (Regex, usize)>> = RefCell::default();
}

/// Does a text fit a pattern, with these characters between its parts? Without any, `.` is between them; `null`: none is.
pub fn matches(values: &[Value]) -> Result<Value> {
    let (pattern, whole) = (operand(values, 0)?, operand(values, 2)?);
    let delimiters = delimiters(values.get(1))?;
    guards::lengths(pattern, whole.len())?;
    KEPT.with_borrow_mut(|kept| {
        let key = (pattern.to_owned(), delimiters);
        if let Some((regex, states)) = kept.get(&key) {
            guards::steps(*states, whole.len())?;
            return Ok(Value::Bool(regex.is_match(whole)));
        }
        let made = Glob { rest: pattern, delimiters: &key.1, level: 0, out: String::new() }.regex()?;
        let states = guards::states(&made);
        guards::steps(states, whole.len())?;
        let regex = match RegexBuilder::new(&made).size_limit(SIZE_MAX).build() {
            Ok(regex) => regex,
            Err(Error::CompiledTooBig(_)) => return Err(LimitError::RegexSizeLimitExceeded { limit: SIZE_MAX }.into()),
            Err(error) => bail!(Exceeded(error.to_string())),
        };
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let answer = regex.is_match(whole);
        kept.insert(key, (regex, states));
        Ok(Value::Bool(answer))
    })
}

/// A text as a pattern that fits it alone.
pub fn quote_meta(values: &[Value]) -> Result<Value> {
    let mut quoted = String::new();
    for sign in operand(values, 0)?.chars() {
        if matches!(sign, '*' | '?' | '\\' | '[' | ']' | '{' | '}') {
            quoted.push('\\');
        }
        quoted.push(sign);
    }
    Ok(Value::from(quoted))
}

fn delimiters(value: Option<&Value>) -> Result<String> {
    let items = match value {
        Some(Value::Null) => return Ok(String::new()),
        Some(Value::Array(items)) => items,
        _ => bail!(Operand("operand 2 must be one of {null, array}".to_owned())),
    };
    if items.is_empty() {
        return Ok(".".to_owned());
    }
    let mut all = String::new();
    for item in items.iter() {
        let Some(text) = text(Some(item)) else { bail!(Operand("operand 2 must be array of strings".to_owned())) };
        let mut signs = text.chars();
        match (signs.next(), signs.next()) {
            (Some(sign), None) => all.push(sign),
            _ => bail!(Operand(format!("operand 2 must be array of single characters, not `{text}`"))),
        }
    }
    Ok(all)
}

struct Glob<'a> {
    rest: &'a str,
    delimiters: &'a str,
    /// Alternatives that are open.
    level: usize,
    out: String,
}

impl Glob<'_> {
    fn regex(mut self) -> Result<String> {
        self.out.push_str("\\A(?:");
        while let Some(sign) = self.next() {
            match sign {
                ',' if self.level > 0 => self.out.push('|'),
                '}' if self.level > 0 => {
                    self.level -= 1;
                    self.out.push(')');
                }
                '{' => {
                    self.level += 1;
                    self.out.push_str("(?:");
                }
                '?' => self.single(),
                '*' if self.rest.starts_with('*') => {
                    self.next();
                    self.out.push_str("(?s:.)*");
                }
                '*' => {
                    self.single();
                    self.out.push('*');
                }
                '[' => self.class()?,
                '\\' => {
                    if let Some(sign) = self.next() {
                        push(&mut self.out, sign);
                    }
                }
                sign => push(&mut self.out, sign),
            }
        }
        // Alternatives that nobody closes end with the pattern.
        for _ in 0..self.level {
            self.out.push(')');
        }
        self.out.push_str(")\\z");
        Ok(self.out)
    }

    fn next(&mut self) -> Option<char> {
        let sign = self.rest.chars().next()?;
        self.rest = self.rest.get(sign.len_utf8()..).unwrap_or_default();
        Some(sign)
    }

    /// One character that is no delimiter.
    fn single(&mut self) {
        if self.delimiters.is_empty() {
            self.out.push_str("(?s:.)");
            return;
        }
        self.out.push_str("[^");
        for sign in self.delimiters.chars() {
            push(&mut self.out, sign);
        }
        self.out.push(']');
    }

    fn class(&mut self) -> Result<()> {
        let ended = || anyhow!("unexpected end of input");
        let mut class = "[".to_owned();
        if self.rest.starts_with('!') {
            self.next();
            class.push('^');
        }
        let mut ahead = self.rest.chars();
        let (first, second) = (ahead.next().ok_or_else(ended)?, ahead.next());
        if second == Some('-') {
            self.next();
            self.next();
            let last = self.next().ok_or_else(ended)?;
            if last < first {
                bail!("hi character '{last}' should be greater than lo '{first}'");
            }
            push(&mut class, first);
            class.push('-');
            push(&mut class, last);
        } else {
            let mut any = false;
            while !self.rest.starts_with(']') {
                let sign = match self.next().ok_or_else(ended)? {
                    '\\' => self.next().ok_or_else(ended)?,
                    sign => sign,
                };
                push(&mut class, sign);
                any = true;
            }
            if !any {
                bail!("could not parse range");
            }
        }
        if self.next().ok_or_else(ended)? != ']' {
            bail!("expected close range character");
        }
        class.push(']');
        self.out.push_str(&class);
        Ok(())
    }
}

/// A character as a regular expression.
fn push(out: &mut String, sign: char) {
    if sign.is_alphanumeric() {
        out.push(sign);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", u32::from(sign));
    }
}
