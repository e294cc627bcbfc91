//! How much work the arguments of a builtin stand for, told before it begins. Values are shared, and a builtin works on
//! them as trees: what it will walk, compare or write is counted here, up to a bound.
//!
//! Deliberately absent: what a builtin does; see `guards` for which of these each one takes.

use super::{BYTES_MAX, Exceeded, text};
use anyhow::{Result, bail};
use regorus::Value;

/// Values of the trees that one builtin may walk.
pub const TREE_MAX: usize = 2_000_000;
/// Bits of a number that an operation may make.
pub const BITS_MAX: u64 = 1 << 18;
/// Digits of a number in text.
const DIGITS_MAX: usize = 80_000;
/// Comparisons of one builtin that compares each with each.
const PAIRS_MAX: usize = 50_000_000;

/// What values come to as a tree: how many there are, and their bytes of text. Counting ends when it is too much.
fn tree(values: &[&Value], most: usize, text_max: usize) -> Option<usize> {
    let mut open: Vec<&Value> = values.to_vec();
    let (mut count, mut bytes) = (0_usize, 0_usize);
    while let Some(value) = open.pop() {
        count += 1;
        match value {
            Value::String(text) => bytes = bytes.saturating_add(text.len()),
            Value::Number(_) => bytes = bytes.saturating_add(digits(value)),
            Value::Array(items) => open.extend(items.iter()),
            Value::Set(items) => open.extend(items.iter()),
            Value::Object(items) => open.extend(items.iter().flat_map(|(key, item)| [key, item])),
            _ => {}
        }
        if count.saturating_add(open.len()) > most || bytes > text_max {
            return None;
        }
    }
    Some(count)
}

/// About the digits of a number.
fn digits(number: &Value) -> usize {
    usize::try_from(bits(number) / 3).unwrap_or(usize::MAX)
}

/// Bits of a number.
pub fn bits(value: &Value) -> u64 {
    let Value::Number(number) = value else { return 0 };
    if number.as_u64().is_some() || number.as_i64().is_some() || !number.is_integer() {
        return 64;
    }
    number.as_big().map_or(1_024, |big| big.bits())
}

/// Refuses arguments that are walked or compared and too large for it as trees.
pub fn walked(values: &[Value]) -> Result<()> {
    let all: Vec<&Value> = values.iter().collect();
    if tree(&all, TREE_MAX, usize::MAX).is_none() {
        bail!(Exceeded(format!("its arguments have more than {TREE_MAX} values, with shared ones counted each time")));
    }
    Ok(())
}

/// Refuses arguments that are written out and too large for it.
pub fn written(values: &[Value]) -> Result<()> {
    let all: Vec<&Value> = values.iter().collect();
    if tree(&all, TREE_MAX, BYTES_MAX).is_none() {
        let message = format!(
            "what it writes has more than {TREE_MAX} values or {BYTES_MAX} bytes, with shared ones counted each time"
        );
        bail!(Exceeded(message));
    }
    Ok(())
}

/// Refuses to join collections to more than there may be.
pub fn joined(values: &[Value]) -> Result<()> {
    let count: usize = values.iter().map(len).sum();
    if count > TREE_MAX {
        bail!(Exceeded(format!("the result has more than {TREE_MAX} members")));
    }
    Ok(())
}

fn len(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Set(items) => items.len(),
        Value::Object(items) => items.len(),
        _ => 0,
    }
}

/// Refuses a text that becomes too long, so many times as long as it is.
fn longer(values: &[Value], times: usize) -> Result<()> {
    if text(values.first()).is_some_and(|text| text.len().saturating_mul(times) > BYTES_MAX) {
        bail!(Exceeded(format!("the text has more than {BYTES_MAX} bytes")));
    }
    Ok(())
}

/// Base64 is a third longer.
pub fn twice(values: &[Value]) -> Result<()> {
    longer(values, 2)
}

/// Each byte is written as three.
pub fn thrice(values: &[Value]) -> Result<()> {
    longer(values, 3)
}

/// A text as long as it is.
pub fn once(values: &[Value]) -> Result<()> {
    longer(values, 1)
}

/// Parts of a text that is split, or places in it.
pub fn parts(values: &[Value]) -> Result<()> {
    let (Some(whole), Some(part)) = (text(values.first()), text(values.get(1))) else { return Ok(()) };
    let count = if part.is_empty() { whole.len() } else { whole.matches(part).count() };
    if count > TREE_MAX / 2 {
        bail!(Exceeded(format!("the text has more than {} parts", TREE_MAX / 2)));
    }
    Ok(())
}

/// A text of which each character is looked for in another one.
pub fn cut(values: &[Value]) -> Result<()> {
    match (text(values.first()), text(values.get(1))) {
        (Some(whole), Some(set)) => pairs(whole.len(), set.len()),
        _ => Ok(()),
    }
}

/// Texts of which each is held against each.
pub fn each_with_each(values: &[Value]) -> Result<()> {
    let one = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.len().max(1),
        Some(value) => len(value).max(1),
        None => 1,
    };
    pairs(one(values.first()), one(values.get(1)))
}

fn pairs(left: usize, right: usize) -> Result<()> {
    if left.saturating_mul(right) > PAIRS_MAX {
        bail!(Exceeded(format!("it would make more than {PAIRS_MAX} comparisons")));
    }
    Ok(())
}

/// The product of two numbers.
pub fn product_of(a: &Value, b: &Value) -> Result<()> {
    if bits(a).saturating_add(bits(b)) > BITS_MAX {
        bail!(Exceeded(format!("the product has more than {BITS_MAX} bits")));
    }
    Ok(())
}

/// The product of many numbers.
pub fn product(values: &[Value]) -> Result<()> {
    let of = bits_of_factor;
    let bits: u64 = match values.first() {
        Some(Value::Array(items)) => items.iter().map(of).sum(),
        Some(Value::Set(items)) => items.iter().map(of).sum(),
        _ => 0,
    };
    if bits > BITS_MAX {
        bail!(Exceeded(format!("the product has more than {BITS_MAX} bits")));
    }
    Ok(())
}

/// Bits that a factor adds.
fn bits_of_factor(value: &Value) -> u64 {
    let Value::Number(number) = value else { return 0 };
    match number.as_i64() {
        Some(small) => u64::from(64 - small.unsigned_abs().leading_zeros()),
        // What is no integer makes a product none.
        None if !number.is_integer() => 0,
        None => bits(value),
    }
}

/// A number in text, or a number to be written.
pub fn number(values: &[Value]) -> Result<()> {
    let too_long = match values.first() {
        Some(Value::String(text)) => text.len() > DIGITS_MAX,
        Some(number @ Value::Number(_)) => bits(number) > BITS_MAX,
        _ => false,
    };
    if too_long {
        bail!(Exceeded(format!("the number has more than {DIGITS_MAX} digits")));
    }
    Ok(())
}

/// A text that is a number, as JSON writes them: what else Go reads, OPA cannot write.
pub fn numeral(values: &[Value]) -> Result<()> {
    number(values)?;
    let Some(text) = text(values.first()) else { return Ok(()) };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match plain.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (plain, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_number = digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits);
    if is_number { Ok(()) } else { bail!("strconv.ParseFloat: parsing {text:?}: invalid syntax") }
}

/// A number with a unit: its exponent would be written out in digits.
pub fn unit(values: &[Value]) -> Result<()> {
    let Some(text) = text(values.first()) else { return Ok(()) };
    number(values)?;
    let digits = |rest: &str| {
        let rest = rest.trim_start_matches(['+', '-']);
        rest.bytes()
            .take_while(u8::is_ascii_digit)
            .filter(|byte| *byte != b'0')
            .count()
            .max(rest.trim_start_matches('0').bytes().take_while(u8::is_ascii_digit).count())
    };
    if text.match_indices(['e', 'E']).any(|(at, _)| text.get(at + 1..).is_some_and(|rest| digits(rest) > 3)) {
        bail!(Exceeded("the number's exponent has more than 3 digits".to_owned()));
    }
    Ok(())
}

/// Operations of `json.patch`: each that copies may double what there is.
pub fn patched(values: &[Value]) -> Result<()> {
    let size = tree(&values.iter().collect::<Vec<_>>(), TREE_MAX, usize::MAX);
    let operations: Vec<&Value> = match values.get(1) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Set(items)) => items.iter().collect(),
        _ => Vec::new(),
    };
    let is_copy = |operation: &&&Value| {
        operation.as_object().is_ok_and(|map| map.get(&Value::from("op")) == Some(&Value::from("copy")))
    };
    let copies = operations.iter().filter(is_copy).count();
    // After the first few, each may copy all that there is by then.
    let doubled = size.and_then(|size| size.checked_shl(u32::try_from(copies.min(63)).unwrap_or(63)));
    let fits = doubled.is_some_and(|size| size <= TREE_MAX) || copies == 0 && size.is_some();
    if fits
        || (copies < COPIES_MAX
            && size.is_some_and(|size| size.saturating_mul(copies) <= TREE_MAX && flat(&operations)))
    {
        return Ok(());
    }
    bail!(Exceeded(format!("the patched document may have more than {TREE_MAX} values, with copies counted each time")))
}

/// Copies of one patch.
const COPIES_MAX: usize = 10_000;

/// Does no copy take in where another one was put?
fn flat(operations: &[&Value]) -> bool {
    let path = |operation: &Value, key: &str| match operation.as_object().ok()?.get(&Value::from(key))? {
        Value::String(path) => Some(path.to_string()),
        _ => None,
    };
    let mut put: Vec<String> = Vec::new();
    for operation in operations {
        let copies = operation.as_object().is_ok_and(|map| map.get(&Value::from("op")) == Some(&Value::from("copy")));
        let (from, to) = (path(operation, "from"), path(operation, "path"));
        if copies {
            let Some(from) = from else { return false };
            let meets = |at: &String| at.starts_with(&from) || from.starts_with(at.as_str());
            if put.iter().any(meets) || put.len() > 1_000 {
                return false;
            }
        }
        put.extend(to);
    }
    true
}
