//! `sprintf` as Go's `fmt` has it, with width, precision, flags and its own way of telling mistakes (`%!d(string=x)`),
//! and how a term is written as text.
//!
//! Deliberately absent: `%T` of Go's types other than those that a term can be, and `%p`.

use super::{Exceeded, Operand, text, weight};
use anyhow::{Result, bail};
use regorus::Value;
use std::fmt::Write;

/// Width and precision that may be asked for.
const WIDTH_MAX: usize = 1 << 16;

/// A term as Rego writes it.
pub fn term(value: &Value) -> String {
    let mut written = String::new();
    write_term(value, &mut written);
    written
}

fn write_term(value: &Value, into: &mut String) {
    let mut list = |open: &str, close: &str, items: &mut dyn Iterator<Item = (Option<&Value>, &Value)>| {
        into.push_str(open);
        for (index, (key, item)) in items.enumerate() {
            if index > 0 {
                into.push_str(", ");
            }
            if let Some(key) = key {
                write_term(key, into);
                into.push_str(": ");
            }
            write_term(item, into);
        }
        into.push_str(close);
    };
    match value {
        Value::Array(items) => list("[", "]", &mut items.iter().map(|item| (None, item))),
        Value::Set(items) if items.is_empty() => into.push_str("set()"),
        Value::Set(items) => list("{", "}", &mut items.iter().map(|item| (None, item))),
        Value::Object(map) => list("{", "}", &mut map.iter_sorted().map(|(key, item)| (Some(key), item))),
        Value::String(text) => {
            let _ = write!(into, "{}", serde_json::Value::from(text.as_ref()));
        }
        Value::Number(_) => into.push_str(&digits_of(value)),
        other => {
            let _ = write!(into, "{other}");
        }
    }
}

/// A number in decimal digits; integers of any size keep all of theirs.
fn digits_of(value: &Value) -> String {
    match value.as_number() {
        Ok(number) if number.is_integer() => number.format_decimal(),
        _ => value.to_json_str().unwrap_or_default(),
    }
}

/// A term as text within text: strings without quotes.
pub fn plain(value: &Value) -> String {
    text(Some(value)).map_or_else(|| term(value), str::to_owned)
}

/// An argument as Go would see it.
enum Argument {
    Int(i64),
    /// Digits, with a sign.
    Big(String),
    Float(f64),
    Text(String),
}

impl Argument {
    fn of(value: &Value) -> Self {
        match value {
            Value::Number(number) => {
                if let Some(int) = number.as_i64() {
                    return Self::Int(int);
                }
                let digits = digits_of(value);
                if digits.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) {
                    return Self::Big(digits);
                }
                super::float(value).map_or(Self::Text(digits), Self::Float)
            }
            Value::String(text) => Self::Text(text.to_string()),
            other => Self::Text(term(other)),
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Int(_) => "int64",
            Self::Big(_) => "*big.Int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
        }
    }

    fn plain(&self) -> String {
        match self {
            Self::Int(int) => int.to_string(),
            Self::Big(digits) => digits.clone(),
            Self::Float(float) => general(*float, None, 'e'),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Shortest digits, and the exponent of the first.
fn digits(float: f64) -> (String, i32) {
    let written = format!("{:e}", float.abs());
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

/// Go's `%g`.
fn general(float: f64, precision: Option<usize>, e: char) -> String {
    if !float.is_finite() {
        return special(float);
    }
    let (digits, exponent, threshold) = match precision {
        None => {
            let (digits, exponent) = digits(float);
            (digits, exponent, 6)
        }
        Some(precision) => {
            let written = format!("{:.*e}", precision.max(1) - 1, float.abs());
            let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
            let digits = mantissa.replace('.', "");
            let kept = digits.trim_end_matches('0');
            let kept = if kept.is_empty() { "0" } else { kept };
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let nd = i32::try_from(kept.len()).unwrap_or(i32::MAX);
            let mut threshold = i32::try_from(precision.max(1)).unwrap_or(i32::MAX);
            if threshold > nd && nd > exponent {
                threshold = nd;
            }
            (kept.to_owned(), exponent, threshold)
        }
    };
    let sign = if float.is_sign_negative() { "-" } else { "" };
    if exponent < -4 || exponent >= threshold {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{point}{rest}{e}{}", exponent_text(exponent));
    }
    let Ok(whole) = usize::try_from(exponent + 1) else {
        return format!("{sign}0.{}{digits}", "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0)));
    };
    if whole == 0 {
        return format!("{sign}0.{digits}");
    }
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    let (before, behind) = digits.split_at(whole);
    format!("{sign}{before}.{behind}")
}

fn exponent_text(exponent: i32) -> String {
    format!("{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn special(float: f64) -> String {
    if float.is_nan() {
        "NaN".to_owned()
    } else if float > 0.0 {
        "+Inf".to_owned()
    } else {
        "-Inf".to_owned()
    }
}

/// What stands between `%` and the verb.
#[derive(Default, Clone)]
struct Spec {
    plus: bool,
    minus: bool,
    sharp: bool,
    zero: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

impl Spec {
    /// Fills up to the width: in characters, zeros behind the sign.
    fn pad(&self, text: &str, number: bool) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        if self.minus {
            format!("{text}{}", " ".repeat(missing))
        } else if self.zero && (number || self.precision.is_none()) {
            let (sign, digits) =
                text.strip_prefix(['-', '+', ' ']).map_or(("", text), |rest| (text.get(..1).unwrap_or_default(), rest));
            let (sign, digits) = if number { (sign, digits) } else { ("", text) };
            format!("{sign}{}{digits}", "0".repeat(missing))
        } else {
            format!("{}{text}", " ".repeat(missing))
        }
    }

    fn signed(&self, text: String) -> String {
        if text.starts_with(['-', '+']) {
            if text.starts_with('+') && !self.plus { text.trim_start_matches('+').to_owned() } else { text }
        } else if self.plus {
            format!("+{text}")
        } else if self.space {
            format!(" {text}")
        } else {
            text
        }
    }

    fn int(&self, negative: bool, mut digits: String, prefix: &str) -> String {
        if let Some(precision) = self.precision {
            digits = format!("{}{digits}", "0".repeat(precision.saturating_sub(digits.len())));
        }
        let prefix = if self.sharp { prefix } else { "" };
        let text = self.signed(format!("{}{prefix}{digits}", if negative { "-" } else { "" }));
        // Go ignores the flag 0 when a precision is given.
        let spec = if self.precision.is_some() { Self { zero: false, ..self.clone() } } else { self.clone() };
        spec.pad(&text, true)
    }

    fn format(&self, verb: char, argument: &Argument) -> Option<String> {
        match argument {
            Argument::Int(int) => self.integer(verb, *int),
            Argument::Big(digits) => matches!(verb, 'd' | 'v' | 's')
                .then(|| self.int(digits.starts_with('-'), digits.trim_start_matches('-').to_owned(), "")),
            Argument::Float(float) => self.float(verb, *float),
            Argument::Text(text) => self.text(verb, text),
        }
    }

    fn integer(&self, verb: char, int: i64) -> Option<String> {
        let (negative, magnitude) = (int < 0, int.unsigned_abs());
        Some(match verb {
            'd' | 'v' => self.int(negative, magnitude.to_string(), ""),
            'b' => self.int(negative, format!("{magnitude:b}"), "0b"),
            'o' => self.int(negative, format!("{magnitude:o}"), "0"),
            'O' => Self { sharp: true, ..self.clone() }.int(negative, format!("{magnitude:o}"), "0o"),
            'x' => self.int(negative, format!("{magnitude:x}"), "0x"),
            'X' => self.int(negative, format!("{magnitude:X}"), "0X"),
            'c' | 'q' | 'U' => {
                let found = u32::try_from(int).ok().and_then(char::from_u32).unwrap_or('\u{FFFD}');
                let text = match verb {
                    'c' => found.to_string(),
                    'q' => format!("'{found}'"),
                    _ => format!("U+{magnitude:04X}"),
                };
                self.pad(&text, false)
            }
            _ => return None,
        })
    }

    fn float(&self, verb: char, float: f64) -> Option<String> {
        let scientific = |e: char| {
            let written = format!("{:.*e}", self.precision.unwrap_or(6), float);
            let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
            format!("{mantissa}{e}{}", exponent_text(exponent.parse().unwrap_or(0)))
        };
        let written = match verb {
            _ if !float.is_finite() && "vgGeEfF".contains(verb) => special(float),
            'v' | 'g' => general(float, self.precision, 'e'),
            'G' => general(float, self.precision, 'E'),
            'f' | 'F' => format!("{:.*}", self.precision.unwrap_or(6), float),
            'e' => scientific('e'),
            'E' => scientific('E'),
            _ => return None,
        };
        Some(self.pad(&self.signed(written), true))
    }

    fn text(&self, verb: char, text: &str) -> Option<String> {
        let cut: String = match self.precision {
            Some(precision) if verb != 'x' && verb != 'X' => text.chars().take(precision).collect(),
            _ => text.to_owned(),
        };
        Some(match verb {
            's' | 'v' => self.pad(&cut, false),
            'q' if self.sharp && !cut.contains('`') => self.pad(&format!("`{cut}`"), false),
            'q' => self.pad(&serde_json::Value::from(cut).to_string(), false),
            'x' | 'X' => {
                let bytes = cut.bytes().take(self.precision.unwrap_or(usize::MAX));
                let hex: String = bytes.map(|byte| format!("{byte:02x}")).collect();
                self.pad(&if verb == 'X' { hex.to_uppercase() } else { hex }, false)
            }
            _ => return None,
        })
    }
}

/// Reads flags, width and precision; `*` takes them from the arguments.
fn spec(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, next: &mut dyn FnMut() -> Option<i64>) -> Result<Spec> {
    let mut spec = Spec::default();
    while let Some(flag) = rest.next_if(|c| "+-# 0".contains(*c)) {
        match flag {
            '+' => spec.plus = true,
            '-' => spec.minus = true,
            '#' => spec.sharp = true,
            '0' => spec.zero = true,
            _ => spec.space = true,
        }
    }
    let mut number = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| -> Result<Option<usize>> {
        let mut found = None;
        if rest.next_if_eq(&'*').is_some() {
            return Ok(next().and_then(|number| usize::try_from(number).ok()).map(|number| number.min(WIDTH_MAX)));
        }
        while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
            rest.next();
            let value = found.unwrap_or(0) * 10 + digit as usize;
            if value > WIDTH_MAX {
                bail!(Exceeded(format!("a width of `sprintf` is more than {WIDTH_MAX}")));
            }
            found = Some(value);
        }
        Ok(found)
    };
    spec.width = number(rest)?;
    if rest.next_if_eq(&'.').is_some() {
        spec.precision = Some(number(rest)?.unwrap_or(0));
    }
    Ok(spec)
}

pub fn sprintf(values: &[Value]) -> Result<Value> {
    let (Some(format), Some(Value::Array(arguments))) = (text(values.first()), values.get(1)) else {
        bail!(Operand("operands of sprintf must be string and array".to_owned()));
    };
    weight::written(values)?;
    let arguments: Vec<Argument> = arguments.iter().map(Argument::of).collect();
    let mut written = String::with_capacity(format.len());
    let (mut at, mut reordered) = (0, false);
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        if written.len() > super::BYTES_MAX {
            bail!(Exceeded(format!("the text of `sprintf` has more than {} bytes", super::BYTES_MAX)));
        }
        if c != '%' {
            written.push(c);
            continue;
        }
        let mut next = || {
            let found = arguments.get(at);
            at += 1;
            match found {
                Some(Argument::Int(int)) => Some(*int),
                _ => None,
            }
        };
        let spec = spec(&mut rest, &mut next)?;
        // `%[n]v` takes the argument n.
        if rest.next_if_eq(&'[').is_some() {
            let index: String = std::iter::from_fn(|| rest.next_if(|c| *c != ']')).collect();
            rest.next();
            reordered = true;
            match index.parse::<usize>() {
                Ok(index) if (1..=arguments.len()).contains(&index) => at = index - 1,
                _ => {
                    let verb = rest.next().map(String::from).unwrap_or_default();
                    let _ = write!(written, "%!{verb}(BADINDEX)");
                    continue;
                }
            }
        }
        let Some(verb) = rest.next() else {
            written.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            written.push('%');
            continue;
        }
        let Some(argument) = arguments.get(at) else {
            let _ = write!(written, "%!{verb}(MISSING)");
            continue;
        };
        at += 1;
        if verb == 'T' {
            written.push_str(&spec.pad(argument.kind(), false));
            continue;
        }
        match spec.format(verb, argument) {
            Some(text) => written.push_str(&text),
            None => {
                let _ = write!(written, "%!{verb}({}={})", argument.kind(), argument.plain());
            }
        }
    }
    if !reordered && at < arguments.len() {
        let extra = arguments.iter().skip(at).map(|a| format!("{}={}", a.kind(), a.plain())).collect::<Vec<_>>();
        let _ = write!(written, "%!(EXTRA {})", extra.join(", "));
    }
    Ok(Value::from(written))
}

/// What `$"…{x}…"` is: the texts, and sets of what stands between; an empty one is undefined.
pub fn template_string(values: &[Value]) -> Result<Value> {
    let Some(Value::Array(parts)) = values.first() else {
        bail!(Operand("operand 1 must be array".to_owned()));
    };
    let mut written = String::new();
    for part in parts.iter() {
        match part {
            Value::Set(found) if found.len() > 1 => {
                return Err(super::conflict("an expression of a template string has more than one value".to_owned()));
            }
            Value::Set(found) => match found.iter().next() {
                Some(value) => written.push_str(&plain(value)),
                None => written.push_str("<undefined>"),
            },
            other => written.push_str(&plain(other)),
        }
        if written.len() > super::BYTES_MAX {
            bail!(Exceeded(format!("the template string has more than {} bytes", super::BYTES_MAX)));
        }
    }
    Ok(Value::from(written))
}

#[cfg(test)]
mod tests {
    use super::sprintf;
    use regorus::Value;

    fn formatted(format: &str, arguments: &str) -> String {
        let arguments = Value::from_json_str(arguments).unwrap();
        sprintf(&[Value::from(format), arguments]).unwrap().as_string().unwrap().to_string()
    }

    /// Each was printed by Go's `fmt.Sprintf`.
    #[test]
    fn it_formats_as_go_does() {
        for (format, arguments, wanted) in [
            ("%5d|%-5d|%05d|%+d|% d", "[42, 42, 42, 42, 42]", "   42|42   |00042|+42| 42"),
            ("%x|%X|%o|%b|%#x", "[255, 255, 8, 5, 255]", "ff|FF|10|101|0xff"),
            ("%v|%v|%v", "[1.5, 1000000.5, 0.00001]", "1.5|1.0000005e+06|1e-05"),
            ("%f|%.2f|%8.3f|%e", "[1.5, 1.255, 3.14159, 12345.678]", "1.500000|1.25|   3.142|1.234568e+04"),
            ("%s|%10s|%-10s|%.2s", r#"["a", "b", "c", "defg"]"#, "a|         b|c         |de"),
            ("%q|%x", r#"["a\"b", "hi"]"#, r#""a\"b"|6869"#),
            ("%d", r#"["x"]"#, "%!d(string=x)"),
            ("%s", "[5]", "%!s(int64=5)"),
            ("%d", "[2.5]", "%!d(float64=2.5)"),
            ("%d %d", "[1]", "1 %!d(MISSING)"),
            ("%d", "[1, 2]", "1%!(EXTRA int64=2)"),
            ("%[2]d %[1]d", "[1, 2]", "2 1"),
            ("100%% %v", r#"[{"a": [1, "x"]}]"#, r#"100% {"a": [1, "x"]}"#),
            ("%*d", "[5, 42]", "   42"),
            ("%v %t", "[true, false]", "true %!t(string=false)"),
            ("%", "[]", "%!(NOVERB)"),
            ("%6.2f|%06d|%-6d|", "[-1.5, -42, -42]", " -1.50|-00042|-42   |"),
            ("%g|%.3g|%G", "[100000, 123456.5, 1e-10]", "%!g(int64=100000)|1.23e+05|1E-10"),
            ("%c %U", "[65, 9731]", "A U+2603"),
        ] {
            assert_eq!(formatted(format, arguments), wanted, "{format} {arguments}");
        }
    }
}
