//! The notation that the standards' schemas are written in (`schemas/*.schema`), and its parser.
//!
//! ```text
//! version 3.1.0 from 3.2.0          definitions follow; `from` takes over those of a version above
//! Name = TYPE                       a definition; `Root` is the document
//! Name += { … }                     adds keys and parts to a record, or replaces them
//! Name -= { key @closed @if @is @by type (word …) }
//!
//! TYPE   any null boolean integer number string object array "word" Name  [TYPE]  { … }
//!        A | B at least one, A ^ B exactly one, A & B all; ( ) group
//!        string ~ /regex/ ..255      a form, at most so many characters
//!        integer >= 0, number > 0   a bound
//!        [TYPE] 2..2 @unique        from..to elements
//! { … }  key key!: TYPE             `!` is required; quotes for keys that are no names; `/regex/: TYPE`, `*: TYPE` the rest
//!        @closed                    no other key;  @sealed  no other key, those of the parts aside
//!        @extends Name              builds on it;  @is TYPE  besides;  @if (TYPE) TYPE;  @by key { word word: TYPE }  besides, by the word under key
//!        @by key? { … }             the same, and every case when the key is absent
//!        @needs(key …) @forbids(key …) @min 1 @names /regex/
//! { … }? only maps are looked at
//! ```
//!
//! Deliberately absent: errors for users. The schemas are compiled in, and a test reads them all.

use super::shape::{Bound, Choice, DefinitionId, Field, Pattern, Record, Shape, Version};
use std::iter::Peekable;
use std::vec::IntoIter;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name, a key, or a version.
    Word(String),
    Quoted(String),
    Regex(String),
    /// `@closed` and the like.
    At(String),
    Symbol(&'static str),
    /// `2..2`, `..255`, `1..`.
    Span(usize, usize),
}

const SYMBOLS: &[&str] =
    &["+=", "-=", ">=", "{", "}", "[", "]", "(", ")", ":", "!", "?", "|", "^", "&", "*", ">", "=", ",", "~"];

/// Reads a file of schemas; the error says what was found instead of what.
pub fn parse(text: &str) -> Result<Vec<Version>, String> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), names: vec!["Root".into()] };
    let mut versions: Vec<Version> = Vec::new();
    while parser.tokens.peek().is_some() {
        let version = parser.version(&versions)?;
        versions.push(version);
    }
    // A name that is used and not defined would allow anything.
    for version in &mut versions {
        version.definitions.resize(parser.names.len(), None);
    }
    let newest = versions.first().ok_or("no version")?;
    match newest.definitions.iter().position(Option::is_none) {
        Some(missing) => Err(format!("`{}` is not defined", parser.names.get(missing).cloned().unwrap_or_default())),
        None => Ok(versions),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    'next: loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(found) };
        let word_end = |text: &str| {
            let is_part = |c: char| c.is_alphanumeric() || "_-.$".contains(c);
            text.find(|c| !is_part(c)).unwrap_or(text.len())
        };
        if first == '#' {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        if first == '"' || first == '/' {
            let (body, after) = delimited(rest, first).ok_or_else(|| format!("unclosed {first}"))?;
            found.push(if first == '"' { Token::Quoted(body) } else { Token::Regex(body) });
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix('@') {
            let (name, after) = after.split_at(word_end(after));
            found.push(Token::At(name.to_owned()));
            rest = after;
            continue;
        }
        for symbol in SYMBOLS {
            if let Some(after) = rest.strip_prefix(symbol) {
                found.push(Token::Symbol(symbol));
                rest = after;
                continue 'next;
            }
        }
        let (word, after) = rest.split_at(word_end(rest));
        if word.is_empty() {
            return Err(format!("unexpected `{first}`"));
        }
        found.push(match word.split_once("..") {
            Some((from, to)) => {
                let number = |text: &str, absent| if text.is_empty() { Ok(absent) } else { text.parse() };
                let parsed = (number(from, 0), number(to, usize::MAX));
                let (Ok(from), Ok(to)) = parsed else { return Err(format!("`{word}` is no span")) };
                Token::Span(from, to)
            }
            None => Token::Word(word.to_owned()),
        });
        rest = after;
    }
}

/// The text up to the next unescaped delimiter; an escaped delimiter is itself.
fn delimited(text: &str, delimiter: char) -> Option<(String, &str)> {
    let mut body = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()?.1 {
                escaped if escaped == delimiter => body.push(escaped),
                other => body.extend(['\\', other]),
            },
            c if c == delimiter => return Some((body, text.get(at + c.len_utf8()..)?)),
            c => body.push(c),
        }
    }
    None
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    names: Vec<String>,
}

impl Parser {
    fn next(&mut self) -> Result<Token, String> {
        self.tokens.next().ok_or_else(|| "unexpected end".to_owned())
    }

    fn accept(&mut self, symbol: &'static str) -> bool {
        self.tokens.next_if_eq(&Token::Symbol(symbol)).is_some()
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), String> {
        let found = self.next()?;
        if found == Token::Symbol(symbol) { Ok(()) } else { Err(format!("expected `{symbol}`, found {found:?}")) }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Word(word) | Token::Quoted(word) => Ok(word),
            other => Err(format!("expected a word, found {other:?}")),
        }
    }

    fn id(&mut self, name: &str) -> DefinitionId {
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }

    fn version(&mut self, before: &[Version]) -> Result<Version, String> {
        let introduced = self.word()?;
        if introduced != "version" {
            return Err(format!("expected `version`, found `{introduced}`"));
        }
        let name = self.word()?;
        let mut definitions = Vec::new();
        if self.tokens.next_if_eq(&Token::Word("from".into())).is_some() {
            let from = self.word()?;
            let base = before.iter().find(|version| *version.name == *from);
            definitions = base.ok_or_else(|| format!("version {from} is not above"))?.definitions.clone();
        }
        while let Some(Token::Word(word)) = self.tokens.peek() {
            if word == "version" {
                break;
            }
            let name = self.word()?;
            let id = self.id(&name);
            if definitions.len() <= id {
                definitions.resize(id + 1, None);
            }
            match self.next()? {
                Token::Symbol("=") => {
                    let shape = self.shape()?;
                    if let Some(slot) = definitions.get_mut(id) {
                        *slot = Some(shape);
                    }
                }
                Token::Symbol(operator @ ("+=" | "-=")) => {
                    let Some(Some(Shape::Record(record))) = definitions.get_mut(id) else {
                        return Err(format!("`{name}` is no record to change"));
                    };
                    self.expect("{")?;
                    if operator == "+=" { self.members(record)? } else { self.removals(record)? }
                }
                other => return Err(format!("expected `=`, found {other:?}")),
            }
        }
        Ok(Version { name: name.into(), definitions, root: 0 })
    }

    fn shape(&mut self) -> Result<Shape, String> {
        let first = self.single()?;
        let (symbol, make): (_, fn(Vec<Shape>) -> Shape) = match self.tokens.peek() {
            Some(Token::Symbol("|")) => ("|", any_of),
            Some(Token::Symbol("^")) => ("^", Shape::OneOf),
            Some(Token::Symbol("&")) => ("&", Shape::AllOf),
            _ => return Ok(first),
        };
        let mut all = vec![first];
        while self.accept(symbol) {
            all.push(self.single()?);
        }
        Ok(make(all))
    }

    fn single(&mut self) -> Result<Shape, String> {
        Ok(match self.next()? {
            Token::Symbol("(") => {
                let shape = self.shape()?;
                self.expect(")")?;
                shape
            }
            Token::Symbol("[") => {
                let item = Box::new(self.shape()?);
                self.expect("]")?;
                let (min, max) = self.span().unwrap_or((0, usize::MAX));
                let unique = self.tokens.next_if_eq(&Token::At("unique".into())).is_some();
                Shape::List { item, min, max, unique }
            }
            Token::Symbol("{") => {
                let mut record = Record::default();
                self.members(&mut record)?;
                record.only_maps = self.accept("?");
                Shape::Record(Box::new(record))
            }
            Token::Quoted(word) => Shape::Words(vec![word.into()]),
            Token::Word(word) => match word.as_str() {
                "any" => Shape::Any,
                "null" => Shape::Null,
                "boolean" => Shape::Boolean,
                "object" => Shape::Map,
                "array" => Shape::List { item: Box::new(Shape::Any), min: 0, max: usize::MAX, unique: false },
                "integer" => Shape::Integer(self.bound()?),
                "number" => Shape::Number(self.bound()?),
                "string" => Shape::Text {
                    pattern: if self.accept("~") { Some(self.regex()?) } else { None },
                    chars_max: self.span().map(|(_, max)| max),
                },
                name if name.starts_with(char::is_uppercase) => Shape::Definition(self.id(name)),
                other => return Err(format!("`{other}` is no type")),
            },
            other => return Err(format!("expected a type, found {other:?}")),
        })
    }

    fn regex(&mut self) -> Result<Pattern, String> {
        match self.next()? {
            Token::Regex(source) => Ok(Pattern::new(&source)),
            other => Err(format!("expected a regex, found {other:?}")),
        }
    }

    fn span(&mut self) -> Option<(usize, usize)> {
        match self.tokens.next_if(|token| matches!(token, Token::Span(..))) {
            Some(Token::Span(from, to)) => Some((from, to)),
            _ => None,
        }
    }

    fn bound(&mut self) -> Result<Option<Bound>, String> {
        let exclusive = match self.tokens.peek() {
            Some(Token::Symbol(">=")) => false,
            Some(Token::Symbol(">")) => true,
            _ => return Ok(None),
        };
        self.next()?;
        let number = self.word()?;
        let least = number.parse().map_err(|_| format!("`{number}` is no number"))?;
        Ok(Some(Bound { least, exclusive }))
    }

    /// The members of a record, after its brace; what is there already is replaced.
    fn members(&mut self, record: &mut Record) -> Result<(), String> {
        loop {
            match self.next()? {
                Token::Symbol("}") => return Ok(()),
                Token::Symbol(",") => {}
                Token::Symbol("*") => {
                    self.expect(":")?;
                    record.rest = Some(self.shape()?);
                }
                Token::Regex(source) => {
                    self.expect(":")?;
                    record.patterns.push((Pattern::new(&source), self.shape()?));
                }
                Token::At(name) => self.part(&name, record)?,
                Token::Word(key) | Token::Quoted(key) => {
                    let mut keys = vec![(key, self.accept("!"))];
                    while !self.accept(":") {
                        keys.push((self.word()?, self.accept("!")));
                    }
                    let shape = self.shape()?;
                    for (key, required) in keys {
                        let field = Field { key: key.into(), required, shape: shape.clone() };
                        match record.fields.iter_mut().find(|known| known.key == field.key) {
                            Some(known) => *known = field,
                            None => record.fields.push(field),
                        }
                    }
                }
                other => return Err(format!("expected a key, found {other:?}")),
            }
        }
    }

    fn part(&mut self, name: &str, record: &mut Record) -> Result<(), String> {
        match name {
            "closed" => record.closed = true,
            "sealed" => record.sealed = true,
            "needs" => record.needs = self.words()?,
            "forbids" => record.forbids = self.words()?,
            "min" => record.entries_min = self.word()?.parse().map_err(|_| "@min wants a number")?,
            "names" => record.names = Some(self.regex()?),
            "extends" => record.extends.push(self.shape()?),
            "is" => record.is.push(self.shape()?),
            "if" => {
                self.expect("(")?;
                let condition = self.shape()?;
                self.expect(")")?;
                record.conditions.push((condition, self.shape()?));
            }
            "by" => {
                let key = self.word()?;
                let vacuous = self.accept("?");
                self.expect("{")?;
                let index = choice(record, &key, vacuous);
                while !self.accept("}") {
                    let mut words = vec![self.word()?];
                    while !self.accept(":") {
                        words.push(self.word()?);
                    }
                    let shape = self.shape()?;
                    if let Some(choice) = record.choices.get_mut(index) {
                        choice.cases.extend(words.into_iter().map(|word| (word.into(), shape.clone())));
                    }
                }
            }
            other => return Err(format!("`@{other}` is no part")),
        }
        Ok(())
    }

    /// The words of `(a b)`.
    fn words(&mut self) -> Result<Vec<Box<str>>, String> {
        self.expect("(")?;
        let mut words = Vec::new();
        while !self.accept(")") {
            words.push(self.word()?.into());
        }
        Ok(words)
    }

    fn removals(&mut self, record: &mut Record) -> Result<(), String> {
        loop {
            match self.next()? {
                Token::Symbol("}") => return Ok(()),
                Token::At(name) => match name.as_str() {
                    "closed" => record.closed = false,
                    "sealed" => record.sealed = false,
                    "is" => record.is.clear(),
                    "if" => record.conditions.clear(),
                    "by" => {
                        let key = self.word()?;
                        let vacuous = self.accept("?");
                        let index = choice(record, &key, vacuous);
                        let words = self.words()?;
                        if let Some(choice) = record.choices.get_mut(index) {
                            choice.cases.retain(|word, _| !words.contains(word));
                        }
                    }
                    other => return Err(format!("`@{other}` cannot be taken away")),
                },
                Token::Word(key) | Token::Quoted(key) => {
                    let before = record.fields.len();
                    record.fields.retain(|field| *field.key != *key);
                    if record.fields.len() == before {
                        return Err(format!("`{key}` is not there to take away"));
                    }
                }
                other => return Err(format!("expected a key, found {other:?}")),
            }
        }
    }
}

/// Several words are one choice; anything else is alternatives.
fn any_of(all: Vec<Shape>) -> Shape {
    let words: Option<Vec<_>> = all
        .iter()
        .map(|shape| match shape {
            Shape::Words(words) => Some(words.clone()),
            _ => None,
        })
        .collect();
    words.map_or(Shape::AnyOf(all), |words| Shape::Words(words.concat()))
}

fn choice(record: &mut Record, key: &str, vacuous: bool) -> usize {
    let same = |choice: &Choice| *choice.key == *key && choice.vacuous == vacuous;
    record.choices.iter().position(same).unwrap_or_else(|| {
        record.choices.push(Choice { key: key.into(), vacuous, cases: Default::default() });
        record.choices.len() - 1
    })
}
