//! Reads a text by a layout, to the last character, as Go's `time.Parse` does.
//!
//! Deliberately absent: abbreviations of zones: like Go away from home, an unknown one counts as UTC.

use super::calendar::{self, Moment};
use super::layout::{self, Piece};
use super::{MONTHS, WEEKDAYS, in_range};
use anyhow::{Result, anyhow};

/// What was read so far.
#[derive(Default)]
struct Read {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    noon: Option<bool>,
    offset: Option<i64>,
}

/// What is wrong: nothing but the place, or a part beyond its bounds.
enum Wrong {
    Text,
    Range(&'static str),
}

/// Nanoseconds since 1970.
pub fn parsed(layout: &str, text: &str) -> Result<i64> {
    let failed = |value: &str, piece: &str, wrong: Wrong| match wrong {
        Wrong::Text => anyhow!("parsing time {text:?} as {layout:?}: cannot parse {value:?} as {piece:?}"),
        Wrong::Range(what) => anyhow!("parsing time {text:?}: {what} out of range"),
    };
    let mut read = Read::default();
    let (mut format, mut value) = (layout, text);
    loop {
        let (before, piece, behind) = layout::next(format);
        value = skipped(value, before).ok_or_else(|| failed(value, before, Wrong::Text))?;
        let Some(piece) = piece else {
            if !value.is_empty() {
                return Err(anyhow!("parsing time {text:?}: extra text: {value:?}"));
            }
            break;
        };
        let shown = format.get(before.len()..format.len() - behind.len()).unwrap_or_default();
        let goes_on_with_fraction = matches!(layout::next(behind), ("", Some(Piece::Fraction { .. }), _));
        value = read.piece(piece, value, goes_on_with_fraction).map_err(|wrong| failed(value, shown, wrong))?;
        format = behind;
    }
    read.time().map_err(|what| failed("", "", Wrong::Range(what)))
}

/// What is behind a text that stands in a layout; any number of blanks is as good as another.
fn skipped<'a>(mut value: &'a str, before: &str) -> Option<&'a str> {
    let mut before = before;
    while let Some(sign) = before.chars().next() {
        if sign == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return None;
            }
            before = before.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
        } else {
            value = value.strip_prefix(sign)?;
            before = before.get(sign.len_utf8()..).unwrap_or_default();
        }
    }
    Some(value)
}

fn digits(value: &str) -> usize {
    value.bytes().take_while(u8::is_ascii_digit).count()
}

/// One or two digits; `fixed`: two.
fn number(value: &str, fixed: bool) -> Result<(i64, &str), Wrong> {
    let length = match digits(value) {
        0 => return Err(Wrong::Text),
        1 if fixed => return Err(Wrong::Text),
        length => length.min(2),
    };
    taken(value, length)
}

fn taken(value: &str, length: usize) -> Result<(i64, &str), Wrong> {
    let (number, rest) = value.split_at_checked(length).ok_or(Wrong::Text)?;
    Ok((number.parse().map_err(|_| Wrong::Text)?, rest))
}

/// The name that a text begins with, in any case.
fn name<'a>(names: &[&str], value: &'a str, length: Option<usize>) -> Result<(i64, &'a str), Wrong> {
    for (index, name) in names.iter().enumerate() {
        let name = length.map_or(*name, |length| name.get(..length).unwrap_or_default());
        if let Some((begin, rest)) = value.split_at_checked(name.len())
            && begin.eq_ignore_ascii_case(name)
        {
            return Ok((i64::try_from(index).unwrap_or_default(), rest));
        }
    }
    Err(Wrong::Text)
}

/// The digits of a fraction, with the sign before them, as nanoseconds.
fn fraction(value: &str, length: usize) -> Result<(i64, &str), Wrong> {
    let (all, rest) = value.split_at_checked(length).ok_or(Wrong::Text)?;
    let digits = all.strip_prefix(['.', ',']).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let digits: String = digits.ok_or(Wrong::Text)?.chars().chain(std::iter::repeat('0')).take(9).collect();
    Ok((digits.parse().map_err(|_| Wrong::Text)?, rest))
}

impl Read {
    fn piece<'a>(&mut self, piece: Piece, value: &'a str, fraction_follows: bool) -> Result<&'a str, Wrong> {
        let within = |number: i64, from: i64, to: i64, what: &'static str| {
            if (from..=to).contains(&number) { Ok(number) } else { Err(Wrong::Range(what)) }
        };
        let (read, rest) = match piece {
            Piece::Year => {
                let (year, rest) = number(value, true)?;
                self.year = if year >= 69 { year + 1_900 } else { year + 2_000 };
                return Ok(rest);
            }
            Piece::LongYear => {
                if digits(value) < 4 {
                    return Err(Wrong::Text);
                }
                taken(value, 4)?
            }
            Piece::Month => name(&MONTHS, value, Some(3))?,
            Piece::LongMonth => name(&MONTHS, value, None)?,
            Piece::WeekDay => name(&WEEKDAYS, value, Some(3))?,
            Piece::LongWeekDay => name(&WEEKDAYS, value, None)?,
            Piece::NumMonth | Piece::Day | Piece::Hour | Piece::Hour12 | Piece::Minute | Piece::Second => {
                number(value, false)?
            }
            Piece::UnderDay => number(value.strip_prefix(' ').unwrap_or(value), false)?,
            Piece::ZeroMonth | Piece::ZeroDay | Piece::ZeroHour12 | Piece::ZeroMinute | Piece::ZeroSecond => {
                number(value, true)?
            }
            Piece::UnderYearDay => {
                let mut value = value;
                for _ in 0..2 {
                    value = value.strip_prefix(' ').unwrap_or(value);
                }
                match digits(value) {
                    0 => return Err(Wrong::Text),
                    length => taken(value, length.min(3))?,
                }
            }
            Piece::ZeroYearDay => {
                if digits(value) < 3 {
                    return Err(Wrong::Text);
                }
                taken(value, 3)?
            }
            Piece::Noon { upper } => {
                let (begin, rest) = value.split_at_checked(2).ok_or(Wrong::Text)?;
                self.noon = Some(match (begin, upper) {
                    ("PM", true) | ("pm", false) => true,
                    ("AM", true) | ("am", false) => false,
                    _ => return Err(Wrong::Text),
                });
                return Ok(rest);
            }
            Piece::Offset { zulu, colons, parts } => return self.offset(value, zulu, colons, parts),
            Piece::Zone => {
                if let Some(rest) = value.strip_prefix("UTC") {
                    self.offset = Some(0);
                    return Ok(rest);
                }
                return value.get(zone(value).ok_or(Wrong::Text)?..).ok_or(Wrong::Text);
            }
            Piece::Fraction { digits: count, fixed: true, .. } => {
                let (nanosecond, rest) = fraction(value, 1 + count)?;
                self.nanosecond = nanosecond;
                return Ok(rest);
            }
            Piece::Fraction { .. } => {
                let behind = value.strip_prefix(['.', ',']).map_or(0, digits);
                if behind > 0 {
                    let (nanosecond, rest) = fraction(value, 1 + behind.min(9))?;
                    self.nanosecond = nanosecond;
                    return Ok(rest.get(behind.saturating_sub(9)..).unwrap_or_default());
                }
                return Ok(value);
            }
        };
        match piece {
            Piece::LongYear => self.year = read,
            Piece::Month | Piece::LongMonth => self.month = Some(read + 1),
            Piece::NumMonth | Piece::ZeroMonth => self.month = Some(within(read, 1, 12, "month")?),
            Piece::Day | Piece::UnderDay | Piece::ZeroDay => self.day = Some(read),
            Piece::UnderYearDay | Piece::ZeroYearDay => self.day_of_year = Some(read),
            Piece::Hour => self.hour = within(read, 0, 23, "hour")?,
            Piece::Hour12 | Piece::ZeroHour12 => self.hour = within(read, 0, 12, "hour")?,
            Piece::Minute | Piece::ZeroMinute => self.minute = within(read, 0, 59, "minute")?,
            Piece::Second | Piece::ZeroSecond => {
                self.second = within(read, 0, 59, "second")?;
                // A fraction may stand behind seconds even if the layout has none.
                let behind = rest.strip_prefix(['.', ',']).map_or(0, digits);
                if behind > 0 && !fraction_follows {
                    let (nanosecond, after) = fraction(rest, 1 + behind.min(9))?;
                    self.nanosecond = nanosecond;
                    return Ok(after.get(behind.saturating_sub(9)..).unwrap_or_default());
                }
            }
            _ => {}
        }
        Ok(rest)
    }

    fn offset<'a>(&mut self, value: &'a str, zulu: bool, colons: bool, parts: u8) -> Result<&'a str, Wrong> {
        if zulu && let Some(rest) = value.strip_prefix('Z') {
            self.offset = Some(0);
            return Ok(rest);
        }
        let sign = match value.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(Wrong::Text),
        };
        let mut rest = value.get(1..).unwrap_or_default();
        let mut all = [0; 3];
        for (at, part) in all.iter_mut().enumerate().take(usize::from(parts)) {
            if at > 0 && colons {
                rest = rest.strip_prefix(':').ok_or(Wrong::Text)?;
            }
            (*part, rest) = number(rest, true)?;
        }
        let [hours, minutes, seconds] = all;
        // These bounds are Go's: some write offsets of 24 hours or 60 minutes.
        for (part, most, what) in [
            (hours, 24, "time zone offset hour"),
            (minutes, 60, "time zone offset minute"),
            (seconds, 60, "time zone offset second"),
        ] {
            if part > most {
                return Err(Wrong::Range(what));
            }
        }
        self.offset = Some(sign * (hours * 3_600 + minutes * 60 + seconds));
        Ok(rest)
    }

    fn time(mut self) -> Result<i64, &'static str> {
        match self.noon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let leap = calendar::days_in(self.year, 2) == 29;
        if let Some(day) = self.day_of_year {
            if day < 1 || day > if leap { 366 } else { 365 } {
                return Err("day-of-year");
            }
            let (mut month, mut left) = (1, day);
            while left > calendar::days_in(self.year, month) {
                left -= calendar::days_in(self.year, month);
                month += 1;
            }
            if self.month.is_some_and(|other| other != month) {
                return Err("day-of-year does not match month;");
            }
            if self.day.is_some_and(|other| other != left) {
                return Err("day-of-year does not match day;");
            }
            (self.month, self.day) = (Some(month), Some(left));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if day < 1 || day > calendar::days_in(self.year, month) {
            return Err("day");
        }
        let moment = Moment {
            year: self.year,
            month,
            day,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            nanosecond: self.nanosecond,
            offset: 0,
        };
        let seconds = calendar::seconds(&moment).ok_or("year")?;
        in_range(seconds - self.offset.unwrap_or_default(), self.nanosecond).map_err(|_| "time outside of valid range;")
    }
}

/// How long the abbreviation of a zone is.
fn zone(value: &str) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with("ChST") || value.starts_with("MeST") {
        return Some(4);
    }
    let signed = |value: &str| {
        let behind = value.strip_prefix(['+', '-'])?;
        let length = digits(behind);
        let hours: i64 = behind.get(..length)?.parse().ok()?;
        (hours < 24).then_some(1 + length)
    };
    if let Some(rest) = value.strip_prefix("GMT") {
        return Some(3 + signed(rest).unwrap_or_default());
    }
    if value.starts_with(['+', '-']) {
        return signed(value);
    }
    let upper = value.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match upper {
        3 => Some(3),
        4 if value.as_bytes().get(3) == Some(&b'T') || value.starts_with("WITA") => Some(4),
        5 if value.as_bytes().get(4) == Some(&b'T') => Some(5),
        _ => None,
    }
}
