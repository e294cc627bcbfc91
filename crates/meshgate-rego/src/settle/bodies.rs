//! Several bodies after one head. Each is a definition of its own with the same head and the same value:
//! `p := 1 if { a } { b }` is `p := 1 if { a }` and `p := 1 if { b }`. regorus forgets the value, or refuses them.
//!
//! Deliberately absent: bodies behind an `else`; they are no Rego.

use crate::lexical::{self, Kind, Token};
use crate::text::{Edit, Piece};

/// Words that go on with a rule where they begin a line.
const GO_ON: &[&str] = &["if", "else", "contains", "in", "as", "with", "some", "not", "every"];

/// Returns the edits that write the head again before each further body.
pub fn edits(text: &str) -> Vec<Edit> {
    let tokens = &lexical::tokens(text);
    let page = Tokens { text, tokens };
    let mut edits = Vec::new();
    // The brace that opens the last body which was found.
    let mut last: Option<usize> = None;
    for at in 1..tokens.len() {
        if !(page.is_mark(at, b'{') && page.is_mark(at - 1, b'}')) {
            continue;
        }
        let Some((open, start)) = page.matching(at - 1).zip(page.rule(at - 1)) else { continue };
        let has_else = (start..at).any(|index| page.is_word(index, "else"));
        let Some(first) = page.body(start, at) else { continue };
        let is_if = page.is_word(first, "if");
        let is_body = open == if is_if { first + 1 } else { first } || last == Some(open);
        let (Some(head), Some(end), Some(here)) = (tokens.get(start), tokens.get(first), tokens.get(at)) else {
            continue;
        };
        if has_else || !is_body {
            continue;
        }
        last = Some(at);
        let pieces = vec![
            Piece::Text("\n".to_owned()),
            Piece::Copy(head.range.start..end.range.start),
            Piece::Text(if is_if { " if " } else { " " }.to_owned()),
        ];
        edits.push(Edit::of(here.range.start..here.range.start, pieces));
    }
    edits
}

struct Tokens<'a> {
    text: &'a str,
    tokens: &'a [Token],
}

impl Tokens<'_> {
    /// A mark outside of all brackets.
    fn is_mark(&self, index: usize, byte: u8) -> bool {
        self.tokens.get(index).is_some_and(|token| token.depth == 0 && token.kind == Kind::Mark(byte))
    }

    /// A word outside of all brackets.
    fn word(&self, index: usize) -> Option<&str> {
        let token = self.tokens.get(index).filter(|token| token.depth == 0 && token.kind == Kind::Word)?;
        self.text.get(token.range.clone())
    }

    fn is_word(&self, index: usize, word: &str) -> bool {
        self.word(index) == Some(word)
    }

    /// The brace that opens what a brace outside of all others closes.
    fn matching(&self, close: usize) -> Option<usize> {
        (0..close).rev().find(|index| self.is_mark(*index, b'{'))
    }

    /// Where the rule begins that a token belongs to: at the last name that begins a line and goes on with nothing.
    fn rule(&self, within: usize) -> Option<usize> {
        let begins = |index: &usize| {
            let is_first = self.tokens.get(*index).is_some_and(|token| token.first);
            let is_name = self.word(*index).is_some_and(|word| !GO_ON.contains(&word));
            let goes_on = index
                .checked_sub(1)
                .and_then(|before| self.tokens.get(before))
                .is_some_and(|before| matches!(before.kind, Kind::Mark(mark) if !matches!(mark, b'}' | b']' | b')')));
            is_first && is_name && !goes_on
        };
        (0..=within).rev().find(begins).filter(|start| !self.is_word(*start, "default"))
    }

    /// The `if` of a rule, or the brace of its body where v0 has none.
    fn body(&self, start: usize, end: usize) -> Option<usize> {
        if let Some(found) = (start..end).find(|index| self.is_word(*index, "if")) {
            return Some(found);
        }
        (start + 1..end).find(|index| {
            let before = self.tokens.get(index - 1);
            // A value is behind a sign; a body is behind a name or a value.
            let is_value = before
                .is_some_and(|token| matches!(token.kind, Kind::Mark(mark) if !matches!(mark, b'}' | b']' | b')')));
            self.is_mark(*index, b'{') && !is_value
        })
    }
}

#[cfg(test)]
mod tests {
    use super::edits;
    use crate::text::Text;

    fn split(text: &str) -> String {
        let mut page = Text::new(text);
        let edits = edits(text);
        page.edit(edits);
        page.now
    }

    #[test]
    fn each_body_has_the_head() {
        for (text, wanted) in [
            ("p := 1 if { a } { b }", "p := 1 if { a } \np := 1  if { b }"),
            (
                "p if {\n\ta\n} {\n\tb\n}\n\nq if { c } { d }",
                "p if {\n\ta\n} \np  if {\n\tb\n}\n\nq if { c } \nq  if { d }",
            ),
            (
                "s contains x if { x := 1 } { x := 2 } { x := 3 }",
                "s contains x if { x := 1 } \ns contains x  if { x := 2 } \ns contains x  if { x := 3 }",
            ),
            ("p = {1} { a } { b }", "p = {1} { a } \np = {1}  { b }"),
            ("f(x) = y { y := x } { y := 2 }", "f(x) = y { y := x } \nf(x) = y  { y := 2 }"),
        ] {
            assert_eq!(split(text), wanted);
        }
        for same in [
            "p := {1}\n\nq if { a }",
            "p if { a } else := 2 if { b }",
            "p = {1} { a }",
            "p := {x | x := 1} if { a }",
            "p := {} if { a }",
        ] {
            assert_eq!(split(same), same);
        }
    }
}
