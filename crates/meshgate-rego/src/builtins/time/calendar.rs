//! The calendar, and zones, as Go's package has them.
//!
//! Deliberately absent: leap seconds.

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::{OffsetName, Tz};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// A date, a time of the day and what zone they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub nanosecond: i64,
    /// Seconds east of UTC.
    pub offset: i64,
}

/// Days since 1970 of a date whose month and day may be beyond their bounds.
pub fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let months = year.checked_mul(12)?.checked_add(month.checked_sub(1)?)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    // The years begin in March, so that a leap day is the last of one.
    let shifted = if month <= 2 { year.checked_sub(1)? } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era.checked_mul(146_097)?.checked_add(of_era)?.checked_sub(719_468)?.checked_add(day.checked_sub(1)?)
}

/// The date of a day since 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// How many days a month has.
pub fn days_in(year: i64, month: i64) -> i64 {
    match (days(year, month, 1), days(year, month + 1, 1)) {
        (Some(first), Some(next)) => next - first,
        _ => 0,
    }
}

/// Which day of its year a date is, from 1.
pub fn day_of_year(moment: &Moment) -> i64 {
    let first = days(moment.year, 1, 1).unwrap_or_default();
    days(moment.year, moment.month, moment.day).unwrap_or_default() - first + 1
}

/// Which day of its week a date is; 0 is Sunday.
pub fn weekday(moment: &Moment) -> usize {
    let days = days(moment.year, moment.month, moment.day).unwrap_or_default();
    usize::try_from((days + 4).rem_euclid(7)).unwrap_or_default()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// Seconds east of UTC, in a zone at a time.
pub fn offset(zone: Tz, seconds: i64) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&at(seconds).naive_utc()).fix().local_minus_utc())
}

/// What the zone is called at a time.
pub fn abbreviation(zone: Tz, seconds: i64) -> String {
    let name = zone.offset_from_utc_datetime(&at(seconds).naive_utc()).abbreviation().map(str::to_owned);
    name.unwrap_or_default()
}

/// What the clock shows in a zone.
pub fn shown(nanoseconds: i64, zone: Tz) -> Moment {
    let seconds = nanoseconds.div_euclid(1_000_000_000);
    let offset = offset(zone, seconds);
    let local = seconds + offset;
    let (year, month, day) = date(local.div_euclid(DAY));
    let of_day = local.rem_euclid(DAY);
    Moment {
        year,
        month,
        day,
        hour: of_day / 3_600,
        minute: of_day / 60 % 60,
        second: of_day % 60,
        nanosecond: nanoseconds.rem_euclid(1_000_000_000),
        offset,
    }
}

/// Seconds since 1970 of what the clock shows, in UTC.
pub fn seconds(moment: &Moment) -> Option<i64> {
    let days = days(moment.year, moment.month, moment.day)?;
    days.checked_mul(DAY)?.checked_add(moment.hour * 3_600 + moment.minute * 60 + moment.second)
}

/// The same in a zone: in a gap or an overlap, what Go takes.
pub fn seconds_in(moment: &Moment, zone: Tz) -> Option<i64> {
    let local = seconds(moment)?;
    match offset(zone, local) {
        0 => Some(local),
        first => local.checked_sub(offset(zone, local.checked_sub(first)?)),
    }
}
