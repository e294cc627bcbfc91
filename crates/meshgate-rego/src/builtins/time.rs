//! `time.*` where a layout, a duration or the calendar counts, as Go's package has them: read, written and added.
//!
//! Deliberately absent: `time.clock`, `time.date`, `time.weekday` and `time.diff`, which are regorus'.

pub mod calendar;
mod layout;
mod parse;

use super::{Operand, operand, text};
use anyhow::{Result, anyhow, bail};
use calendar::Moment;
use chrono_tz::Tz;
use layout::Piece;
use regorus::Value;
use std::fmt::Write as _;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// How OPA writes a time when nobody says how.
const PLAIN: &str = "2006-01-02T15:04:05.999999999Z07:00";
const SECOND: i64 = 1_000_000_000;

/// Nanoseconds since 1970, a zone and a layout.
struct Given<'a> {
    nanoseconds: i64,
    zone: Tz,
    layout: &'a str,
}

fn nanoseconds(value: &Value, index: usize) -> Result<i64> {
    let Ok(number) = value.as_number() else {
        bail!(Operand(format!("operand {index} must be one of {{number, array}}")));
    };
    number.as_i64().ok_or_else(|| anyhow!("timestamp too big"))
}

fn zone(name: &str) -> Result<Tz> {
    match name {
        "" | "UTC" | "Local" => Ok(Tz::UTC),
        name => name.parse().map_err(|_| anyhow!("unknown time zone {name}")),
    }
}

fn given(value: Option<&Value>) -> Result<Given<'_>> {
    match value {
        Some(Value::Array(items)) => {
            let items: Vec<&Value> = items.iter().collect();
            let (time, rest) = match items.as_slice() {
                [time, rest @ ..] if (1..=2).contains(&rest.len()) => (time, rest),
                _ => {
                    bail!(Operand("operand 1 must be an array of [ns, timezone] or [ns, timezone, layout]".to_owned()))
                }
            };
            let Ok(_) = time.as_number() else { bail!(Operand("operand 1 must hold a number".to_owned())) };
            let texts: Option<Vec<&str>> = rest.iter().map(|item| text(Some(item))).collect();
            let Some(texts) = texts else { bail!(Operand("operand 1 must hold texts behind its number".to_owned())) };
            let layout = texts.get(1).map_or(PLAIN, |layout| layout::named(layout));
            Ok(Given { nanoseconds: nanoseconds(time, 1)?, zone: zone(texts.first().unwrap_or(&""))?, layout })
        }
        Some(value) => Ok(Given { nanoseconds: nanoseconds(value, 1)?, zone: Tz::UTC, layout: PLAIN }),
        None => bail!(Operand("operand 1 must be one of {number, array}".to_owned())),
    }
}

/// A time as text.
pub fn format(values: &[Value]) -> Result<Value> {
    let Given { nanoseconds, zone, layout } = given(values.first())?;
    let moment = calendar::shown(nanoseconds, zone);
    let name = calendar::abbreviation(zone, nanoseconds.div_euclid(SECOND));
    let mut out = String::new();
    let mut rest = layout;
    loop {
        let (before, piece, behind) = layout::next(rest);
        out.push_str(before);
        let Some(piece) = piece else { return Ok(Value::from(out)) };
        write_piece(&mut out, piece, &moment, &name);
        rest = behind;
    }
}

fn name_of(names: &'static [&str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

fn write_piece(out: &mut String, piece: Piece, moment: &Moment, zone: &str) {
    let month = name_of(&MONTHS, moment.month - 1);
    let weekday = WEEKDAYS.get(calendar::weekday(moment)).copied().unwrap_or_default();
    let short = |name: &'static str| name.get(..3).unwrap_or_default();
    let noon = if moment.hour % 12 == 0 { 12 } else { moment.hour % 12 };
    let _ = match piece {
        Piece::LongMonth => write!(out, "{month}"),
        Piece::Month => write!(out, "{}", short(month)),
        Piece::NumMonth => write!(out, "{}", moment.month),
        Piece::ZeroMonth => write!(out, "{:02}", moment.month),
        Piece::LongWeekDay => write!(out, "{weekday}"),
        Piece::WeekDay => write!(out, "{}", short(weekday)),
        Piece::Day => write!(out, "{}", moment.day),
        Piece::UnderDay => write!(out, "{:2}", moment.day),
        Piece::ZeroDay => write!(out, "{:02}", moment.day),
        Piece::UnderYearDay => write!(out, "{:3}", calendar::day_of_year(moment)),
        Piece::ZeroYearDay => write!(out, "{:03}", calendar::day_of_year(moment)),
        Piece::Hour => write!(out, "{:02}", moment.hour),
        Piece::Hour12 => write!(out, "{noon}"),
        Piece::ZeroHour12 => write!(out, "{noon:02}"),
        Piece::Minute => write!(out, "{}", moment.minute),
        Piece::ZeroMinute => write!(out, "{:02}", moment.minute),
        Piece::Second => write!(out, "{}", moment.second),
        Piece::ZeroSecond => write!(out, "{:02}", moment.second),
        Piece::LongYear if moment.year < 0 => write!(out, "-{:04}", -moment.year),
        Piece::LongYear => write!(out, "{:04}", moment.year),
        Piece::Year => write!(out, "{:02}", moment.year.rem_euclid(100)),
        Piece::Noon { upper } => write!(
            out,
            "{}",
            match (moment.hour >= 12, upper) {
                (true, true) => "PM",
                (true, false) => "pm",
                (false, true) => "AM",
                (false, false) => "am",
            }
        ),
        Piece::Zone if zone.is_empty() => write!(out, "{}", east(moment.offset, false, 2)),
        Piece::Zone => write!(out, "{zone}"),
        Piece::Offset { zulu: true, .. } if moment.offset == 0 => write!(out, "Z"),
        Piece::Offset { colons, parts, .. } => write!(out, "{}", east(moment.offset, colons, parts)),
        Piece::Fraction { sign, digits, fixed } => {
            let all = format!("{:09}", moment.nanosecond);
            let shown: String = all.chars().chain(std::iter::repeat('0')).take(digits.min(9)).collect();
            let shown = if fixed { shown.as_str() } else { shown.trim_end_matches('0') };
            if shown.is_empty() { Ok(()) } else { write!(out, "{sign}{shown}") }
        }
    };
}

/// An offset as text.
fn east(offset: i64, colons: bool, parts: u8) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let (offset, colon) = (offset.abs(), if colons { ":" } else { "" });
    let mut text = format!("{sign}{:02}", offset / 3_600);
    if parts > 1 {
        let _ = write!(text, "{colon}{:02}", offset / 60 % 60);
    }
    if parts > 2 {
        let _ = write!(text, "{colon}{:02}", offset % 60);
    }
    text
}

/// A text as a time.
pub fn parse_ns(values: &[Value]) -> Result<Value> {
    let (layout, text) = (operand(values, 0)?, operand(values, 1)?);
    parse::parsed(layout::named(layout), text).map(Value::from)
}

/// A text of RFC 3339 as a time.
pub fn parse_rfc3339_ns(values: &[Value]) -> Result<Value> {
    parse::parsed(layout::named("RFC3339"), operand(values, 0)?).map(Value::from)
}

fn outside() -> anyhow::Error {
    anyhow!("time outside of valid range")
}

/// A time so many years, months and days later.
pub fn add_date(values: &[Value]) -> Result<Value> {
    let Given { nanoseconds, zone, .. } = given(values.first())?;
    let number = |index: usize| {
        let number = values.get(index).and_then(|value| value.as_number().ok());
        let number = number.ok_or_else(|| Operand(format!("operand {} must be number", index + 1)))?;
        let is_whole = Operand(format!("operand {} must be integer number but got floating-point number", index + 1));
        if number.is_integer() { number.as_i64().ok_or_else(outside) } else { Err(anyhow!(is_whole)) }
    };
    let (years, months, days) = (number(1)?, number(2)?, number(3)?);
    let mut moment = calendar::shown(nanoseconds, zone);
    let added = |one: i64, other: i64| one.checked_add(other).ok_or_else(outside);
    moment.year = added(moment.year, years)?;
    moment.month = added(moment.month, months)?;
    moment.day = added(moment.day, days)?;
    let seconds = calendar::seconds_in(&moment, zone).ok_or_else(outside)?;
    in_range(seconds, moment.nanosecond).map(Value::from)
}

/// Nanoseconds since 1970, where 64 bits hold them.
fn in_range(seconds: i64, nanosecond: i64) -> Result<i64> {
    seconds.checked_mul(SECOND).and_then(|all| all.checked_add(nanosecond)).ok_or_else(outside)
}

/// A duration, in nanoseconds: Go's, and days, weeks and years.
pub fn parse_duration_ns(values: &[Value]) -> Result<Value> {
    duration(operand(values, 0)?).map(Value::from)
}

fn duration(whole: &str) -> Result<i64> {
    let invalid = || anyhow!("time: invalid duration {whole:?}");
    let (negative, mut rest) = match whole.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, whole.strip_prefix('+').unwrap_or(whole)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let before = digits(rest);
        let (number, behind) = rest.split_at(before);
        let (fraction, behind) = match behind.strip_prefix('.') {
            Some(behind) => behind.split_at(digits(behind)),
            None => ("", behind),
        };
        if number.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let length = behind.bytes().take_while(|byte| *byte != b'.' && !byte.is_ascii_digit()).count();
        let (unit, behind) = behind.split_at(length);
        let each: u64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            "w" => 7 * 86_400_000_000_000,
            "y" => 365 * 86_400_000_000_000,
            "" => bail!("time: missing unit in duration {whole:?}"),
            unit => bail!("time: unknown unit {unit:?} in duration {whole:?}"),
        };
        let value = if number.is_empty() { Some(0) } else { number.parse::<u64>().ok() };
        let mut value =
            value.and_then(|value| value.checked_mul(each)).filter(|value| *value <= 1 << 63).ok_or_else(invalid)?;
        if !fraction.is_empty() {
            // As many digits as 63 bits hold; further ones do not count.
            let (mut part, mut scale) = (0_u64, 1.0_f64);
            for digit in fraction.bytes() {
                match part.checked_mul(10).and_then(|part| part.checked_add(u64::from(digit - b'0'))) {
                    Some(next) if next <= 1 << 63 => (part, scale) = (next, scale * 10.0),
                    _ => break,
                }
            }
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "as Go does it"
            )]
            let more = (part as f64 * (each as f64 / scale)) as u64;
            value = value.checked_add(more).filter(|value| *value <= 1 << 63).ok_or_else(invalid)?;
        }
        sum = sum.checked_add(value).filter(|sum| *sum <= 1 << 63).ok_or_else(invalid)?;
        rest = behind;
    }
    match (negative, i64::try_from(sum)) {
        (true, Ok(sum)) => Ok(-sum),
        (true, Err(_)) => Ok(i64::MIN),
        (false, Ok(sum)) => Ok(sum),
        (false, Err(_)) => Err(invalid()),
    }
}
