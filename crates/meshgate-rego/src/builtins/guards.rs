//! Bounds on builtins whose result may be far larger than their arguments: regorus looks at the clock between steps, not
//! inside of a builtin, and an allocation that fails kills the process, so what would explode is refused before it begins.
//!
//! Deliberately absent: bounds on builtins that only take time in proportion to their arguments; the deadline sees to
//! those.

use super::{BYTES_MAX, ELEMENTS_MAX, Exceeded, text, weight};
use anyhow::{Result, bail};
use meshgate_core::size::has_more_values;
use regorus::Value;

/// Bits by which a number may be shifted.
const SHIFT_MAX: i64 = 65_536;
/// Bits of a network's hosts: a /16 of IPv4.
const HOST_BITS_MAX: u32 = 16;
/// Bytes of a pattern; with its repeats counted out, regorus bounds it again when it compiles it.
const PATTERN_MAX: usize = 64 << 10;
/// Bytes of JSON or YAML text that a policy may read.
const DOCUMENT_MAX: usize = 16 << 20;
/// Nesting of JSON that a policy may read.
const DEPTH_MAX: usize = 120;

fn integer(value: Option<&Value>) -> Option<i64> {
    value?.as_i64().ok()
}

fn elements(from: Option<&Value>, to: Option<&Value>, step: i64) -> Result<()> {
    // Numbers beyond 64 bits are as good as endless; what is no number is the builtin's own affair.
    let is_number =
        |value: Option<&Value>| value.is_some_and(|value| value.as_number().is_ok_and(|number| number.is_integer()));
    let count = match (integer(from), integer(to)) {
        (Some(from), Some(to)) => from.abs_diff(to) / step.unsigned_abs().max(1),
        _ if is_number(from) && is_number(to) => u64::MAX,
        _ => return Ok(()),
    };
    if count > ELEMENTS_MAX.unsigned_abs() {
        bail!(Exceeded(format!("the range has more than {ELEMENTS_MAX} elements")));
    }
    Ok(())
}

pub fn range(values: &[Value]) -> Result<()> {
    elements(values.first(), values.get(1), 1)
}

/// Numbers from one to another, either way. A step of any size is right, as far as it goes.
pub fn stepped(values: &[Value]) -> Result<Value> {
    let number = |index: usize| match values.get(index) {
        Some(Value::Number(number)) if number.is_integer() => Ok(number),
        _ => Err(anyhow::Error::new(super::Operand(format!("operand {} must be integer", index + 1)))),
    };
    let (from, to, step) = (number(0)?, number(1)?, number(2)?);
    if values.get(2).is_some_and(|step| *step <= Value::from(0_i64)) {
        bail!("step must be a positive number above zero");
    }
    let (Some(from), Some(to)) = (from.as_i64(), to.as_i64()) else {
        bail!(Exceeded("the range leaves 64 bits".to_owned()));
    };
    let step = step.as_i64().unwrap_or(i64::MAX);
    elements(values.first(), values.get(1), step)?;
    let forward = from <= to;
    let within = |value: &i64| if forward { *value <= to } else { *value >= to };
    let next = |value: &i64| if forward { value.checked_add(step) } else { value.checked_sub(step) };
    Ok(Value::from(std::iter::successors(Some(from), next).take_while(within).map(Value::from).collect::<Vec<_>>()))
}

pub fn cidr_expand(values: &[Value]) -> Result<()> {
    let Some((address, prefix)) = text(values.first()).and_then(|cidr| cidr.split_once('/')) else { return Ok(()) };
    let bits: u32 = if address.contains(':') { 128 } else { 32 };
    let hosts = prefix.parse::<u32>().map_or(0, |prefix| bits.saturating_sub(prefix));
    if hosts > HOST_BITS_MAX {
        bail!(Exceeded(format!("the network has more than 2^{HOST_BITS_MAX} hosts")));
    }
    Ok(())
}

pub fn shift(values: &[Value]) -> Result<()> {
    if integer(values.get(1)).is_some_and(|by| by > SHIFT_MAX) {
        bail!(Exceeded(format!("a number is shifted by more than {SHIFT_MAX} bits")));
    }
    match values.first() {
        Some(number) if weight::bits(number) > weight::BITS_MAX => {
            bail!(Exceeded(format!("a number of more than {} bits is shifted", weight::BITS_MAX)))
        }
        _ => Ok(()),
    }
}

fn replaced(text: &str, old: &str, new: &str) -> Result<()> {
    // An empty pattern is between any two characters.
    let times = if old.is_empty() { text.len() + 1 } else { text.len() / old.len() };
    if times.saturating_mul(new.len()) > BYTES_MAX {
        bail!(Exceeded(format!("the replaced text has more than {BYTES_MAX} bytes")));
    }
    Ok(())
}

pub fn replace(values: &[Value]) -> Result<()> {
    match (text(values.first()), text(values.get(1)), text(values.get(2))) {
        (Some(text), Some(old), Some(new)) => replaced(text, old, new),
        _ => Ok(()),
    }
}

pub fn replace_n(values: &[Value]) -> Result<()> {
    let (Some(Ok(patterns)), Some(whole)) = (values.first().map(Value::as_object), text(values.get(1))) else {
        return Ok(());
    };
    let pairs = || patterns.iter().filter_map(|(old, new)| text(Some(old)).zip(text(Some(new))));
    // The text is gone through for each pattern, and may become longer with each.
    let longest = |count: &dyn Fn(&str) -> usize| {
        pairs().fold(whole.len(), |length, (old, new)| {
            let times = if old.is_empty() { length + 1 } else { length / old.len() };
            length.saturating_add(times.min(count(old)).saturating_mul(new.len()))
        })
    };
    // How often each is there is counted where that could matter.
    let mut length = longest(&|_| usize::MAX);
    if length > BYTES_MAX {
        length = longest(&|old| whole.matches(old).count().max(1));
        pairs().try_for_each(|(old, new)| replaced(whole, old, new))?;
    }
    if length > BYTES_MAX || whole.len().saturating_mul(patterns.len()) > SCANNED_MAX {
        bail!(Exceeded(format!("the replaced text has more than {BYTES_MAX} bytes")));
    }
    Ok(())
}

/// Bytes that one builtin may go through, over and over.
const SCANNED_MAX: usize = 256 << 20;

/// Bounds a pattern and a text by their bytes alone.
pub fn lengths(pattern: &str, length: usize) -> Result<()> {
    if pattern.len() > PATTERN_MAX {
        bail!(Exceeded(format!("the pattern has more than {PATTERN_MAX} bytes")));
    }
    if length > BYTES_MAX {
        bail!(Exceeded(format!("the text has more than {BYTES_MAX} bytes")));
    }
    Ok(())
}

/// Bounds the work of holding so many states against a text of so many bytes.
pub fn steps(states: usize, length: usize) -> Result<()> {
    if states.saturating_mul(length) > STEPS_MAX {
        bail!(Exceeded("the pattern and the text are too long to be held against each other".to_owned()));
    }
    Ok(())
}

/// States of a pattern times bytes of a text.
const STEPS_MAX: usize = 1 << 26;

/// About the states of a pattern, its repeats counted out.
pub fn states(pattern: &str) -> usize {
    // The sizes of the groups that are open, and of the last part of each, which a repeat is of.
    let mut open: Vec<(usize, usize)> = vec![(0, 0)];
    let mut letters = pattern.char_indices();
    let mut class = false;
    while let Some((at, letter)) = letters.next() {
        let mut one = 1;
        match letter {
            '\\' => {
                letters.next();
            }
            '[' if !class => {
                class = true;
                continue;
            }
            ']' if class => class = false,
            _ if class => continue,
            '(' => {
                open.push((0, 0));
                continue;
            }
            ')' if open.len() > 1 => {
                let (sum, last) = open.pop().unwrap_or_default();
                one = sum.saturating_add(last).max(1);
            }
            '{' => {
                let inner = pattern.get(at + 1..).and_then(|rest| rest.split('}').next()).unwrap_or_default();
                let most = inner.split(',').filter_map(|number| number.trim().parse::<usize>().ok()).max();
                if let (Some(most), Some((_, last))) = (most, open.last_mut()) {
                    *last = last.saturating_mul(most.max(1));
                }
                continue;
            }
            _ => {}
        }
        if let Some((sum, last)) = open.last_mut() {
            *sum = sum.saturating_add(*last);
            *last = one;
        }
    }
    open.into_iter().fold(1, |all, (sum, last)| all.saturating_add(sum).saturating_add(last))
}

/// Bounds what `yaml.unmarshal` reads. regorus takes an object of this one key for a number.
pub fn yaml(values: &[Value]) -> Result<()> {
    let Some(text) = text(values.first()) else { return Ok(()) };
    if text.contains("$serde_json::private::Number") {
        bail!("`$serde_json::private::Number` cannot be a key here");
    }
    match crate::yaml::measure(text) {
        Err(error) if error.is::<crate::yaml::TooMuch>() => bail!(Exceeded(error.to_string())),
        measured => measured,
    }
}

/// Bounds what `json.unmarshal`, `yaml.unmarshal` and their like read: size, and nesting by brackets and indentation.
pub fn parse(values: &[Value]) -> Result<()> {
    let Some(text) = text(values.first()) else { return Ok(()) };
    if text.len() > DOCUMENT_MAX {
        bail!(Exceeded(format!("the text to be read has more than {DOCUMENT_MAX} bytes")));
    }
    if has_more_values(text.as_bytes(), weight::TREE_MAX / 2) {
        bail!(Exceeded(format!("the text to be read has more than {} values", weight::TREE_MAX / 2)));
    }
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX * 8 {
            bail!(Exceeded(format!("the text to be read is nested more than {} times", DEPTH_MAX * 8)));
        }
    }
    Ok(())
}

/// Bounds the product of `strings.repeat`-like results: the base times the count.
pub fn concat(values: &[Value]) -> Result<()> {
    let Some(glue) = text(values.first()) else { return Ok(()) };
    let length = |item: &Value| text(Some(item)).map_or(0, str::len);
    let (count, length): (usize, usize) = match values.get(1) {
        Some(Value::Array(items)) => (items.len(), items.iter().map(length).sum()),
        Some(Value::Set(items)) => (items.len(), items.iter().map(length).sum()),
        _ => (0, 0),
    };
    if glue.len().saturating_mul(count).saturating_add(length) > BYTES_MAX {
        bail!(Exceeded(format!("the joined text has more than {BYTES_MAX} bytes")));
    }
    Ok(())
}
