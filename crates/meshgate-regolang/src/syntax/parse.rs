//! The parser: statements of a module, and what all of its parts share. It takes what OPA's parser takes, and its first
//! error is OPA's.
//!
//! Deliberately absent: what statements mean together; see `module`.

mod literals;
mod logic;
mod rules;
mod scalars;
mod terms;

use super::ast::{Body, Comment, Import, Name, Node, Rule, Term};
use super::lex::{Lexer, Resume};
use super::token::{self, Keywords, Kind};
use crate::error::{Code, Error};
use crate::source::{Source, Span};
use foldhash::fast::RandomState;
use std::collections::HashSet;

/// How deep terms may be nested; chains of operators are nested, too.
const NESTING_MAX: usize = 1_000;
/// Tokens that may be read for each byte of a text: the parser tries some things twice.
const TRIES_MAX: usize = 32;

/// A statement at the top of a module.
#[derive(Debug)]
pub enum Statement {
    /// `package`, and its path without `data`.
    Package(Span, Vec<Term>),
    /// `import`
    Import(Import),
    /// A rule, its further bodies each a rule.
    Rules(Vec<Rule>),
    /// What reads as a query, and may be a rule without a body.
    Body(Body),
}

/// Where the parser is.
#[derive(Clone, Copy)]
struct State<'a> {
    lexer: Lexer<'a>,
    kind: Kind,
    start: usize,
    end: usize,
    /// Where the last token ended that is no space.
    last_end: usize,
    skipped_feed: bool,
    wildcards: u32,
    errors: usize,
    comments: usize,
    keywords: Keywords,
    /// `not` has a body of its own.
    not_bodies: bool,
}

/// The parser of one text.
pub struct Parser<'a> {
    source: &'a Source,
    file: u32,
    v1: bool,
    s: State<'a>,
    pub errors: Vec<Error>,
    pub comments: Vec<Comment>,
    names: HashSet<Name, RandomState>,
    depth: usize,
    /// How deep the last term was nested.
    height: usize,
    fuel: usize,
}

impl<'a> Parser<'a> {
    /// The parser of a text; `file` is its index among those that are compiled together.
    pub fn new(source: &'a Source, file: u32, v1: bool) -> Self {
        let keywords = if v1 { Keywords::V1 } else { Keywords::V0 };
        let s = State {
            lexer: Lexer::new(source.text()),
            kind: Kind::Illegal,
            start: 0,
            end: 0,
            last_end: 0,
            skipped_feed: false,
            wildcards: 0,
            errors: 0,
            comments: 0,
            keywords,
            not_bodies: false,
        };
        let fuel = source.text().len().saturating_mul(TRIES_MAX).saturating_add(1 << 12);
        let (errors, comments, names) = (Vec::new(), Vec::new(), HashSet::default());
        let mut parser = Self { source, file, v1, s, errors, comments, names, depth: 0, height: 0, fuel };
        parser.scan();
        parser
    }

    /// All statements, until one cannot be read.
    pub fn statements(&mut self, rules: bool) -> Vec<Statement> {
        let mut found = Vec::new();
        while self.s.kind != Kind::End {
            let s = self.s;
            if let Some((span, path)) = self.package() {
                found.push(Statement::Package(span, path));
                continue;
            }
            if !self.errors.is_empty() {
                break;
            }
            self.restore(s);
            if let Some(import) = self.import() {
                self.imported(&import);
                found.push(Statement::Import(import));
                continue;
            }
            if !self.errors.is_empty() {
                break;
            }
            self.restore(s);
            if rules {
                if let Some(rules) = self.rules() {
                    found.push(Statement::Rules(rules));
                    continue;
                }
                if !self.errors.is_empty() {
                    break;
                }
                self.restore(s);
            }
            match self.query(true, Kind::End) {
                Some(body) => found.push(Statement::Body(body)),
                None => break,
            }
        }
        found
    }

    /// A keyword and the space behind it, where a path begins there: the keyword's place.
    fn keyword_before_path(&mut self, keyword: Kind) -> Option<Span> {
        if self.s.kind != keyword {
            return None;
        }
        let span = self.here();
        self.scan_space();
        if matches!(self.s.kind, Kind::Dot | Kind::LBrack) {
            return None;
        }
        if self.s.kind == Kind::Space {
            self.scan();
        }
        if !self.word_here() {
            self.illegal("");
            return None;
        }
        Some(span)
    }

    fn package(&mut self) -> Option<(Span, Vec<Term>)> {
        let span = self.keyword_before_path(Kind::Package)?;
        let term = self.term()?;
        match term.node {
            Node::Var(ref name) => {
                let name = name.clone();
                Some((span, vec![Term::string(term.span, name)]))
            }
            Node::Ref(steps) => {
                let mut path = Vec::with_capacity(steps.len());
                for (index, step) in steps.into_iter().enumerate() {
                    match &step.node {
                        Node::Var(name) if index == 0 => {
                            let name = name.clone();
                            path.push(Term::string(step.span, name));
                        }
                        Node::String(_) if index > 0 => path.push(step),
                        _ => {
                            let want = if index == 0 { "var" } else { "string" };
                            let message = format!("unexpected {} token: expecting {want}", step.kind());
                            self.error(step.span, message);
                            return None;
                        }
                    }
                }
                Some((span, path))
            }
            _ => {
                self.illegal("");
                None
            }
        }
    }

    fn import(&mut self) -> Option<Import> {
        let span = self.keyword_before_path(Kind::Import)?;
        // A path may have words in it that are keywords once they are imported.
        let keywords = self.s.keywords;
        self.s.keywords = Keywords::V0;
        let term = self.term();
        // As in OPA, the token behind the path is read already: it stays what it is.
        self.s.keywords = keywords;
        let path = match term {
            Some(Term { node: Node::Ref(steps), span }) => {
                if let Some(step) = steps.iter().skip(1).find(|step| !matches!(step.node, Node::String(_))) {
                    let message = format!("unexpected {} token: expecting string", step.kind());
                    let span = step.span;
                    self.error(span, message);
                    return None;
                }
                Some(Term::new(span, Node::Ref(steps)))
            }
            Some(term @ Term { node: Node::Var(_), .. }) => Some(Term::new(term.span, Node::Ref(vec![term]))),
            _ => None,
        };
        let Some(path) = path else {
            let here = self.here();
            self.error(here, "expected path");
            return None;
        };
        let head = path.as_ref().and_then(|steps| steps.first()).map(Term::to_string).unwrap_or_default();
        if !matches!(head.as_str(), "data" | "input" | "future" | "rego") {
            let message = format!(
                "unexpected import path, must begin with one of: {{data, future, input, rego}}, got: {head} (hint: if this is unexpected, try updating OPA)"
            );
            self.error(path.span, message);
            return None;
        }
        let mut import = Import { span, path, alias: None };
        if self.s.kind == Kind::As {
            self.scan();
            if self.s.kind == Kind::Ident
                && let Some(Term { node: Node::Var(name), .. }) = self.term()
            {
                import.alias = Some(name);
                return Some(import);
            }
            self.illegal("expected var");
            return None;
        }
        let steps = import.steps();
        let last = steps.last().filter(|_| head != "future" || steps.len() == 1);
        if let Some(Term { node: Node::Var(name) | Node::String(name), span }) = last
            && token::is_reserved(name, self.v1)
        {
            let message = format!(
                "unexpected import path, must not end with a keyword, got: {name} (hint: import a different path or use an alias)"
            );
            let span = *span;
            self.error(span, message);
        }
        Some(import)
    }

    /// What `future` and `rego` imports change.
    fn imported(&mut self, import: &Import) {
        let words: Vec<_> = import.steps().iter().map(word).collect();
        let span = import.path.span;
        match words.split_first() {
            Some((&"future", rest)) => {
                if rest.first() != Some(&"keywords") {
                    self.error(span, "invalid import, must be `future.keywords`");
                } else if import.alias.is_some() {
                    self.error(span, "`future` imports cannot be aliased");
                } else {
                    let known: &[&str] = &["and", "contains", "every", "if", "in", "not", "or"];
                    let wanted = match rest.get(1) {
                        Some(word) if rest.len() == 2 => {
                            if !known.contains(word) {
                                let message = format!("unexpected keyword, must be one of [{}]", known.join(" "));
                                self.error(span, message);
                                return;
                            }
                            std::slice::from_ref(word)
                        }
                        _ => known,
                    };
                    for word in wanted {
                        self.s.not_bodies |= *word == "not";
                        self.s.keywords.add(word);
                    }
                }
            }
            Some((&"rego", rest)) => {
                if rest != ["v1"] {
                    let path = super::print::reference(import.steps());
                    self.error(span, format!("invalid import `{path}`, must be `rego.v1`"));
                } else if !self.v1 {
                    if import.alias.is_some() {
                        self.error(span, "`rego` imports cannot be aliased");
                        return;
                    }
                    ["in", "every", "contains", "if"].into_iter().for_each(|word| self.s.keywords.add(word));
                }
            }
            _ => {}
        }
    }

    /// Is there a name, or a keyword that may stand for one?
    fn word_here(&mut self) -> bool {
        let word = self.s.kind == Kind::Ident || self.s.kind.is_keyword();
        if word {
            self.s.kind = Kind::Ident;
        }
        word
    }

    /// Does a keyword here begin a reference?
    fn ref_ahead(&mut self) -> bool {
        if !self.s.kind.is_keyword() {
            return false;
        }
        let yes = matches!(self.peek(), Kind::Dot | Kind::LBrack);
        if yes {
            self.s.kind = Kind::Ident;
        }
        yes
    }

    /// The token behind this one, spaces included.
    fn peek(&mut self) -> Kind {
        let s = self.s;
        self.scan_space();
        let kind = self.s.kind;
        self.restore(s);
        kind
    }

    fn here(&self) -> Span {
        self.span(self.s.start, self.s.end)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file: self.file, start: offset(start), end: offset(end) }
    }

    fn text(&self) -> &'a str {
        self.source.text().get(self.s.start..self.s.end).unwrap_or_default()
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name = Name::from(text);
        self.names.insert(name.clone());
        name
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(Error::new(Code::Parse, span, message));
        self.s.errors = self.errors.len();
    }

    /// The token here cannot stand here.
    fn illegal(&mut self, note: &str) {
        let here = self.here();
        if self.s.kind == Kind::Illegal {
            self.error(here, "illegal token");
            return;
        }
        let (name, what) = (self.s.kind.name(), if self.s.kind.is_keyword() { "keyword" } else { "token" });
        let note = if note.is_empty() { String::new() } else { format!(": {note}") };
        self.error(here, format!("unexpected {name} {what}{note}"));
    }

    /// Tells beside the last error where the text broke.
    fn beside(&mut self, broke: Option<Error>) {
        let Some(broke) = broke else { return };
        let place = self.source.place(broke.span.start);
        let said =
            broke.help.unwrap_or_else(|| format!("line {}, column {}: {}", place.line, place.column, broke.message));
        self.errors.last_mut().into_iter().for_each(|last| last.help = Some(said.clone()));
    }

    fn scan(&mut self) {
        self.advance(true, None);
    }

    fn scan_space(&mut self) {
        self.advance(false, None);
    }

    fn advance(&mut self, skip_space: bool, resume: Option<Resume>) {
        if self.s.kind != Kind::Space {
            self.s.last_end = self.s.end;
            self.s.skipped_feed = false;
        }
        loop {
            self.fuel = self.fuel.saturating_sub(1);
            let token = self.s.lexer.scan(self.s.keywords, resume);
            self.s.kind = token.kind;
            self.s.start = token.start;
            self.s.end = token.end;
            if let Some(wrong) = self.s.lexer.wrong {
                let here = self.here();
                self.error(here, wrong);
                self.s.kind = Kind::Illegal;
            } else if self.fuel == 0 {
                let here = self.here();
                self.error(here, "the text is too tangled to be read: name the inner parts");
                self.s.kind = Kind::End;
                return;
            }
            if self.s.kind == Kind::Space {
                self.s.skipped_feed |= self.text() == "\n";
                if skip_space {
                    continue;
                }
            }
            if self.s.kind != Kind::Comment {
                return;
            }
            let text = self.text();
            let text = text.get(1..).unwrap_or_default();
            let comment = Comment { span: self.here(), text: Name::from(text.strip_suffix('\r').unwrap_or(text)) };
            self.comments.truncate(self.s.comments);
            self.comments.push(comment);
            self.s.comments = self.comments.len();
        }
    }

    fn restore(&mut self, s: State<'a>) {
        self.s = s;
        self.errors.truncate(s.errors);
        self.comments.truncate(s.comments);
    }

    /// One nesting more, if there may be.
    fn enter(&mut self) -> Option<()> {
        if self.depth >= NESTING_MAX {
            let here = self.here();
            self.error(here, "max parsing recursion depth exceeded");
            return None;
        }
        self.depth += 1;
        Some(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Something is made around what is nested so deep.
    fn lift(&mut self, inner: usize) -> Option<()> {
        self.height = inner + 1;
        if self.height > NESTING_MAX {
            let here = self.here();
            self.error(here, "max parsing recursion depth exceeded");
            return None;
        }
        Some(())
    }
}

fn word(step: &Term) -> &str {
    match &step.node {
        Node::Var(name) | Node::String(name) => name,
        _ => "",
    }
}
