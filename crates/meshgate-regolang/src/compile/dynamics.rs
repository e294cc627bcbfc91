//! Stages 25 and 26: comparisons of statements become unifications, and what is evaluated gets a name before it is used.
//!
//! Deliberately absent: calls within terms; see `expand`.

use super::names::Fresh;
use super::{Compiler, taken};
use crate::syntax::ast::{Body, Expr, ExprKind, Node, Term, With};
use crate::syntax::compare;

impl Compiler<'_> {
    /// Stage 25.
    pub(super) fn rewrite_equals(&mut self) {
        for node in &mut self.rules {
            let rule = &mut node.rule;
            rule.body.iter_mut().for_each(equals);
            let parts = rule.head.args.iter_mut().chain(&mut rule.head.key).chain(&mut rule.head.value);
            parts.for_each(equals_in);
        }
    }

    /// Stage 26.
    pub(super) fn rewrite_dynamics(&mut self) {
        for node in &mut self.rules {
            dynamics(&mut self.fresh, &mut node.rule.body);
        }
    }
}

fn equals(expr: &mut Expr) {
    let compares = expr.calls("equal") && expr.operands().len() == 2;
    match &mut expr.kind {
        ExprKind::Term(term) => equals_in(term),
        ExprKind::Call(terms) => {
            if let Some(operator) = terms.first_mut().filter(|_| compares) {
                *operator = Term::function(operator.span, "eq");
            }
            terms.iter_mut().for_each(equals_in);
        }
        ExprKind::Every(every) => {
            equals_in(&mut every.domain);
            every.body.iter_mut().for_each(equals);
        }
        ExprKind::Not { body, .. } => body.iter_mut().for_each(equals),
        ExprKind::And(pair) | ExprKind::Or(pair) => {
            pair.left.iter_mut().for_each(equals);
            pair.right.iter_mut().for_each(equals);
        }
        ExprKind::Some(_) => {}
    }
}

fn equals_in(term: &mut Term) {
    match &mut term.node {
        Node::ArrayCompr(inner, body) | Node::SetCompr(inner, body) => {
            equals_in(inner);
            body.iter_mut().for_each(equals);
        }
        Node::ObjectCompr(pair, body) => {
            equals_in(&mut pair.0);
            equals_in(&mut pair.1);
            body.iter_mut().for_each(equals);
        }
        Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) | Node::Set(terms) => {
            terms.iter_mut().for_each(equals_in);
        }
        Node::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            equals_in(key);
            equals_in(value);
        }),
        Node::Template(_) | Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Var(_) => {}
    }
}

/// Names what is evaluated in the statements of a body.
pub fn dynamics(fresh: &mut Fresh, body: &mut Body) {
    let mut rewritten = Vec::with_capacity(body.len());
    for mut expr in taken(body) {
        let with = std::mem::take(&mut expr.with);
        let mut rewriter = Dynamics { fresh, with: &with, out: &mut rewritten };
        let equation = expr.is_equality();
        match &mut expr.kind {
            ExprKind::Call(terms) if equation && terms.len() == 3 => {
                terms.iter_mut().skip(1).for_each(|term| rewriter.kept(term));
            }
            ExprKind::Call(_) if equation => {}
            ExprKind::Call(terms) => terms.iter_mut().skip(1).for_each(|term| rewriter.named(term)),
            ExprKind::Term(term) => rewriter.kept(term),
            ExprKind::Every(every) => {
                rewriter.named(&mut every.domain);
                dynamics(fresh, &mut every.body);
            }
            ExprKind::Not { body, .. } => dynamics(fresh, body),
            ExprKind::And(pair) | ExprKind::Or(pair) => {
                dynamics(fresh, &mut pair.left);
                dynamics(fresh, &mut pair.right);
            }
            ExprKind::Some(_) => {}
        }
        expr.with = with;
        rewritten.push(expr);
    }
    *body = rewritten;
}

struct Dynamics<'r> {
    fresh: &'r mut Fresh,
    with: &'r [With],
    out: &'r mut Vec<Expr>,
}

impl Dynamics<'_> {
    /// A term that may stay a reference or a comprehension.
    fn kept(&mut self, term: &mut Term) {
        match &mut term.node {
            Node::Ref(steps) => steps.iter_mut().skip(1).for_each(|step| self.named(step)),
            Node::ArrayCompr(_, body) | Node::SetCompr(_, body) | Node::ObjectCompr(_, body) => {
                dynamics(self.fresh, body)
            }
            _ => self.named(term),
        }
    }

    fn named(&mut self, term: &mut Term) {
        match &mut term.node {
            Node::Ref(steps) => steps.iter_mut().skip(1).for_each(|step| self.named(step)),
            Node::ArrayCompr(_, body) | Node::SetCompr(_, body) | Node::ObjectCompr(_, body) => {
                dynamics(self.fresh, body)
            }
            Node::Array(terms) => return terms.iter_mut().for_each(|term| self.named(term)),
            Node::Set(terms) => {
                terms.iter_mut().for_each(|term| self.named(term));
                *terms = compare::set(std::mem::take(terms));
                return;
            }
            Node::Object(pairs) => {
                for (key, value) in pairs.iter_mut() {
                    self.named(key);
                    self.named(value);
                }
                *pairs = compare::object(std::mem::take(pairs));
                return;
            }
            _ => return,
        }
        let (var, mut bound) = self.fresh.bound(term.clone());
        bound.with = self.with.to_vec();
        *term = var;
        self.out.push(bound);
    }
}
