//! What a plain scalar means: YAML 1.1 as PyYAML's safe loader resolves it, which the tools of these standards use.
//!
//! | written | is |
//! |---|---|
//! | `yes no on off true false` (three cases each) | boolean |
//! | `~ null Null NULL` and nothing | null |
//! | `012` `0x1f` `0b1` `1_000` `1:30` | integer (octal, hex, binary, underscores, base 60) |
//! | `1.5` `.5` `1.5e+3` `.inf` | number; `1e3` and `1.5e3` are text, the exponent needs a dot and a sign |
//! | `2024-01-31` and timestamps | text: JSON has no dates, and rules compare them as text |
//!
//! A tag says otherwise (`!!str 1`); `!!binary` is the text that it encodes, and a tag that does not fit its value hides nothing.
//!
//! Deliberately absent: `.nan` and infinities as numbers; JSON has none, so they stay text.

use crate::tree::NodeValue;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD as PAD};
use base64::{Engine as _, alphabet};
use serde_json::Number;

/// Resolves a scalar. A quoted or block scalar is text, unless a tag says otherwise.
pub fn resolve(value: &str, plain: bool, tag: Option<&str>) -> NodeValue {
    let text = || NodeValue::Text(value.into());
    match tag.and_then(|tag| tag.strip_prefix("tag:yaml.org,2002:")) {
        Some("str" | "timestamp") => text(),
        Some("binary") => NodeValue::Text(binary(value).unwrap_or_else(|| value.to_owned()).into()),
        Some("int") => integer(value).unwrap_or_else(text),
        Some("float") => integer(value).or_else(|| float(value)).unwrap_or_else(text),
        Some("bool") => boolean(value).unwrap_or_else(text),
        // With a value that is none, the tag would hide it.
        Some("null") if matches!(value.trim(), "" | "~" | "null" | "Null" | "NULL") => NodeValue::Null,
        _ if tag.is_some() || !plain => text(),
        _ => match value {
            "" | "~" | "null" | "Null" | "NULL" => NodeValue::Null,
            _ => boolean(value).or_else(|| integer(value)).or_else(|| float(value)).unwrap_or_else(text),
        },
    }
}

/// The text that Base64 stands for, so that nothing hides in it; what no text comes of stays as it is written.
pub fn binary(value: &str) -> Option<String> {
    // As Python does, whatever is not of the alphabet is passed over.
    let digits: Vec<u8> = value.bytes().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).collect();
    let engine = GeneralPurpose::new(&alphabet::STANDARD, PAD.with_decode_allow_trailing_bits(true));
    String::from_utf8(engine.decode(digits).ok()?).ok()
}

fn boolean(value: &str) -> Option<NodeValue> {
    match value {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(NodeValue::Bool(true)),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(NodeValue::Bool(false)),
        _ => None,
    }
}

fn integer(value: &str) -> Option<NodeValue> {
    let (negative, digits) = match value.as_bytes().first()? {
        b'-' => (true, value.get(1..)?),
        b'+' => (false, value.get(1..)?),
        _ => (false, value),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let bare = digits.replace('_', "");
    let number = if let Some(hex) = bare.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()?
    } else if let Some(binary) = bare.strip_prefix("0b") {
        i128::from_str_radix(binary, 2).ok()?
    } else if bare.contains(':') {
        sexagesimal(&bare)?
    } else if bare.len() > 1 && bare.starts_with('0') {
        i128::from_str_radix(&bare, 8).ok()?
    } else if bare.bytes().all(|b| b.is_ascii_digit()) {
        match bare.parse::<i128>() {
            Ok(number) => number,
            // Larger than any integer JSON readers agree on.
            Err(_) => return float(&format!("{value}.0")),
        }
    } else {
        return None;
    };
    let signed = if negative { -number } else { number };
    let number = i64::try_from(signed).map(Number::from).or_else(|_| u64::try_from(signed).map(Number::from));
    match number {
        Ok(number) => Some(NodeValue::Number(number)),
        Err(_) => float(&format!("{signed}.0")),
    }
}

/// `1:30` is 90 in YAML 1.1: base 60, the later parts below 60.
fn sexagesimal(digits: &str) -> Option<i128> {
    let mut parts = digits.split(':');
    let first = parts.next()?;
    if first.starts_with('0') && first.len() > 1 || first == "0" {
        return None;
    }
    let mut total: i128 = first.parse().ok()?;
    for part in parts {
        let small: i128 = part.parse().ok()?;
        if part.len() > 2 || part.is_empty() || small > 59 {
            return None;
        }
        total = total.checked_mul(60)?.checked_add(small)?;
    }
    Some(total)
}

fn float(value: &str) -> Option<NodeValue> {
    let unsigned = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (unsigned.get(..at)?, Some(unsigned.get(at + 1..)?)),
        None => (unsigned, None),
    };
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['-', '+'])?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
    }
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let begins = whole.starts_with(|c: char| c.is_ascii_digit())
        || (whole.is_empty() && fraction.starts_with(|c: char| c.is_ascii_digit()));
    if !begins || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number: f64 = value.replace('_', "").parse().ok()?;
    Number::from_f64(number).map(NodeValue::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        match resolve(value, true, None) {
            NodeValue::Null => "null".into(),
            NodeValue::Bool(b) => format!("bool {b}"),
            NodeValue::Number(n) => format!("number {n}"),
            NodeValue::Text(t) => format!("text {t}"),
            other => format!("{other:?}"),
        }
    }

    // The right-hand sides are what PyYAML 6's safe_load gives, dates excepted.
    #[test]
    fn plain_scalars_read_as_pyyaml_reads_them() {
        let cases = [
            ("no", "bool false"),
            ("On", "bool true"),
            ("yES", "text yES"),
            ("y", "text y"),
            ("~", "null"),
            ("", "null"),
            ("012", "number 10"),
            ("0o12", "text 0o12"),
            ("09", "text 09"),
            ("0x1F", "number 31"),
            ("0b101", "number 5"),
            ("1_000", "number 1000"),
            ("1:30", "number 90"),
            ("09:00", "text 09:00"),
            ("1e3", "text 1e3"),
            ("1.5e3", "text 1.5e3"),
            ("1.5e+3", "number 1500.0"),
            (".5", "number 0.5"),
            ("1.", "number 1.0"),
            ("1.0.0", "text 1.0.0"),
            ("4.10", "number 4.1"),
            ("-7", "number -7"),
            ("2024-01-31", "text 2024-01-31"),
            (".inf", "text .inf"),
            (".nan", "text .nan"),
            ("0", "number 0"),
            ("18446744073709551615", "number 18446744073709551615"),
            ("-", "text -"),
            ("+", "text +"),
        ];
        for (written, expected) in cases {
            assert_eq!(shown(written), expected, "{written}");
        }
    }
}
