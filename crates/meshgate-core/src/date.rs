//! Calendar days, for waivers and enforcement that change on one. A day is a day of UTC.
//!
//! Deliberately absent: the clock. Who asks says which day it is.

use std::fmt;

/// A day of the Gregorian calendar.
///
/// ```
/// use meshgate_core::date::Date;
/// let day = Date::parse("2028-02-29").unwrap();
/// assert_eq!(day.days_until(Date::parse("2028-03-01").unwrap()), 1);
/// assert!(Date::parse("2027-02-29").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The last day that can be written.
    pub const LAST: Self = Self { year: 9999, month: 12, day: 31 };

    /// Parses `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`NotADate`] for any other shape, and for a day that there is not.
    pub fn parse(text: &str) -> Result<Self, NotADate> {
        let read = || {
            let mut parts = text.split('-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
            let shaped = parts.next().is_none() && digits(year, 4) && digits(month, 2) && digits(day, 2);
            let date = Self { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
            (shaped && date.day >= 1 && date.day <= date.days_in_month()).then_some(date)
        };
        read().ok_or_else(|| NotADate(text.to_owned()))
    }

    const fn days_in_month(self) -> u8 {
        let leap = self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        }
    }

    /// Days since 1 March of the year 0, so that a leap day is a year's last.
    fn number(self) -> i64 {
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        year * 365 + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (153 * month + 2) / 5
            + i64::from(self.day)
    }

    /// Days from this one to another; negative when the other is earlier.
    #[must_use]
    pub fn days_until(self, other: Self) -> i64 {
        other.number() - self.number()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// The text was not a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotADate(pub String);

impl fmt::Display for NotADate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a day: write it as `2027-03-31`", self.0)
    }
}

impl std::error::Error for NotADate {}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn days_are_counted_over_months_years_and_leap_days() {
        assert_eq!(date("2027-12-31").days_until(date("2028-01-01")), 1);
        assert_eq!(date("2028-01-01").days_until(date("2029-01-01")), 366);
        assert_eq!(date("2100-02-28").days_until(date("2100-03-01")), 1);
        assert_eq!(date("2000-01-01").days_until(date("2026-11-25")), 9_825);
        assert_eq!(date("2027-03-31").days_until(date("2027-03-01")), -30);
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in
            ["", "2027-13-01", "2027-00-10", "2027-04-31", "2027-4-1", "2027-04-01T00:00", "+027-04-01", "-2027-04-01"]
        {
            assert!(Date::parse(text).is_err(), "{text}");
        }
        assert_eq!(date("2027-04-01").to_string(), "2027-04-01");
        assert!(date("2027-04-01") < date("2027-10-01"));
    }
}
