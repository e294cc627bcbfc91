//! A text that was rewritten, and the way from each of its places back to the text that its author wrote.
//!
//! Deliberately absent: knowledge of Rego.

use std::ops::Range;
use std::sync::Arc;

/// A text and where it comes from.
#[derive(Debug, Clone)]
pub struct Text {
    /// What the author wrote.
    original: Arc<str>,
    /// What it was made into.
    pub now: String,
    /// From an offset on: the offset in the original, and whether it goes on in step with it.
    anchors: Vec<Anchor>,
    /// Where the original's lines start.
    starts: Arc<[usize]>,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    now: usize,
    original: usize,
    in_step: bool,
}

/// Puts something in the place of a range.
#[derive(Debug, Clone)]
pub struct Edit {
    pub range: Range<usize>,
    pub pieces: Vec<Piece>,
}

/// What an edit puts there.
#[derive(Debug, Clone)]
pub enum Piece {
    Text(String),
    /// What stands elsewhere in the text; its places go with it.
    Copy(Range<usize>),
}

impl Edit {
    /// Puts a text there.
    pub fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, pieces: vec![Piece::Text(text.into())] }
    }

    /// Puts several pieces there.
    pub const fn of(range: Range<usize>, pieces: Vec<Piece>) -> Self {
        Self { range, pieces }
    }

    /// Does it put nothing there?
    pub fn removes(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text(text) if text.is_empty()))
    }
}

/// A line and a column, both from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Text {
    /// What the author wrote.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Takes a text as it is.
    pub fn new(text: &str) -> Self {
        let anchor = Anchor { now: 0, original: 0, in_step: true };
        Self { original: Arc::from(text), now: text.to_owned(), anchors: vec![anchor], starts: starts(text) }
    }

    /// Returns the offset in the original of an offset in the text as it is now.
    pub fn origin(&self, now: usize) -> usize {
        let index = self.anchors.partition_point(|anchor| anchor.now <= now);
        let Some(anchor) = index.checked_sub(1).and_then(|index| self.anchors.get(index)) else { return 0 };
        let step = if anchor.in_step { now - anchor.now } else { 0 };
        (anchor.original + step).min(self.original.len())
    }

    /// Returns the place in the original of an offset in the text as it is now.
    pub fn position(&self, now: usize) -> Position {
        let offset = self.origin(now);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or(0);
        let before = self.original.get(start..offset).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    /// Returns the place in the original of a line and a column as regorus counts them: a tab is four columns.
    pub fn position_of(&self, line: usize, column: usize) -> Position {
        let start = self.now.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        let rest = self.now.get(start..).unwrap_or_default();
        let mut at = 1;
        let mut offset = start;
        for c in rest.chars() {
            if at >= column || c == '\n' {
                break;
            }
            at += if c == '\t' { 4 } else { 1 };
            offset += c.len_utf8();
        }
        self.position(offset)
    }

    /// Returns the line in the original of a line in the text as it is now.
    pub fn line(&self, now: usize) -> usize {
        let start = self.now.split_inclusive('\n').take(now.saturating_sub(1)).map(str::len).sum::<usize>();
        self.position(start).line
    }

    /// Makes edits, which must not overlap, and remembers what they replaced.
    pub fn edit(&mut self, mut edits: Vec<Edit>) {
        if edits.is_empty() {
            return;
        }
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let mut text = String::with_capacity(self.now.len());
        let mut anchors = Vec::with_capacity(self.anchors.len() + edits.len() * 2);
        let mut at = 0;
        for edit in edits {
            if edit.range.start < at {
                continue;
            }
            self.copy(at..edit.range.start, &mut text, &mut anchors);
            for piece in edit.pieces {
                match piece {
                    Piece::Text(new) => {
                        let original = self.origin(edit.range.start);
                        anchors.push(Anchor { now: text.len(), original, in_step: false });
                        text.push_str(&new);
                    }
                    Piece::Copy(range) => self.copy(range, &mut text, &mut anchors),
                }
            }
            at = edit.range.end;
        }
        self.copy(at..self.now.len(), &mut text, &mut anchors);
        // What is kept for long may be far less than what was.
        text.shrink_to_fit();
        anchors.shrink_to_fit();
        self.now = text;
        self.anchors = anchors;
    }

    fn copy(&self, range: Range<usize>, text: &mut String, anchors: &mut Vec<Anchor>) {
        if range.is_empty() && range.start < self.now.len() {
            return;
        }
        let first = self.anchors.partition_point(|anchor| anchor.now <= range.start).saturating_sub(1);
        for anchor in
            self.anchors.iter().skip(first).take_while(|anchor| anchor.now < range.end || anchor.now == range.start)
        {
            let from = anchor.now.max(range.start);
            let step = if anchor.in_step { from - anchor.now } else { 0 };
            let now = text.len() + (from - range.start);
            anchors.push(Anchor { now, original: anchor.original + step, in_step: anchor.in_step });
        }
        text.push_str(self.now.get(range).unwrap_or_default());
    }
}

fn starts(text: &str) -> Arc<[usize]> {
    let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(breaks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_survive_edits_upon_edits() {
        let mut text = Text::new("one two\nthree four");
        text.edit(vec![Edit::new(4..7, "a longer word"), Edit::new(0..0, "x ")]);
        assert_eq!(text.now, "x one a longer word\nthree four");
        let four = text.now.find("four").unwrap();
        assert_eq!(text.position(four), Position { line: 2, column: 7 });
        assert_eq!(text.position(text.now.find("longer").unwrap()), Position { line: 1, column: 5 });
        text.edit(vec![Edit::new(four..four, "twenty-"), Edit::new(2..5, "")]);
        assert_eq!(text.now, "x  a longer word\nthree twenty-four");
        assert_eq!(text.position(text.now.find("four").unwrap()), Position { line: 2, column: 7 });
        assert_eq!(text.position(text.now.find("three").unwrap()), Position { line: 2, column: 1 });
    }

    #[test]
    fn columns_of_regorus_count_tabs_as_four() {
        let text = Text::new("a\n\tb");
        assert_eq!(text.position_of(2, 5), Position { line: 2, column: 2 });
    }

    proptest! {
        /// What no edit touched is found where it was.
        #[test]
        fn untouched_characters_are_found(
            words in proptest::collection::vec("[a-z]{1,5}", 1..8),
            rounds in proptest::collection::vec((any::<u8>(), "[A-Z ]{0,9}"), 0..6),
        ) {
            let original = words.join("\n");
            let mut text = Text::new(&original);
            for (at, word) in rounds {
                let at = usize::from(at) % (text.now.len() + 1);
                text.edit(vec![Edit::new(at..at, word)]);
            }
            let mut kept = 0;
            for (offset, c) in text.now.char_indices().filter(|(_, c)| c.is_ascii_lowercase()) {
                prop_assert_eq!(original.as_bytes()[text.origin(offset)], c as u8);
                kept += 1;
            }
            prop_assert_eq!(kept, original.chars().filter(char::is_ascii_lowercase).count());
        }
    }
}
