//! Byte spans in a text, and the lines and columns that people read.
//!
//! Deliberately absent: which value a span belongs to; that is the reader's map.

/// A half-open range of bytes in one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// Returns the span from `start` up to, not including, `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Returns the text that the span covers, or `""` when it lies outside.
    #[must_use]
    pub fn slice(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// A place that people read: 1-based line, 1-based column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The start and the end of a span as people read them; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// Where it begins.
    pub start: Position,
    /// One character past its last.
    pub end: Position,
}

/// Where each line of a text begins.
#[derive(Debug, Clone)]
pub struct Lines {
    starts: Vec<usize>,
    /// Characters before each multiple of `STRIDE` bytes: a column deep in a long line is not counted from its start.
    chars: Vec<usize>,
}

const STRIDE: usize = 4096;

/// Characters that begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
}

impl Lines {
    /// Indexes the lines of a text; `\n`, `\r\n` and a lone `\r` each end a line.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            if ends {
                starts.push(at + 1);
            }
        }
        let mut total = 0;
        let chars = bytes.chunks(STRIDE).map(|chunk| {
            let before = total;
            total += characters(chunk);
            before
        });
        Self { chars: chars.collect(), starts }
    }

    /// Returns the bytes of the line that an offset is on, without its end.
    #[must_use]
    pub fn line(&self, text: &str, offset: usize) -> Span {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let next = self.starts.get(line).copied().unwrap_or(text.len());
        let end = Span::new(start, next).slice(text).trim_end_matches(['\n', '\r']).len();
        Span::new(start, start + end)
    }

    fn characters_before(&self, text: &str, offset: usize) -> usize {
        let checkpoint = offset / STRIDE;
        let known = self.chars.get(checkpoint).copied().unwrap_or(0);
        known + text.as_bytes().get(checkpoint * STRIDE..offset).map_or(0, characters)
    }

    /// Returns line and column of a byte offset; an offset inside a character counts as its start.
    #[must_use]
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let mut end = offset.min(text.len()).max(start);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // A byte order mark is not a column that anybody sees.
        let mark = text.get(start..end).is_some_and(|before| before.starts_with('\u{feff}'));
        let before = self.characters_before(text, end) - self.characters_before(text, start) - usize::from(mark);
        Position { line, column: before + 1 }
    }

    /// Returns lines and columns of a span.
    #[must_use]
    pub fn range(&self, text: &str, span: Span) -> Range {
        Range { start: self.position(text, span.start), end: self.position(text, span.end.max(span.start)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: usize) -> (usize, usize) {
        let position = Lines::of(text).position(text, offset);
        (position.line, position.column)
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(at("häuser: 1\nb: 2", 8), (1, 8));
        assert_eq!(at("häuser: 1\nb: 2", 11), (2, 1));
    }

    #[test]
    fn every_line_end_counts_once() {
        assert_eq!(at("a\r\nb", 3), (2, 1));
        assert_eq!(at("a\rb", 2), (2, 1));
        assert_eq!(at("a\n\nb", 3), (3, 1));
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        assert_eq!(at("\u{feff}a: 1", 3), (1, 1));
    }

    #[test]
    fn columns_far_into_a_line_count_characters_too() {
        let text = format!("x\n{}y", "ä𝄞a".repeat(5000));
        assert_eq!(at(&text, text.len() - 1), (2, 15_001));
        assert_eq!(at(&text, text.len()), (2, 15_002));
        let lines = Lines::of(&text);
        assert_eq!(lines.line(&text, 0), Span::new(0, 1));
        assert_eq!(lines.line(&text, 100), Span::new(2, text.len()));
    }

    #[test]
    fn past_the_end_is_the_end() {
        assert_eq!(at("ab", 99), (1, 3));
    }
}
