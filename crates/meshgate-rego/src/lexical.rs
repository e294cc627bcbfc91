//! The tokens of Rego, and what is done before regorus' parser sees a text: template strings become calls, references that
//! begin with a keyword are written out, and what a later OPA has is refused by its name.
//!
//! Deliberately absent: grammar. What is no Rego is left as it is, for the parser to say so.

use crate::syntax;
use crate::text::{Edit, Text};
use regorus::unstable::LiteralStmt;
use std::ops::Range;

/// The words that Rego keeps for itself.
pub const KEYWORDS: &[&str] = &[
    "as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package", "some",
    "true", "with",
];

/// What is put before the head of a rule that begins with a keyword, until such rules are moved.
pub const HEAD_MARK: &str = "mgk_";

/// Brackets and braces within one another.
const BRACKETS_MAX: u32 = 15;
/// How often the parser may read what is within brackets, over a module: 2 to the power of each nesting, summed up.
const BRACKETS_WORK_MAX: u64 = 1 << 18;

/// Template strings within template strings.
const NESTING_MAX: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    Text,
    Number,
    Mark(u8),
    /// The start of a template string, up to the first `{`; what is between braces follows as tokens of its own.
    Template,
}

#[derive(Debug, Clone)]
pub struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
    /// Brackets of any kind that are open.
    pub depth: usize,
    /// Is it the first of its line?
    pub first: bool,
}

/// Something that the language has and that cannot be given, at an offset.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub at: usize,
    pub message: String,
}

/// A piece of a template string.
enum Piece {
    Text(Range<usize>),
    Expression(Range<usize>),
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    depth: usize,
    first: bool,
    edits: Vec<Edit>,
    refusal: Option<Refusal>,
    nesting: usize,
}

/// Returns the tokens of a text, up to where it is no Rego.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut scanner = Scanner::new(text, 0);
    scanner.scan(text.len());
    scanner.tokens
}

/// The first word that v0 has only when it is imported, and that a text uses without: its offset, and the word. Read as v0,
/// `allow if { … }` would be a rule `allow` that always holds, and one that is called `if`.
pub fn word_of_v1(text: &str) -> Option<(usize, &str)> {
    const WORDS: [&str; 4] = ["contains", "every", "if", "in"];
    let page = Page::new(text);
    let word = |index: usize| {
        let token = page.tokens.get(index).filter(|token| token.kind == Kind::Word)?;
        Some((token.range.start, text.get(token.range.clone())?))
    };
    let is = |index: usize, wanted: &str| word(index).is_some_and(|(_, word)| word == wanted);
    let mut imported: Vec<&str> = Vec::new();
    for index in (0..page.tokens.len()).filter(|index| is(*index, "future") && is(index + 2, "keywords")) {
        match word(index + 4).filter(|_| page.is_mark(index + 3, b'.')) {
            Some((_, "every")) => imported.extend(["every", "in"]),
            Some((_, name)) => imported.push(name),
            None => imported.extend(WORDS),
        }
    }
    (0..page.tokens.len()).find_map(|index| {
        let (at, used) = word(index).filter(|(_, word)| WORDS.contains(word) && !imported.contains(word))?;
        // A step of a path is no word of its own, and `contains` is a builtin as well.
        let is_step = index.checked_sub(1).is_some_and(|before| page.is_mark(before, b'.'));
        let is_call = used == "contains" && page.is_mark(index + 1, b'(');
        (!is_step && !is_call).then_some((at, used))
    })
}

/// A text and its tokens, for what spans do not tell: regorus' hold neither quotes nor parentheses.
pub struct Page<'a> {
    pub text: &'a str,
    pub tokens: Vec<Token>,
}

impl<'a> Page<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, tokens: tokens(text) }
    }

    pub fn word(&self, token: &Token) -> Option<&str> {
        if token.kind == Kind::Word { self.text.get(token.range.clone()) } else { None }
    }

    pub fn is_mark(&self, index: usize, byte: u8) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == Kind::Mark(byte))
    }

    /// The token that an offset is in, or the first behind it.
    pub fn at(&self, offset: usize) -> usize {
        self.tokens.partition_point(|token| token.range.end <= offset)
    }

    /// Where the token starts that an offset is in.
    pub fn start(&self, offset: usize) -> usize {
        self.tokens.get(self.at(offset)).map_or(offset, |token| token.range.start.min(offset))
    }

    /// The end of a statement, with the quotes and parentheses that close it.
    pub fn close(&self, statement: &LiteralStmt) -> Option<usize> {
        let with = statement.with_mods.iter().map(|with| syntax::range(with.r#as.span()).end);
        let end = with.chain([syntax::range(&statement.span).end]).max()?;
        let depth = self.tokens.get(self.at(syntax::range(&statement.span).start))?.depth;
        let mut index = self.at(end.saturating_sub(1));
        loop {
            let next = self.tokens.get(index + 1);
            let closer = next.is_some_and(|next| matches!(next.kind, Kind::Mark(b')' | b']')) && next.depth >= depth);
            if !closer {
                return Some(self.tokens.get(index)?.range.end);
            }
            index += 1;
        }
    }
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str, at: usize) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at,
            tokens: Vec::new(),
            depth: 0,
            first: true,
            edits: Vec::new(),
            refusal: None,
            nesting: 0,
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.tokens.push(Token { kind, range: start..self.at, depth: self.depth, first: self.first });
        self.first = false;
    }

    /// Scans up to an offset; `false` when the text ends amid a token.
    fn scan(&mut self, end: usize) -> bool {
        while self.at < end {
            let start = self.at;
            match self.byte(start) {
                b'\n' => {
                    self.first = true;
                    self.at += 1;
                }
                byte if byte.is_ascii_whitespace() => self.at += 1,
                b'#' => {
                    let rest = self.text.get(start..).unwrap_or_default();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                b'"' | b'`' => {
                    let Some(close) = self.close(start + 1, self.byte(start)) else { return false };
                    self.at = close + 1;
                    self.push(Kind::Text, start);
                }
                b'$' if matches!(self.byte(start + 1), b'"' | b'`') => {
                    if !self.template(start) {
                        return false;
                    }
                }
                byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                    while self.byte(self.at).is_ascii_alphanumeric() || self.byte(self.at) == b'_' {
                        self.at += 1;
                    }
                    self.push(Kind::Word, start);
                }
                byte if byte.is_ascii_digit() => {
                    while self.byte(self.at).is_ascii_alphanumeric() || self.byte(self.at) == b'.' {
                        self.at += 1;
                    }
                    self.push(Kind::Number, start);
                }
                byte => {
                    // Any other character, of whatever length.
                    self.at += self.text.get(start..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
                    if matches!(byte, b')' | b']' | b'}') {
                        self.depth = self.depth.saturating_sub(1);
                    }
                    self.push(Kind::Mark(byte), start);
                    if matches!(byte, b'(' | b'[' | b'{') {
                        self.depth += 1;
                    }
                }
            }
        }
        true
    }

    /// The offset of the quote that closes a text.
    fn close(&self, from: usize, quote: u8) -> Option<usize> {
        let mut at = from;
        loop {
            match self.byte(at) {
                0 if at >= self.bytes.len() => return None,
                b'\\' if quote == b'"' => at += 2,
                b'\n' if quote == b'"' => return None,
                byte if byte == quote => return Some(at),
                _ => at += 1,
            }
        }
    }

    /// A template string: its pieces, and the edits that make a call of it.
    fn template(&mut self, start: usize) -> bool {
        let quote = self.byte(start + 1);
        if self.nesting >= NESTING_MAX {
            let message = format!("template strings are nested more than {NESTING_MAX} times");
            self.refusal.get_or_insert(Refusal { at: start, message });
            return false;
        }
        let mut pieces = Vec::new();
        let mut from = start + 2;
        self.at = from;
        let end = loop {
            match self.byte(self.at) {
                0 if self.at >= self.bytes.len() => return false,
                b'\n' if quote == b'"' => return false,
                b'\\' if quote == b'"' || matches!(self.byte(self.at + 1), b'{' | b'}') => self.at += 2,
                b'{' => {
                    pieces.push(Piece::Text(from..self.at));
                    let Some(close) = self.expression(&mut pieces) else { return false };
                    from = close;
                    self.at = close;
                }
                byte if byte == quote => {
                    pieces.push(Piece::Text(from..self.at));
                    break self.at + 1;
                }
                _ => self.at += 1,
            }
        };
        self.at = end;
        self.replace(start, &pieces, quote, end);
        self.push(Kind::Template, start);
        true
    }

    /// What stands between braces; returns the offset behind them.
    fn expression(&mut self, pieces: &mut Vec<Piece>) -> Option<usize> {
        let open = self.at;
        let mut inner = Scanner::new(self.text, open + 1);
        inner.nesting = self.nesting + 1;
        // One token after another, until the brace that was opened before them closes.
        while !(inner.byte(inner.at) == b'}' && inner.depth == 0) {
            if inner.at >= inner.bytes.len() || !inner.scan(inner.at + 1) {
                self.refusal = self.refusal.take().or(inner.refusal);
                return None;
            }
        }
        let close = inner.at;
        if inner.tokens.is_empty() {
            let message = "a template string has empty braces; write `\\{` for a brace that is text".to_owned();
            self.refusal.get_or_insert(Refusal { at: open, message });
        }
        self.refusal = self.refusal.take().or(inner.refusal);
        self.edits.extend(inner.edits);
        self.tokens.extend(inner.tokens.into_iter().map(|token| Token {
            depth: token.depth + self.depth + 1,
            first: false,
            ..token
        }));
        pieces.push(Piece::Expression(open + 1..close));
        Some(close + 1)
    }

    /// `$"a{x}b"` becomes `internal.template_string(["a", {t | t := x}, "b"])`; expressions stay where they are.
    fn replace(&mut self, start: usize, pieces: &[Piece], quote: u8, end: usize) {
        let mut open = String::from("internal.template_string([");
        let mut at = start;
        for piece in pieces {
            match piece {
                Piece::Text(range) => {
                    let text = self.text.get(range.clone()).unwrap_or_default();
                    let text = text.replace("\\{", "{").replace("\\}", "}");
                    let text = if quote == b'"' { format!("\"{text}\"") } else { serde_json::json!(text).to_string() };
                    if text != "\"\"" {
                        open.push_str(&text);
                        open.push_str(", ");
                    }
                }
                Piece::Expression(range) => {
                    let name = format!("__template_{}__", range.start);
                    open.push_str(&format!("{{{name} | {name} := "));
                    self.edits.push(Edit::new(at..range.start, std::mem::take(&mut open)));
                    open.push_str("}, ");
                    at = range.end;
                }
            }
        }
        let last = open.trim_end_matches(", ");
        self.edits.push(Edit::new(at..end, format!("{last}])")));
    }
}

/// Where a module's package is named: the path behind the word.
fn package<'a>(text: &'a str, tokens: &[Token]) -> Option<&'a str> {
    let word = |token: &Token| token.kind == Kind::Word && text.get(token.range.clone()) == Some("package");
    let at = tokens.iter().position(word)?;
    let path: Vec<&Token> = tokens
        .iter()
        .skip(at + 1)
        .enumerate()
        .take_while(|(index, token)| *index == 0 || !token.first)
        .map(|(_, token)| token)
        .take_while(|token| !matches!(token.kind, Kind::Mark(b';')))
        .collect();
    text.get(path.first()?.range.start..path.last()?.range.end)
}

/// regorus' parser reads what is in brackets twice, and what is in brackets within them four times.
fn bounded_nesting(tokens: &[Token]) -> Result<(), Refusal> {
    let (mut open, mut deepest, mut work) = (0_u32, 0_u32, 0_u64);
    for token in tokens {
        match token.kind {
            Kind::Mark(b'[' | b'{') => {
                open += 1;
                deepest = deepest.max(open);
            }
            Kind::Mark(b']' | b'}') => {
                open = open.saturating_sub(1);
                if open == 0 {
                    work += 1 << deepest.min(BRACKETS_MAX);
                    deepest = 0;
                }
            }
            _ => {}
        }
        if open > BRACKETS_MAX || work > BRACKETS_WORK_MAX {
            let message =
                format!("brackets are nested too deep to be read (at most {BRACKETS_MAX}): name the inner parts");
            return Err(Refusal { at: token.range.start, message });
        }
    }
    Ok(())
}

/// Does what must be done before the parser.
pub fn prepare(text: &mut Text) -> Result<(), Refusal> {
    let now = text.now.clone();
    let mut scanner = Scanner::new(&now, 0);
    scanner.scan(now.len());
    let Scanner { tokens, mut edits, refusal, .. } = scanner;
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    bounded_nesting(&tokens)?;
    let word = |token: &Token| (token.kind == Kind::Word).then(|| now.get(token.range.clone()).unwrap_or_default());
    let mark = |token: Option<&Token>, byte: u8| token.is_some_and(|token| token.kind == Kind::Mark(byte));
    let mut line: Vec<&str> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.first {
            line.clear();
        }
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        let (next, after) = (tokens.get(index + 1), tokens.get(index + 2));
        let Some(name) = word(token) else { continue };
        line.push(name);
        if let ["import", "future", "keywords", later] = line.as_slice()
            && !["in", "every", "contains", "if"].contains(later)
        {
            let message =
                format!("`future.keywords.{later}` is of a later OPA than this understands: write it without");
            return Err(Refusal { at: token.range.start, message });
        }
        let touches = |a: &Token, b: Option<&Token>| b.is_some_and(|b| b.range.start == a.range.end);
        let leads = KEYWORDS.contains(&name)
            && mark(next, b'.')
            && touches(token, next)
            && after
                .is_some_and(|after| after.kind == Kind::Word && next.is_some_and(|next| touches(next, Some(after))))
            && !mark(before, b'.');
        if !leads {
            continue;
        }
        let defaults = before.is_some_and(|before| before.first && word(before) == Some("default"));
        if token.depth == 0 && (token.first || defaults) {
            edits.push(Edit::new(token.range.start..token.range.start, HEAD_MARK));
        } else if let Some(path) = package(&now, &tokens) {
            edits.push(Edit::new(token.range.start..token.range.start, format!("data.{path}.")));
        }
    }
    text.edit(edits);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(text: &str) -> String {
        let mut text = Text::new(text);
        prepare(&mut text).map_err(|refusal| refusal.message).unwrap();
        text.now
    }

    #[test]
    fn template_strings_become_calls() {
        assert_eq!(prepared(r#"x := $"a""#), r#"x := internal.template_string(["a"])"#);
        assert_eq!(prepared(r#"x := $"""#), "x := internal.template_string([])");
        assert_eq!(
            prepared(r#"x := $"a{input.b}c\{d""#),
            r#"x := internal.template_string(["a", {__template_9__ | __template_9__ := input.b}, "c{d"])"#
        );
        assert_eq!(
            prepared("x := $`a\"{f({1: \"}\"})}\n`"),
            "x := internal.template_string([\"a\\\"\", {__template_10__ | __template_10__ := f({1: \"}\"})}, \"\\n\"])"
        );
        // One within another.
        let nested = prepared(r#"x := $"{$"{y}"}""#);
        assert!(nested.contains("internal.template_string([{__template_8__ | __template_8__ := internal.template_string([{__template_11__ | __template_11__ := y}])}])"), "{nested}");
        // What is no template string stays.
        for same in ["x := \"$\" # $\"{", "x := `$\"{`", "x := $", "x := $\"{", "x := $\"a"] {
            assert_eq!(prepared(same), same);
        }
    }

    #[test]
    fn references_that_begin_with_keywords_are_written_out() {
        assert_eq!(
            prepared("package a.b\n\np if not.x == if.y"),
            "package a.b\n\np if data.a.b.not.x == data.a.b.if.y"
        );
        assert_eq!(
            prepared("package a\n\nnot.x := 1\n\ndefault if.y := 2"),
            "package a\n\nmgk_not.x := 1\n\ndefault mgk_if.y := 2"
        );
        for same in
            ["package a.not.b", "import data.if.x", "p if not x", "p if x.not.y", "p contains x.y", "p if 1 in [.5]"]
        {
            assert_eq!(prepared(same), same);
        }
    }

    #[test]
    fn later_features_are_refused_by_name() {
        let mut text = Text::new("package a\n\nimport future.keywords.not\n");
        assert!(prepare(&mut text).unwrap_err().message.contains("`future.keywords.not`"));
        let mut text = Text::new("x := $\"{}\"");
        assert!(prepare(&mut text).is_err());
    }
}
