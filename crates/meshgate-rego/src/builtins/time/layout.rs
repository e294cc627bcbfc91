//! Layouts of Go: which pieces of a reference time stand in them.
//!
//! Deliberately absent: values; see `time`.

/// A piece of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    Noon {
        upper: bool,
    },
    Zone,
    /// An offset: `Z` for none, colons, and which parts it has: 1 hours, 2 minutes, 3 seconds.
    Offset {
        zulu: bool,
        colons: bool,
        parts: u8,
    },
    /// A fraction of so many digits; `fixed`: zeros are written.
    Fraction {
        sign: char,
        digits: usize,
        fixed: bool,
    },
}

/// The names of layouts that OPA knows.
pub fn named(layout: &str) -> &str {
    match layout {
        "ANSIC" => "Mon Jan _2 15:04:05 2006",
        "UnixDate" => "Mon Jan _2 15:04:05 MST 2006",
        "RubyDate" => "Mon Jan 02 15:04:05 -0700 2006",
        "RFC822" => "02 Jan 06 15:04 MST",
        "RFC822Z" => "02 Jan 06 15:04 -0700",
        "RFC850" => "Monday, 02-Jan-06 15:04:05 MST",
        "RFC1123" => "Mon, 02 Jan 2006 15:04:05 MST",
        "RFC1123Z" => "Mon, 02 Jan 2006 15:04:05 -0700",
        "RFC3339" => "2006-01-02T15:04:05Z07:00",
        "RFC3339Nano" => "2006-01-02T15:04:05.999999999Z07:00",
        other => other,
    }
}

/// The text before the first piece of a layout, the piece, and the layout behind it.
pub fn next(layout: &str) -> (&str, Option<Piece>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = layout.get(at..).unwrap_or_default();
        if let Some((skipped, piece, length)) = piece(rest) {
            let before = layout.get(..at + skipped).unwrap_or_default();
            return (before, Some(piece), layout.get(at + length..).unwrap_or_default());
        }
    }
    (layout, None, "")
}

/// The piece that a layout begins with: what of it is text, the piece, and its length with that.
fn piece(rest: &str) -> Option<(usize, Piece, usize)> {
    let plain = |piece: Piece, length: usize| Some((0, piece, length));
    let is_word = |length: usize| {
        !rest.get(length..).is_some_and(|behind| behind.starts_with(|next: char| next.is_ascii_lowercase()))
    };
    let offset = |zulu: bool| {
        let digits = rest.get(1..).unwrap_or_default();
        let all: [(&str, bool, u8); 5] =
            [("070000", false, 3), ("07:00:00", true, 3), ("0700", false, 2), ("07:00", true, 2), ("07", false, 1)];
        let (text, colons, parts) = all.into_iter().find(|(text, ..)| digits.starts_with(text))?;
        plain(Piece::Offset { zulu, colons, parts }, 1 + text.len())
    };
    match rest.bytes().next()? {
        b'J' if rest.starts_with("January") => plain(Piece::LongMonth, 7),
        b'J' if rest.starts_with("Jan") && is_word(3) => plain(Piece::Month, 3),
        b'M' if rest.starts_with("Monday") => plain(Piece::LongWeekDay, 6),
        b'M' if rest.starts_with("Mon") && is_word(3) => plain(Piece::WeekDay, 3),
        b'M' if rest.starts_with("MST") => plain(Piece::Zone, 3),
        b'0' if rest.starts_with("002") => plain(Piece::ZeroYearDay, 3),
        b'0' => {
            let piece = match rest.as_bytes().get(1).copied()? {
                b'1' => Piece::ZeroMonth,
                b'2' => Piece::ZeroDay,
                b'3' => Piece::ZeroHour12,
                b'4' => Piece::ZeroMinute,
                b'5' => Piece::ZeroSecond,
                b'6' => Piece::Year,
                _ => return None,
            };
            plain(piece, 2)
        }
        b'1' if rest.starts_with("15") => plain(Piece::Hour, 2),
        b'1' => plain(Piece::NumMonth, 1),
        b'2' if rest.starts_with("2006") => plain(Piece::LongYear, 4),
        b'2' => plain(Piece::Day, 1),
        b'_' if rest.starts_with("_2006") => Some((1, Piece::LongYear, 5)),
        b'_' if rest.starts_with("__2") => plain(Piece::UnderYearDay, 3),
        b'_' if rest.starts_with("_2") => plain(Piece::UnderDay, 2),
        b'3' => plain(Piece::Hour12, 1),
        b'4' => plain(Piece::Minute, 1),
        b'5' => plain(Piece::Second, 1),
        b'P' if rest.starts_with("PM") => plain(Piece::Noon { upper: true }, 2),
        b'p' if rest.starts_with("pm") => plain(Piece::Noon { upper: false }, 2),
        b'-' => offset(false),
        b'Z' => offset(true),
        b'.' | b',' => {
            let digit = rest.as_bytes().get(1).copied().filter(|byte| matches!(byte, b'0' | b'9'))?;
            let digits = rest.bytes().skip(1).take_while(|byte| *byte == digit).count();
            let sign = if rest.starts_with(',') { ',' } else { '.' };
            // A digit behind them makes them something else.
            let ends = !rest.as_bytes().get(1 + digits).is_some_and(u8::is_ascii_digit);
            if ends { plain(Piece::Fraction { sign, digits, fixed: digit == b'0' }, 1 + digits) } else { None }
        }
        _ => None,
    }
}
