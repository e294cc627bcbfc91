//! Reads one token after the other, as OPA's scanner does: what it calls illegal is illegal here.
//!
//! Deliberately absent: what escapes mean; see `parse::terms`.

use super::token::{Keywords, Kind};

/// A token, from one offset to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A place in a text from which tokens are read; cheap to keep and to come back to.
#[derive(Debug, Clone, Copy)]
pub struct Lexer<'a> {
    text: &'a str,
    /// Where the current character begins.
    at: usize,
    /// What is wrong with the token that is being read. The last counts; OPA tells all, one after the other.
    pub wrong: Option<&'static str>,
}

/// What a template goes on as, after the `}` of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// In quotes.
    Template,
    /// Between backticks.
    Raw,
}

impl<'a> Lexer<'a> {
    /// The beginning of a text.
    pub fn new(text: &'a str) -> Self {
        let mut lexer = Self { text, at: 0, wrong: None };
        if text.starts_with('\u{feff}') {
            lexer.at = '\u{feff}'.len_utf8();
        }
        lexer.look();
        lexer
    }

    fn current(&self) -> Option<char> {
        let byte = *self.text.as_bytes().get(self.at)?;
        if byte < 0x80 { Some(char::from(byte)) } else { self.text.get(self.at..)?.chars().next() }
    }

    /// Is the current character allowed at all?
    fn look(&mut self) {
        match self.text.as_bytes().get(self.at) {
            Some(0) => self.wrong = Some("illegal null character"),
            Some(0xef) if self.at > 0 && self.current() == Some('\u{feff}') => {
                self.wrong = Some("illegal byte-order mark");
            }
            _ => {}
        }
    }

    fn next(&mut self) {
        if let Some(char) = self.current() {
            self.at += char.len_utf8();
            self.look();
        }
    }

    fn error(&mut self, what: &'static str) {
        self.wrong = Some(what);
    }

    /// The next token. With `resume`, the rest of a template.
    pub fn scan(&mut self, keywords: Keywords, resume: Option<Resume>) -> Token {
        self.wrong = self.wrong.filter(|_| self.at == 0);
        let start = self.at;
        let kind = match resume {
            Some(Resume::Template) => self.template(),
            Some(Resume::Raw) => self.raw_template(),
            None => self.token(keywords),
        };
        let kind = if self.wrong.is_some() { Kind::Illegal } else { kind };
        Token { kind, start, end: self.at }
    }

    fn token(&mut self, keywords: Keywords) -> Kind {
        let start = self.at;
        let Some(char) = self.current() else { return Kind::End };
        if matches!(char, ' ' | '\t' | '\n' | '\r') {
            self.next();
            return Kind::Space;
        }
        if is_letter(char) {
            while self.current().is_some_and(|char| is_letter(char) || is_digit(char)) {
                self.next();
            }
            return keywords.kind(self.text.get(start..self.at).unwrap_or_default());
        }
        if char.is_ascii_digit() {
            self.number();
            return Kind::Number;
        }
        self.next();
        match char {
            '#' => {
                while self.current().is_some_and(|char| char != '\n') {
                    self.next();
                }
                Kind::Comment
            }
            '"' => self.string(),
            '`' => self.raw_string(),
            '[' => Kind::LBrack,
            ']' => Kind::RBrack,
            '{' => Kind::LBrace,
            '}' => Kind::RBrace,
            '(' => Kind::LParen,
            ')' => Kind::RParen,
            ',' => Kind::Comma,
            ':' => self.then_equals(Kind::Assign, Kind::Colon),
            '+' => Kind::Add,
            '-' => Kind::Sub,
            '*' => Kind::Mul,
            '/' => Kind::Quo,
            '%' => Kind::Rem,
            '&' => Kind::And,
            '|' => Kind::Or,
            '=' => self.then_equals(Kind::Equal, Kind::Unify),
            '>' => self.then_equals(Kind::Gte, Kind::Gt),
            '<' => self.then_equals(Kind::Lte, Kind::Lt),
            '!' => {
                let kind = self.then_equals(Kind::Neq, Kind::Illegal);
                if kind == Kind::Illegal {
                    self.error("illegal ! character");
                }
                kind
            }
            ';' => Kind::Semicolon,
            '.' => Kind::Dot,
            '$' => match self.current() {
                Some('"') => {
                    self.next();
                    self.template()
                }
                Some('`') => {
                    self.next();
                    self.raw_template()
                }
                _ => {
                    self.error("illegal $ character");
                    Kind::Illegal
                }
            },
            _ => Kind::Illegal,
        }
    }

    fn then_equals(&mut self, with: Kind, without: Kind) -> Kind {
        if self.current() == Some('=') {
            self.next();
            with
        } else {
            without
        }
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.current().is_some_and(|char| char.is_ascii_digit()) {
            self.next();
        }
        self.at > start
    }

    fn number(&mut self) {
        self.digits();
        if self.current() == Some('.') {
            self.next();
            if !self.digits() {
                self.error("expected fraction");
            }
        }
        if matches!(self.current(), Some('e' | 'E')) {
            self.next();
            if matches!(self.current(), Some('+' | '-')) {
                self.next();
            }
            if !self.digits() {
                self.error("expected exponent");
            }
        }
        if self.current().is_some_and(is_letter) {
            self.error("illegal number format");
            while self.current().is_some_and(|char| is_letter(char) || is_digit(char)) {
                self.next();
            }
        }
    }

    /// After a backslash.
    fn escape(&mut self, brace: bool) {
        match self.current() {
            Some('\\' | '"' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => self.next(),
            Some('{') if brace => self.next(),
            Some('u') => (0..4).for_each(|_| self.next()),
            _ => self.error("illegal escape sequence"),
        }
    }

    fn string(&mut self) -> Kind {
        loop {
            let Some(char) = self.current().filter(|char| *char != '\n') else {
                self.error("non-terminated string");
                return Kind::String;
            };
            self.next();
            match char {
                '"' => return Kind::String,
                '\\' => self.escape(false),
                _ => {}
            }
        }
    }

    fn raw_string(&mut self) -> Kind {
        loop {
            let Some(char) = self.current() else {
                self.error("non-terminated string");
                return Kind::String;
            };
            self.next();
            if char == '`' {
                return Kind::String;
            }
        }
    }

    fn template(&mut self) -> Kind {
        loop {
            let Some(char) = self.current().filter(|char| *char != '\n') else {
                self.error("non-terminated string");
                return Kind::TemplatePart;
            };
            self.next();
            match char {
                '"' => return Kind::TemplateEnd,
                '{' => return Kind::TemplatePart,
                '\\' => self.escape(true),
                _ => {}
            }
        }
    }

    fn raw_template(&mut self) -> Kind {
        loop {
            let Some(char) = self.current() else {
                self.error("non-terminated string");
                return Kind::RawTemplatePart;
            };
            self.next();
            match char {
                '`' => return Kind::RawTemplateEnd,
                '{' => return Kind::RawTemplatePart,
                '\\' if self.current() == Some('{') => self.next(),
                _ => {}
            }
        }
    }
}

fn is_letter(char: char) -> bool {
    char.is_ascii_alphabetic() || char == '_'
}

fn is_digit(char: char) -> bool {
    char.is_ascii_digit() || (!char.is_ascii() && char.is_numeric())
}

/// All tokens of a text, spaces and comments included: together they are the text. What templates enclose is read as it
/// stands, brackets counted.
pub fn tokens(text: &str, v1: bool) -> Vec<Token> {
    let keywords = if v1 { Keywords::V1 } else { Keywords::V0 };
    let mut lexer = Lexer::new(text);
    let (mut found, mut open): (Vec<Token>, Vec<(Resume, usize)>) = (Vec::new(), Vec::new());
    if let Some(start) = Some(lexer.at).filter(|at| *at > 0) {
        found.push(Token { kind: Kind::Space, start: 0, end: start });
    }
    loop {
        let resume = match (open.last_mut(), lexer.current()) {
            (Some((resume, 0)), Some('}')) => Some(*resume),
            _ => None,
        };
        let mut token = if resume.is_some() {
            // The brace is a token of its own, the text behind it another.
            let brace = lexer.scan(keywords, None);
            found.push(brace);
            lexer.scan(keywords, resume)
        } else {
            lexer.scan(keywords, None)
        };
        match token.kind {
            Kind::End => return found,
            Kind::TemplatePart if resume.is_none() => open.push((Resume::Template, 0)),
            Kind::RawTemplatePart if resume.is_none() => open.push((Resume::Raw, 0)),
            Kind::TemplateEnd | Kind::RawTemplateEnd if resume.is_some() => drop(open.pop()),
            Kind::LBrace => open.iter_mut().next_back().into_iter().for_each(|(_, depth)| *depth += 1),
            Kind::RBrace => {
                open.iter_mut().next_back().into_iter().for_each(|(_, depth)| *depth = depth.saturating_sub(1))
            }
            _ => {}
        }
        if token.end == token.start {
            // Nothing was read: the rest cannot be.
            token.end = text.len();
            found.push(token);
            return found;
        }
        found.push(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        tokens(text, true).iter().map(|token| text.get(token.start..token.end).unwrap()).collect()
    }

    #[test]
    fn the_tokens_of_a_text_are_the_text() {
        for text in [
            "package a\n\n# c\np := {\"a\": $\"x {y} z {{1: 2}[1]}\"} # d",
            "\u{feff}package é",
            "x := \"open\ny := 1",
            "$`a{b}c\\{`",
            "\0 @ ! 01x",
            "",
        ] {
            assert_eq!(joined(text), text);
        }
    }

    #[test]
    fn what_opa_calls_illegal_is_illegal() {
        for (text, wrong) in [
            ("5.", "expected fraction"),
            ("1e", "expected exponent"),
            ("0x10", "illegal number format"),
            ("\"\\x\"", "illegal escape sequence"),
            ("\"a", "non-terminated string"),
            ("`a", "non-terminated string"),
            ("$x", "illegal $ character"),
            ("!x", "illegal ! character"),
        ] {
            let mut lexer = Lexer::new(text);
            assert_eq!(lexer.scan(Keywords::V1, None).kind, Kind::Illegal, "{text}");
            assert_eq!(lexer.wrong, Some(wrong), "{text}");
        }
    }
}
