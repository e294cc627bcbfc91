//! Texts and places in them.
//!
//! Deliberately absent: reading files.

/// A file of a policy.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name that messages use.
    pub name: String,
    text: String,
    /// The offsets of all line feeds.
    lines: Vec<u32>,
}

/// Where something stands: offsets in bytes in one file of a compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The index of the file among those that are compiled together, in the order of their names.
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// Does another begin within?
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.start < self.end
    }
}

impl Span {
    /// The place of what nobody wrote.
    pub const NONE: Self = Self { file: u32::MAX, start: 0, end: 0 };

    /// Did somebody write it?
    pub fn is_written(self) -> bool {
        self.file != u32::MAX
    }

    /// From where this begins to `end`.
    #[must_use]
    pub fn to(self, end: u32) -> Self {
        Self { end, ..self }
    }
}

/// A line and a column, both from 1; columns count characters. At the end of a text the column may be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Source {
    /// A text. A byte order mark at its beginning counts as a character, as in OPA.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = lines.map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect();
        Self { name: name.into(), text, lines }
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A part of it; empty where there is none.
    pub fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Line and column of an offset. A line feed belongs to the line that it begins, as in OPA.
    pub fn place(&self, offset: u32) -> Place {
        if offset == u32::MAX {
            return Place { line: 0, column: 0 };
        }
        let last = u32::try_from(self.text.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let at = offset.min(last);
        let line = self.lines.partition_point(|feed| *feed <= at);
        let begin = line.checked_sub(1).and_then(|index| self.lines.get(index)).map_or(0, |feed| feed + 1);
        let column = match self.text.get(begin as usize..) {
            _ if begin > at || self.text.is_empty() => 0,
            Some(rest) => rest.char_indices().take_while(|(index, _)| *index <= (at - begin) as usize).count(),
            None => 0,
        };
        Place {
            line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    /// The line around an offset, without its end.
    pub fn line(&self, offset: u32) -> &str {
        let at = (offset as usize).min(self.text.len());
        let before = self.text.get(..at).unwrap_or_default();
        let begin = before.rfind('\n').map_or(0, |feed| feed + 1);
        let rest = self.text.get(begin..).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters_and_a_line_feed_belongs_to_what_follows() {
        let source = Source::new("t.rego", "aé\n\tb");
        let place = |offset| (source.place(offset).line, source.place(offset).column);
        assert_eq!(
            [place(0), place(1), place(3), place(4), place(5), place(99), place(u32::MAX)],
            [(1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (2, 2), (0, 0)]
        );
        assert_eq!(Source::new("t", "a\n").place(2), Place { line: 2, column: 0 });
        assert_eq!(Source::new("t", "").place(0), Place { line: 1, column: 0 });
    }
}
