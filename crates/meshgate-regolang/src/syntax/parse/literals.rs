//! Bodies and the statements in them.
//!
//! Deliberately absent: `and` and `or`; see `logic`.

use super::super::ast::{Body, Every, Expr, ExprKind, Node, Term, With};
use super::super::token::Kind;
use super::Parser;

impl Parser<'_> {
    /// Statements up to a bracket, which stays.
    pub(super) fn body(&mut self, end: Kind) -> Option<Body> {
        self.enter()?;
        let body = self.query(false, end);
        self.leave();
        body
    }

    /// Statements up to `end`, or one, or those that semicolons join.
    pub(super) fn query(&mut self, one: bool, end: Kind) -> Option<Body> {
        if self.s.kind == end {
            let here = self.here();
            self.error(here, "found empty body");
            return None;
        }
        let (mut body, mut highest) = (Vec::new(), 0);
        loop {
            body.push(self.literal()?);
            highest = highest.max(self.height);
            self.height = highest;
            if self.s.kind == Kind::Semicolon {
                self.scan();
                continue;
            }
            if self.s.kind == end || one {
                return Some(body);
            }
            if !self.s.skipped_feed {
                if self.errors.is_empty() {
                    self.illegal(&format!("expected \\n or {} or {}", Kind::Semicolon.name(), end.name()));
                }
                return None;
            }
        }
    }

    /// One statement.
    pub(super) fn literal(&mut self) -> Option<Expr> {
        let offset = self.s.start;
        let mut expr = self.statement()?;
        let span = self.span(offset, self.s.last_end);
        expr.span = span;
        if let ExprKind::Not { body, explicit: false } = &mut expr.kind {
            body.iter_mut().for_each(|inner| inner.span = span);
        }
        Some(expr)
    }

    fn statement(&mut self) -> Option<Expr> {
        if self.logical() {
            match self.s.kind {
                Kind::LBrace => {
                    if let Some(expr) = self.logical_braces() {
                        return expr;
                    }
                }
                Kind::LParen => {
                    if let Some(expr) = self.logical_parens() {
                        return expr;
                    }
                }
                _ => {}
            }
        }
        if self.s.kind.is_keyword() && matches!(self.peek(), Kind::Dot | Kind::LBrack) {
            self.s.kind = Kind::Ident;
            return self.literal_expr(None);
        }
        let negation = self.negation();
        if let Some(at) = negation
            && self.s.not_bodies
            && self.s.kind == Kind::LBrace
        {
            let not = self.not_body(at)?;
            let span = not.span;
            return self.fold(vec![not], false, span);
        }
        match (self.s.kind, negation) {
            (Kind::Some, Some(_)) => {
                self.illegal("illegal negation of 'some'");
                None
            }
            (Kind::Every, Some(_)) => {
                self.illegal("illegal negation of 'every'");
                None
            }
            (Kind::Some, None) => self.some(),
            (Kind::Every, None) => self.every(),
            _ => self.literal_expr(negation),
        }
    }

    /// The offset of `not`, if there is one, which is read.
    pub(super) fn negation(&mut self) -> Option<usize> {
        if self.s.kind != Kind::Not || matches!(self.peek(), Kind::Dot | Kind::LBrack) {
            return None;
        }
        let at = self.s.start;
        self.scan();
        Some(at)
    }

    /// Replacements, if there are any here.
    pub(super) fn with(&mut self) -> Option<Vec<With>> {
        let mut withs = Vec::new();
        while self.s.kind == Kind::With {
            let start = self.s.start;
            self.scan();
            if self.s.kind != Kind::Ident {
                self.illegal("expected ident");
                return None;
            }
            let target = self.term()?;
            if !matches!(target.node, Node::Ref(_) | Node::Var(_)) {
                self.illegal("expected with target path");
            }
            if self.s.kind != Kind::As {
                self.illegal("expected as keyword");
                return None;
            }
            self.scan();
            let value = self.infix()?;
            withs.push(With { span: self.span(start, self.s.last_end), target, value });
        }
        Some(withs)
    }

    fn some(&mut self) -> Option<Expr> {
        let span = self.here();
        let s = self.s;
        self.scan();
        if let Some(term @ Term { node: Node::Call(_), .. }) = self.infix() {
            match (member(&term), &term.node) {
                (Some(2), Node::Call(terms)) if terms.len() == 3 => {}
                (Some(3), Node::Call(terms)) if terms.len() == 4 => {}
                (Some(_), _) => {
                    self.illegal("illegal domain");
                    return None;
                }
                _ => {
                    self.illegal("expected `x in xs` or `x, y in xs` expression");
                    return None;
                }
            }
            let mut expr = Expr::new(span, ExprKind::Some(vec![term]));
            expr.with = self.with()?;
            return Some(expr);
        }
        self.restore(s);
        let mut symbols = Vec::new();
        loop {
            self.scan();
            if self.s.kind != Kind::Ident {
                self.illegal("expected var");
                return None;
            }
            symbols.push(self.var());
            self.scan();
            if self.s.kind != Kind::Comma {
                break;
            }
        }
        self.height = 1;
        Some(Expr::new(span, ExprKind::Some(symbols)))
    }

    fn every(&mut self) -> Option<Expr> {
        let span = self.here();
        self.scan();
        let term = self.infix()?;
        let height = self.height;
        let what = "expected `x[, y] in xs { ... }` expression";
        let kind = member(&term);
        let Node::Call(terms) = term.node else {
            self.illegal(what);
            return None;
        };
        let (key, value, domain) = match (kind, terms.len()) {
            (Some(2), 3) => {
                let [_, value, domain] = <[Term; 3]>::try_from(terms).ok()?;
                (None, value, domain)
            }
            (Some(3), 4) => {
                let [_, key, value, domain] = <[Term; 4]>::try_from(terms).ok()?;
                (Some(key), value, domain)
            }
            (Some(_), _) => {
                self.illegal("illegal domain");
                return None;
            }
            (None, _) => {
                self.illegal(what);
                return None;
            }
        };
        if key.as_ref().is_some_and(|key| key.as_var().is_none()) {
            self.illegal("expected key to be a variable");
            return None;
        }
        if value.as_var().is_none() {
            self.illegal("expected value to be a variable");
            return None;
        }
        if self.s.kind != Kind::LBrace {
            self.illegal("missing body");
            return None;
        }
        self.scan();
        let body = self.body(Kind::RBrace)?;
        self.lift(self.height.max(height))?;
        self.scan();
        let mut expr = Expr::new(span, ExprKind::Every(Box::new(Every { span, key, value, domain, body })));
        expr.with = self.with()?;
        Some(expr)
    }

    /// A term, a call, or two terms with `=` or `:=` between them.
    pub(super) fn expr(&mut self) -> Option<Expr> {
        let left = self.infix()?;
        let height = self.height;
        let span = left.span;
        if matches!(self.s.kind, Kind::Assign | Kind::Unify) {
            let operator = self.operator();
            let right = self.infix()?;
            self.lift(height.max(self.height))?;
            return Some(Expr::new(span, ExprKind::Call(vec![operator, left, right])));
        }
        let kind = match left.node {
            Node::Call(terms) => ExprKind::Call(terms),
            node => ExprKind::Term(Term::new(span, node)),
        };
        Some(Expr::new(span, kind))
    }
}

/// How many a membership takes, if it is one.
fn member(term: &Term) -> Option<u8> {
    let Node::Call(terms) = &term.node else { return None };
    match terms.first()?.as_ref()? {
        [head, step] if head.as_var().is_some_and(|name| &**name == "internal") => match &step.node {
            Node::String(name) if &**name == "member_2" => Some(2),
            Node::String(name) if &**name == "member_3" => Some(3),
            _ => None,
        },
        _ => None,
    }
}
