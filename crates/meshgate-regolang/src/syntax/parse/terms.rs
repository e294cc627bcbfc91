//! Terms: operators, references, calls, collections, comprehensions.
//!
//! Deliberately absent: what operators take, the type checker says; numbers, strings and templates, see `scalars`.

use super::super::ast::{Name, Node, Term};
use super::super::compare;
use super::super::lex::Resume;
use super::super::token::Kind;
use super::Parser;
use crate::number::Number;

/// How tight an operator binds.
fn level(kind: Kind) -> Option<u8> {
    use Kind as K;
    match kind {
        K::Equal | K::Neq | K::Lt | K::Gt | K::Lte | K::Gte => Some(1),
        K::Or => Some(2),
        K::And => Some(3),
        K::Add | K::Sub => Some(4),
        K::Mul | K::Quo | K::Rem => Some(5),
        _ => None,
    }
}

impl Parser<'_> {
    /// A term with operators, `in` among them.
    pub(super) fn infix(&mut self) -> Option<Term> {
        self.membership(None, true)
    }

    /// The same where commas separate.
    fn infix_in_list(&mut self, first: Option<Term>) -> Option<Term> {
        self.membership(first, false)
    }

    fn membership(&mut self, first: Option<Term>, comma: bool) -> Option<Term> {
        let start = first.as_ref().map_or(self.s.start, |term| term.span.start as usize);
        let mut left = self.binary(1, first)?;
        loop {
            let height = self.height;
            if comma && self.s.kind == Kind::Comma {
                let s = self.s;
                self.scan();
                if let Some(middle) = self.binary(1, None)
                    && self.s.kind == Kind::In
                {
                    let height = height.max(self.height);
                    let operator = self.named_operator("internal.member_3");
                    if let Some(right) = self.binary(1, None) {
                        self.lift(height.max(self.height))?;
                        let span = left.span.to(self.span(start, self.s.last_end).end);
                        left = Term::new(span, Node::Call(vec![operator, left, middle, right]));
                        if self.s.kind == Kind::In {
                            continue;
                        }
                        return Some(left);
                    }
                }
                self.restore(s);
                self.height = height;
            }
            self.ref_ahead();
            if self.s.kind != Kind::In {
                return Some(left);
            }
            let operator = self.named_operator("internal.member_2");
            // As in OPA, what is left of a broken operator stays; that it broke is told.
            let Some(right) = self.binary(1, None) else { return Some(left) };
            self.lift(height.max(self.height))?;
            let span = left.span.to(self.span(start, self.s.last_end).end);
            left = Term::new(span, Node::Call(vec![operator, left, right]));
            if self.s.kind != Kind::In {
                return Some(left);
            }
        }
    }

    fn binary(&mut self, least: u8, first: Option<Term>) -> Option<Term> {
        let mut left = match first {
            Some(term) => term,
            None => self.term()?,
        };
        let mut most = u8::MAX;
        while let Some(level) = level(self.s.kind).filter(|level| *level >= least && *level <= most) {
            let height = self.height;
            let operator = self.operator();
            let Some(right) = self.binary(level + 1, None) else {
                (most, self.height) = (level - 1, height);
                continue;
            };
            self.lift(height.max(self.height))?;
            let span = left.span.to(self.span(0, self.s.last_end).end);
            left = Term::new(span, Node::Call(vec![operator, left, right]));
        }
        Some(left)
    }

    /// The function that the operator here calls; the operator is read.
    pub(super) fn operator(&mut self) -> Term {
        let name = self.s.kind.name();
        self.named_operator(name)
    }

    fn named_operator(&mut self, name: &str) -> Term {
        let term = Term::function(self.here(), name);
        self.scan();
        term
    }

    /// A term without operators.
    pub(super) fn term(&mut self) -> Option<Term> {
        self.enter()?;
        let term = self.simple();
        self.leave();
        term
    }

    fn simple(&mut self) -> Option<Term> {
        if matches!(self.s.kind, Kind::LogicalAnd | Kind::LogicalOr) && self.peek() == Kind::LParen {
            self.s.kind = Kind::Ident;
        }
        let (span, start) = (self.here(), self.s.start);
        self.height = 1;
        let mut minus = false;
        let term = match self.s.kind {
            Kind::Null => Term::new(span, Node::Null),
            Kind::True => Term::new(span, Node::Bool(true)),
            Kind::False => Term::new(span, Node::Bool(false)),
            Kind::Sub => {
                let s = self.s;
                self.scan();
                if matches!(self.s.kind, Kind::Ident | Kind::Contains) {
                    minus = true;
                    self.var()
                } else {
                    self.restore(s);
                    self.number()?
                }
            }
            Kind::Dot | Kind::Number => self.number()?,
            Kind::String => self.string()?,
            Kind::TemplatePart | Kind::TemplateEnd => self.template(Resume::Template)?,
            Kind::RawTemplatePart | Kind::RawTemplateEnd => self.template(Resume::Raw)?,
            Kind::Ident | Kind::Contains => self.var(),
            Kind::LBrack => self.array()?,
            Kind::LBrace => self.braces()?,
            Kind::LParen => {
                self.scan();
                let mut inner = self.infix()?;
                if self.s.kind != Kind::RParen {
                    let here = self.here();
                    self.error(here, "non-terminated expression");
                    return None;
                }
                inner.span.end = self.here().end;
                inner
            }
            _ => {
                self.illegal("");
                return None;
            }
        };
        let offset = self.s.start;
        self.scan_space();
        let term = self.finish_with(term, offset)?;
        if minus {
            self.lift(self.height)?;
            let whole = self.span(start, self.s.last_end);
            let zero = Term::new(span, Node::Number(Number::new("0")));
            return Some(Term::new(whole, Node::Call(vec![Term::function(span, "minus"), zero, term])));
        }
        Some(term)
    }

    /// What follows a term directly: steps or arguments.
    pub(super) fn finish_with(&mut self, head: Term, _offset: usize) -> Option<Term> {
        match self.s.kind {
            Kind::LParen | Kind::Dot | Kind::LBrack => return self.reference(head),
            Kind::Space => self.scan(),
            _ => {}
        }
        match head.as_var() {
            Some(name) if matches!(&**name, "input" | "data") => Some(Term::new(head.span, Node::Ref(vec![head]))),
            _ => Some(head),
        }
    }

    fn reference(&mut self, head: Term) -> Option<Term> {
        let mut head = head;
        'head: loop {
            let span = head.span;
            match head.node {
                Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Ref(_) | Node::Template(_) => {
                    let message = format!("illegal ref (head cannot be {})", head.kind());
                    self.error(span, message);
                }
                _ => {}
            }
            let mut highest = self.height;
            let mut steps = vec![head];
            loop {
                match self.s.kind {
                    Kind::Dot => {
                        self.scan_space();
                        if self.s.kind != Kind::Ident && !self.s.kind.is_keyword() {
                            self.illegal(&format!("expected {}", Kind::Ident.name()));
                            return None;
                        }
                        let text = self.text();
                        let name = self.name(text);
                        steps.push(Term::string(self.here(), name));
                        self.scan_space();
                    }
                    Kind::LParen => {
                        self.height = highest;
                        let function = Term::new(span.to(self.here().start), Node::Ref(steps));
                        let term = self.call(function)?;
                        match self.s.kind {
                            Kind::Space => {
                                self.scan();
                                return Some(term);
                            }
                            Kind::Dot | Kind::LBrack => {
                                head = term;
                                continue 'head;
                            }
                            _ => return Some(term),
                        }
                    }
                    Kind::LBrack => {
                        self.scan();
                        let step = self.infix()?;
                        highest = highest.max(self.height);
                        if self.s.kind != Kind::RBrack {
                            self.illegal(&format!("expected {}", Kind::LBrack.name()));
                            return None;
                        }
                        steps.push(step);
                        self.scan_space();
                    }
                    kind => {
                        let end = self.span(0, self.s.last_end).end;
                        if kind == Kind::Space {
                            self.scan();
                        }
                        self.lift(highest)?;
                        return Some(Term::new(span.to(end), Node::Ref(steps)));
                    }
                }
            }
        }
    }

    fn call(&mut self, function: Term) -> Option<Term> {
        let span = function.span;
        let height = self.height;
        self.scan();
        if self.s.kind == Kind::RParen {
            let end = self.here().end;
            self.scan_space();
            let is_set = matches!(function.as_ref(), Some([Term { node: Node::Var(name), .. }]) if &**name == "set");
            self.lift(height)?;
            let node = if is_set { Node::Set(Vec::new()) } else { Node::Call(vec![function]) };
            return Some(Term::new(span.to(end), node));
        }
        let terms = self.list(Kind::RParen, vec![function], height)?;
        let end = self.here().end;
        self.scan_space();
        Some(Term::new(span.to(end), Node::Call(terms)))
    }

    /// Terms up to a bracket, which stays; the height is that of a term that holds them.
    fn list(&mut self, end: Kind, mut terms: Vec<Term>, mut highest: usize) -> Option<Vec<Term>> {
        while self.s.kind != end {
            terms.push(self.infix_in_list(None)?);
            highest = highest.max(self.height);
            match self.s.kind {
                Kind::Comma => self.scan(),
                kind if kind == end => {}
                _ => {
                    self.illegal(&format!("expected \"{}\" or \"{}\"", Kind::Comma.name(), end.name()));
                    return None;
                }
            }
        }
        self.lift(highest)?;
        Some(terms)
    }

    /// More terms after one that was read without its operators.
    fn list_from(&mut self, end: Kind, first: Option<Term>) -> Option<Vec<Term>> {
        let first = self.infix_in_list(first)?;
        let highest = self.height;
        match self.s.kind {
            Kind::Comma => self.scan(),
            kind if kind == end => {}
            _ => {
                self.illegal(&format!("expected \"{}\" or \"{}\"", Kind::Comma.name(), end.name()));
                return None;
            }
        }
        self.list(end, vec![first], highest)
    }

    fn array(&mut self) -> Option<Term> {
        let start = self.s.start;
        self.scan();
        let node = self.array_inner()?;
        Some(Term::new(self.span(start, self.s.end), node))
    }

    fn array_inner(&mut self) -> Option<Node> {
        if self.s.kind == Kind::RBrack {
            return Some(Node::Array(Vec::new()));
        }
        let mut comprehension = true;
        if self.s.kind == Kind::Comma {
            comprehension = false;
            self.scan();
        }
        let s = self.s;
        let head = self.term()?;
        let height = self.height;
        match self.s.kind {
            Kind::RBrack => {
                self.lift(height)?;
                return Some(Node::Array(vec![head]));
            }
            Kind::Comma => {
                self.scan();
                return Some(Node::Array(self.list(Kind::RBrack, vec![head], height)?));
            }
            Kind::Or if comprehension => {
                self.scan();
                if let Some(body) = self.body(Kind::RBrack) {
                    self.lift(height.max(self.height))?;
                    return Some(Node::ArrayCompr(Box::new(head), body));
                }
                if self.s.kind != Kind::Comma {
                    return None;
                }
                self.restore(s);
                return Some(Node::Array(self.list(Kind::RBrack, Vec::new(), 0)?));
            }
            _ => {}
        }
        Some(Node::Array(self.list_from(Kind::RBrack, Some(head))?))
    }

    fn braces(&mut self) -> Option<Term> {
        let start = self.s.start;
        self.scan();
        let node = self.braces_inner()?;
        Some(Term::new(self.span(start, self.s.end), node))
    }

    fn braces_inner(&mut self) -> Option<Node> {
        if self.s.kind == Kind::RBrace {
            return Some(Node::Object(Vec::new()));
        }
        let mut comprehension = true;
        if self.s.kind == Kind::Comma {
            comprehension = false;
            self.scan();
        }
        let s = self.s;
        let head = self.term()?;
        match self.s.kind {
            Kind::Or if comprehension => {
                let height = self.height;
                self.scan();
                if let Some(body) = self.body(Kind::RBrace) {
                    self.lift(height.max(self.height))?;
                    return Some(Node::SetCompr(Box::new(head), body));
                }
                if self.s.kind != Kind::Comma {
                    return None;
                }
                self.restore(s);
                return Some(Node::Set(compare::set(self.list(Kind::RBrace, Vec::new(), 0)?)));
            }
            Kind::RBrace | Kind::Comma => return self.set(head),
            Kind::Colon => return self.object(head, comprehension),
            _ => {}
        }
        let head = self.infix_in_list(Some(head))?;
        match self.s.kind {
            Kind::RBrace | Kind::Comma => self.set(head),
            Kind::Colon => self.object(head, comprehension),
            _ => {
                self.illegal("non-terminated set");
                None
            }
        }
    }

    fn set(&mut self, head: Term) -> Option<Node> {
        let height = self.height;
        if self.s.kind == Kind::Comma {
            self.scan();
        }
        Some(Node::Set(compare::set(self.list(Kind::RBrace, vec![head], height)?)))
    }

    fn object(&mut self, key: Term, comprehension: bool) -> Option<Node> {
        let height = self.height;
        self.scan();
        let s = self.s;
        let value = self.term()?;
        let within = height.max(self.height);
        match self.s.kind {
            Kind::RBrace | Kind::Comma => {
                let pairs = self.pairs(key, value, within);
                if pairs.is_none() && comprehension {
                    // OPA goes back to the first value, and says so there; where it broke is told beside.
                    let broke = self.errors.last().cloned();
                    self.restore(s);
                    self.illegal("non-terminated object");
                    self.beside(broke);
                }
                return pairs;
            }
            Kind::Or if comprehension => {
                let copies = (key.clone(), value);
                self.scan();
                if let Some(body) = self.body(Kind::RBrace) {
                    self.lift(within.max(self.height))?;
                    return Some(Node::ObjectCompr(Box::new(copies), body));
                }
                self.restore(s);
                let value = self.infix_in_list(None)?;
                return self.object_end(key, value, height);
            }
            _ => {}
        }
        let value = self.infix_in_list(Some(value))?;
        self.object_end(key, value, height)
    }

    fn object_end(&mut self, key: Term, value: Term, height: usize) -> Option<Node> {
        if matches!(self.s.kind, Kind::RBrace | Kind::Comma) {
            return self.pairs(key, value, height.max(self.height));
        }
        self.illegal("non-terminated object");
        None
    }

    fn pairs(&mut self, key: Term, value: Term, mut highest: usize) -> Option<Node> {
        let mut pairs = vec![(key, value)];
        if self.s.kind == Kind::Comma {
            self.scan();
        }
        while self.s.kind != Kind::RBrace {
            let key = self.infix_in_list(None)?;
            highest = highest.max(self.height);
            if self.s.kind != Kind::Colon {
                self.illegal(&format!("expected \"{}\"", Kind::Colon.name()));
                return None;
            }
            self.scan();
            pairs.push((key, self.infix_in_list(None)?));
            highest = highest.max(self.height);
            match self.s.kind {
                Kind::Comma => self.scan(),
                Kind::RBrace => {}
                _ => {
                    self.illegal(&format!("expected \"{}\" or \"{}\"", Kind::Comma.name(), Kind::RBrace.name()));
                    return None;
                }
            }
        }
        self.lift(highest)?;
        Some(Node::Object(compare::object(pairs)))
    }

    /// The variable here, which stays the current token.
    pub(super) fn var(&mut self) -> Term {
        let text = self.text();
        let name = if text == "_" { self.wildcard() } else { self.name(text) };
        Term::var(self.here(), name)
    }

    pub(super) fn wildcard(&mut self) -> Name {
        let name = format!("${}", self.s.wildcards);
        self.s.wildcards += 1;
        self.name(&name)
    }
}
