//! `semver.*`, as OPA reads versions: a `v` before them and zeros before numbers do no harm.
//!
//! Deliberately absent: ranges.

use super::{operand, text};
use anyhow::{Result, anyhow};
use regorus::Value;
use std::cmp::Ordering;

/// A version: three numbers, and what comes before the release.
struct Version<'a> {
    numbers: [i64; 3],
    before: &'a str,
}

fn parsed(whole: &str) -> Option<Version<'_>> {
    let text = whole.strip_prefix('v').unwrap_or(whole);
    let (text, metadata) = text.split_once('+').unwrap_or((text, ""));
    let (text, before) = text.split_once('-').unwrap_or((text, ""));
    let is_identifier =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let mut numbers = [0; 3];
    let mut parts = text.split('.');
    for number in &mut numbers {
        *number = parts.next()?.parse().ok()?;
    }
    (parts.next().is_none() && is_identifier(before) && is_identifier(metadata)).then_some(Version { numbers, before })
}

/// Is it a version?
pub fn is_valid(values: &[Value]) -> Result<Value> {
    Ok(Value::Bool(text(values.first()).is_some_and(|text| parsed(text).is_some())))
}

/// -1, 0 or 1: the first is lower, equal or higher.
pub fn compare(values: &[Value]) -> Result<Value> {
    let (one, other) = (operand(values, 0)?, operand(values, 1)?);
    let version =
        |name: &str, text| parsed(text).ok_or_else(|| anyhow!("operand {name}: string {text:?} is not a valid SemVer"));
    let (one, other) = (version("1", one)?, version("2", other)?);
    let order = one.numbers.cmp(&other.numbers).then_with(|| before(one.before, other.before));
    Ok(Value::from(match order {
        Ordering::Less => -1_i64,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

fn before(one: &str, other: &str) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (one.split('.'), other.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<i64>(), right.parse::<i64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}
