//! `and`, `or` and `not { … }`, where they are imported.
//!
//! Deliberately absent: `not` before a single statement of modules that do not import it; see `literals`.

use super::super::ast::{Body, Expr, ExprKind, Logical, Node, Term};
use super::super::token::Kind;
use super::Parser;
use crate::source::Span;

/// An operand: its statements, whether its author wrote braces, and its place.
type Operand = (Body, bool, Span);

/// What parentheses were.
enum Group {
    /// Operands.
    Operand(Operand),
    /// Wrong, and it was said.
    Wrong,
    /// A term; the parser is before it again.
    Term,
}

impl Parser<'_> {
    /// Are `and` or `or` words here?
    pub(super) fn logical(&self) -> bool {
        self.s.keywords.and || self.s.keywords.or
    }

    fn at_logical(&self) -> bool {
        matches!(self.s.kind, Kind::LogicalAnd | Kind::LogicalOr)
    }

    fn text_of(&self, span: Span) -> &str {
        self.source.slice(span.start, span.end)
    }

    /// `{ … } and …`: braces that are an operand. The outer `None`: they are something else.
    pub(super) fn logical_braces(&mut self) -> Option<Option<Expr>> {
        let (s, start, span) = (self.s, self.s.start, self.here());
        self.scan();
        if let Some(body) = self.body(Kind::RBrace) {
            self.scan();
            if self.at_logical() {
                if is_union(&body, self.source) {
                    self.ambiguous(span, start, &body, "");
                    return Some(None);
                }
                return Some(self.or_chain((body, true, span)).and_then(|expr| self.with_after(expr)));
            }
        }
        self.restore(s);
        None
    }

    /// `(… or …)` at the beginning of a statement. The outer `None`: they hold a term.
    pub(super) fn logical_parens(&mut self) -> Option<Option<Expr>> {
        match self.group(false, "") {
            Group::Operand((body, explicit, span)) => Some(self.fold(body, explicit, span)),
            Group::Wrong => Some(None),
            Group::Term => None,
        }
    }

    /// A statement that is neither `some` nor `every`, after `not` if there was one.
    pub(super) fn literal_expr(&mut self, negation: Option<usize>) -> Option<Expr> {
        let start = self.s.start;
        let body_of_not = negation.filter(|_| self.s.not_bodies);
        if let Some(at) = body_of_not
            && self.s.kind == Kind::LParen
        {
            match self.group(true, "not ") {
                Group::Operand((body, explicit, _)) => {
                    let span = self.span(at, self.s.last_end);
                    let not = Expr::new(span, ExprKind::Not { body, explicit });
                    return self.fold(vec![not], false, span);
                }
                Group::Wrong => return None,
                Group::Term => {}
            }
        }
        let mut expr = self.expr()?;
        let with_at = (self.s.kind == Kind::With).then(|| self.here());
        let with = self.with()?;
        if let Some(at) = body_of_not {
            let span = self.span(at, self.s.last_end);
            expr = Expr::new(span, ExprKind::Not { body: vec![expr], explicit: false });
        } else {
            expr.negated = negation.is_some();
        }
        expr.with = with;
        if self.at_logical() {
            let word = self.s.kind.name();
            if let Some(at) = with_at {
                self.with_on_operand(at, word);
                return None;
            }
            if body_of_not.is_none() {
                expr.span = self.span(start, self.s.last_end);
            }
            if negation.is_none() && self.text_of(expr.span).starts_with('{') {
                if matches!(&expr.kind, ExprKind::Term(Term { node: Node::Object(pairs), .. }) if pairs.is_empty()) {
                    self.error(expr.span, "found empty body");
                } else {
                    self.brace_led(expr.span, expr.span, word);
                }
                return None;
            }
            let span = expr.span;
            let outer = self.or_chain((vec![expr], false, span))?;
            return self.with_after(outer);
        }
        Some(expr)
    }

    fn with_after(&mut self, mut expr: Expr) -> Option<Expr> {
        if self.s.kind == Kind::With {
            expr.with = self.with()?;
        }
        Some(expr)
    }

    /// What an operand goes on as.
    pub(super) fn fold(&mut self, body: Body, explicit: bool, span: Span) -> Option<Expr> {
        let expr = if self.at_logical() { self.or_chain((body, explicit, span))? } else { body.into_iter().next()? };
        self.with_after(expr)
    }

    /// `not { … }`, with `not` at this offset; the brace is here.
    pub(super) fn not_body(&mut self, at: usize) -> Option<Expr> {
        let (s, span, start) = (self.s, self.here(), self.s.start);
        self.scan();
        let empty = self.s.kind == Kind::RBrace;
        let Some(body) = self.body(Kind::RBrace) else {
            if !empty {
                let failed = (self.s, self.errors.clone());
                self.restore(s);
                if let Some(term) = self.infix() {
                    let operand = self.source.text().get(start..self.s.last_end).unwrap_or_default();
                    let message = format!(
                        "`{{...}}` in an operand position must contain expression(s), got: {} (hint: write `not ({operand})` to negate the value, or `not {{{operand}}}` for a body holding it)",
                        braced(&term)
                    );
                    self.error(span, message);
                    return None;
                }
                (self.s, self.errors) = failed;
            }
            return None;
        };
        self.scan();
        if is_union(&body, self.source) {
            self.ambiguous(span, start, &body, "not ");
            return None;
        }
        Some(Expr::new(self.span(at, self.s.last_end), ExprKind::Not { body, explicit: true }))
    }

    fn or_chain(&mut self, left: Operand) -> Option<Expr> {
        self.enter()?;
        let expr = self.or_chain_inner(left);
        self.leave();
        expr
    }

    fn or_chain_inner(&mut self, mut left: Operand) -> Option<Expr> {
        if self.s.kind == Kind::LogicalAnd {
            left = self.and_chain(left)?;
        }
        while self.s.kind == Kind::LogicalOr {
            let height = self.height;
            self.scan();
            let mut right = self.operand("or")?;
            if self.s.kind == Kind::LogicalAnd {
                right = self.and_chain(right)?;
            }
            self.lift(height.max(self.height))?;
            left = self.joined(left, right, "or", ExprKind::Or);
        }
        left.0.into_iter().next()
    }

    fn and_chain(&mut self, mut left: Operand) -> Option<Operand> {
        while self.s.kind == Kind::LogicalAnd {
            let height = self.height;
            self.scan();
            let right = self.operand("and")?;
            self.lift(height.max(self.height))?;
            left = self.joined(left, right, "and", ExprKind::And);
        }
        Some(left)
    }

    fn joined(&mut self, left: Operand, right: Operand, word: &str, make: fn(Box<Logical>) -> ExprKind) -> Operand {
        for body in [&left.0, &right.0] {
            if let Some(at) = only_prints(body) {
                let message = format!(
                    "operand of `{word}` cannot consist only of calls to `print` (hint: `print` produces no value and always succeeds, so the operand can never fail; move it out of the operand, or add an expression that can fail)"
                );
                self.error(at, message);
            }
        }
        let span = left.2.to(self.span(0, self.s.last_end).end);
        let (left, explicit_left, right, explicit_right) = (left.0, left.1, right.0, right.1);
        let pair = Logical { left, right, explicit_left, explicit_right };
        (vec![Expr::new(span, make(Box::new(pair)))], false, span)
    }

    /// An operand; `word` is empty where it is only tried.
    fn operand(&mut self, word: &str) -> Option<Operand> {
        if self.s.kind == Kind::LBrace {
            let (s, span, start) = (self.s, self.here(), self.s.start);
            self.scan();
            let empty = self.s.kind == Kind::RBrace;
            let Some(body) = self.body(Kind::RBrace) else {
                if !empty && !word.is_empty() {
                    let failed = (self.s, self.errors.clone());
                    self.restore(s);
                    if self.infix().is_some() {
                        let operand = self.span(start, self.s.last_end);
                        self.brace_led(span, operand, word);
                        return None;
                    }
                    (self.s, self.errors) = failed;
                }
                return None;
            };
            self.scan();
            if is_union(&body, self.source) {
                self.ambiguous(span, start, &body, "");
            }
            return Some((body, true, span));
        }
        let negation = self.negation();
        if let Some(at) = negation
            && self.s.not_bodies
            && self.s.kind == Kind::LBrace
        {
            let not = self.not_body(at)?;
            let span = not.span;
            return Some((vec![not], false, span));
        }
        if self.s.kind == Kind::LParen && self.logical() && (negation.is_none() || self.s.not_bodies) {
            match self.group(true, if negation.is_some() { "not " } else { "" }) {
                Group::Operand((body, explicit, span)) => {
                    let Some(at) = negation else { return Some((body, explicit, span)) };
                    let span = self.span(at, self.s.last_end);
                    return Some((vec![Expr::new(span, ExprKind::Not { body, explicit })], false, span));
                }
                Group::Wrong => return None,
                Group::Term => {}
            }
        }
        let start = self.s.start;
        let mut expr = self.expr()?;
        expr.span = self.span(start, self.s.last_end);
        match negation {
            Some(at) if self.s.not_bodies => {
                let span = self.span(at, self.s.last_end);
                expr = Expr::new(span, ExprKind::Not { body: vec![expr], explicit: false });
            }
            Some(_) => expr.negated = true,
            None => {}
        }
        let span = expr.span;
        Some((vec![expr], false, span))
    }

    fn group(&mut self, operand: bool, prefix: &str) -> Group {
        if self.enter().is_none() {
            return Group::Wrong;
        }
        let group = self.group_inner(operand, prefix);
        self.leave();
        group
    }

    fn group_inner(&mut self, operand: bool, prefix: &str) -> Group {
        let (s, open) = (self.s, self.here());
        self.scan();
        if self.s.kind == Kind::RParen {
            if operand {
                self.error(open, "empty parenthesized group");
                return Group::Wrong;
            }
            self.restore(s);
            return Group::Term;
        }
        let Some(left) = self.operand("") else {
            self.restore(s);
            return Group::Term;
        };
        let whole = |parser: &Self| open.to(parser.span(0, parser.s.last_end).end);
        if self.at_logical() {
            let Some(expr) = self.or_chain(left).and_then(|expr| self.with_after(expr)) else { return Group::Wrong };
            if !self.closed() {
                return Group::Wrong;
            }
            return Group::Operand((vec![expr], false, whole(self)));
        }
        let (mut body, explicit, span) = left;
        if self.s.kind == Kind::With && !explicit && body.len() == 1 {
            let at = self.here();
            let Some(expr) = body.pop().and_then(|expr| self.with_after(expr)) else { return Group::Wrong };
            if self.at_logical() {
                let word = self.s.kind.name();
                self.with_on_operand(at, word);
                return Group::Wrong;
            }
            if !self.closed() {
                return Group::Wrong;
            }
            if operand || self.at_logical() {
                return Group::Operand((vec![expr], false, whole(self)));
            }
            self.restore(s);
            return Group::Term;
        }
        if explicit {
            let braces = self.source.text().get(span.start as usize..self.s.last_end).unwrap_or_default();
            self.restore(s);
            self.scan();
            let is_term = self.term().is_some();
            self.restore(s);
            if !is_term {
                let message = format!(
                    "`(...)` in an operand position cannot contain a body (hint: drop the parens to keep the body: `{prefix}{braces}`)"
                );
                self.error(open, message);
                return Group::Wrong;
            }
            return Group::Term;
        }
        let nested = matches!(
            body.as_slice(),
            [expr] if expr.negated || matches!(expr.kind, ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not { .. })
        );
        if nested {
            if !self.closed() {
                return Group::Wrong;
            }
            return Group::Operand((body, false, whole(self)));
        }
        self.restore(s);
        Group::Term
    }

    fn closed(&mut self) -> bool {
        if self.s.kind == Kind::RParen {
            self.scan();
            return true;
        }
        let here = self.here();
        self.error(here, "expected ) to close parenthesized group");
        false
    }

    fn with_on_operand(&mut self, at: Span, word: &str) {
        let message = format!(
            "`with` modifier is not allowed on operand of `{word}` (hint: Wrap the operand in `(...)` or `{{...}}` to scope, or move `with` after the `{word}` expression to apply it to the whole expression)"
        );
        self.error(at, message);
    }

    fn brace_led(&mut self, at: Span, operand: Span, word: &str) {
        let operand = self.text_of(operand);
        let message = format!(
            "operand of `{word}` cannot begin with `{{` unless the braces hold a body (hint: wrap the operand to keep the value: `({operand}) {word} ...`)"
        );
        self.error(at, message);
    }

    fn ambiguous(&mut self, at: Span, start: usize, body: &Body, prefix: &str) {
        let braces = self.source.text().get(start..self.s.last_end).unwrap_or_default();
        let union = body.first().and_then(|expr| {
            let from = (expr.span.start as usize).checked_sub(start)?;
            let to = (expr.span.end as usize).checked_sub(start)?;
            Some(format!("{}({}){}", braces.get(..from)?, braces.get(from..to)?, braces.get(to..)?))
        });
        let union = union.unwrap_or_else(|| braces.to_owned());
        let message = format!(
            "ambiguous `{{ ... | ... }}` operand: read as a body holding a set-union expression, not as a comprehension (hint: write `{prefix}({braces})` for the comprehension, or `{prefix}{union}` for the set union)"
        );
        self.error(at, message);
    }
}

/// Does a body begin with a union that is written with `|`, and without parentheses?
fn is_union(body: &Body, source: &crate::source::Source) -> bool {
    let Some(first) = body.first() else { return false };
    let ExprKind::Call(terms) = &first.kind else { return false };
    let Some(operator) = terms.first().filter(|_| first.calls("or")) else { return false };
    source.slice(operator.span.start, operator.span.end) == "|"
        && !source.slice(first.span.start, first.span.end).trim_start().starts_with('(')
}

/// Where an operand prints, if it does nothing else.
fn only_prints(body: &Body) -> Option<Span> {
    body.iter().all(|expr| !expr.negated && expr.calls("print")).then(|| body.first().map(|expr| expr.span))?
}

/// The kind of what a leading brace opens.
fn braced(term: &Term) -> &'static str {
    match &term.node {
        Node::Call(terms) if terms.len() == 3 => match terms.as_slice() {
            [operator, left, _] if operator.span.start > left.span.start => braced(left),
            _ => term.kind(),
        },
        _ => term.kind(),
    }
}
