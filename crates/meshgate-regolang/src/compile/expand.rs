//! Stages 13 and 18: calls within terms become statements of their own, and comprehensions name what they collect.
//!
//! Deliberately absent: references; see `dynamics`.

use super::heads::is_evaluated;
use super::names::Fresh;
use super::{Compiler, taken};
use crate::syntax::ast::{Body, Expr, ExprKind, Node, Term};
use crate::syntax::compare;

impl Compiler<'_> {
    /// Stage 13.
    pub(super) fn expand_terms(&mut self) {
        for node in &mut self.rules {
            let rule = &mut node.rule;
            let mut support = Vec::new();
            let parts = rule.head.args.iter_mut().chain(&mut rule.head.key).chain(&mut rule.head.value);
            parts.for_each(|part| term(&mut self.fresh, part, &mut support));
            // What the head needs is expanded already.
            body(&mut self.fresh, &mut rule.body);
            rule.body.extend(support);
        }
    }

    /// Stage 18.
    pub(super) fn rewrite_comprehension_terms(&mut self) {
        for node in &mut self.rules {
            let rule = &mut node.rule;
            let parts = rule.head.args.iter_mut().chain(&mut rule.head.key).chain(&mut rule.head.value);
            parts.for_each(|part| collected(&mut self.fresh, part));
            rule.body.iter_mut().for_each(|expr| collected_in(&mut self.fresh, expr));
        }
    }
}

/// Expands the statements of a body.
pub fn body(fresh: &mut Fresh, body: &mut Body) {
    let mut expanded = Vec::with_capacity(body.len());
    for one in taken(body) {
        expr(fresh, one, &mut expanded);
    }
    *body = expanded;
}

fn expr(fresh: &mut Fresh, mut one: Expr, out: &mut Vec<Expr>) {
    for with in &mut one.with {
        term(fresh, &mut with.value, out);
    }
    let mut extras = Vec::new();
    match &mut one.kind {
        ExprKind::Term(inner) => term(fresh, inner, &mut extras),
        ExprKind::Call(terms) => terms.iter_mut().skip(1).for_each(|inner| term(fresh, inner, &mut extras)),
        ExprKind::Every(every) => {
            let span = every.domain.span;
            let var = fresh.var(span);
            let domain = std::mem::replace(&mut every.domain, var.clone());
            let mut bound = Expr::unify(span, var, domain);
            bound.generated = true;
            bound.with.clone_from(&one.with);
            expr(fresh, bound, out);
            body(fresh, &mut every.body);
        }
        ExprKind::Not { body: inner, .. } => body(fresh, inner),
        ExprKind::And(pair) | ExprKind::Or(pair) => {
            body(fresh, &mut pair.left);
            body(fresh, &mut pair.right);
        }
        ExprKind::Some(_) => {}
    }
    for mut extra in extras {
        extra.with.clone_from(&one.with);
        out.push(extra);
    }
    out.push(one);
}

/// Takes the calls out of a term; `out` gets the statements that make what it is now.
pub fn term(fresh: &mut Fresh, one: &mut Term, out: &mut Vec<Expr>) {
    let span = one.span;
    match &mut one.node {
        Node::Call(terms) => {
            terms.iter_mut().skip(1).for_each(|inner| term(fresh, inner, out));
            let var = fresh.var(span);
            let mut terms = std::mem::take(terms);
            terms.push(var.clone());
            let mut call = Expr::new(span, ExprKind::Call(terms));
            call.generated = true;
            out.push(call);
            *one = var;
        }
        Node::Ref(steps) => {
            steps.iter_mut().for_each(|step| term(fresh, step, out));
            if let Some(head) = steps.first_mut()
                && (head.is_comprehension() || matches!(head.node, Node::Array(_) | Node::Object(_) | Node::Set(_)))
            {
                let (var, bound) = fresh.bound(head.clone());
                *head = var;
                out.push(bound);
            }
        }
        Node::Array(terms) => terms.iter_mut().for_each(|inner| term(fresh, inner, out)),
        Node::Set(terms) => {
            terms.iter_mut().for_each(|inner| term(fresh, inner, out));
            *terms = compare::set(std::mem::take(terms));
        }
        Node::Object(pairs) => {
            for (key, value) in pairs.iter_mut() {
                term(fresh, key, out);
                term(fresh, value, out);
            }
            *pairs = compare::object(std::mem::take(pairs));
        }
        Node::ArrayCompr(inner, inside) | Node::SetCompr(inner, inside) => {
            let mut support = Vec::new();
            term(fresh, inner, &mut support);
            body(fresh, inside);
            inside.extend(support);
        }
        Node::ObjectCompr(pair, inside) => {
            let mut support = Vec::new();
            term(fresh, &mut pair.0, &mut support);
            term(fresh, &mut pair.1, &mut support);
            body(fresh, inside);
            inside.extend(support);
        }
        Node::Template(_) | Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Var(_) => {}
    }
}

/// Names what comprehensions collect, in a statement.
pub fn collected_in(fresh: &mut Fresh, expr: &mut Expr) {
    let each = |fresh: &mut Fresh, body: &mut Body| body.iter_mut().for_each(|expr| collected_in(fresh, expr));
    match &mut expr.kind {
        ExprKind::Term(inner) => collected(fresh, inner),
        ExprKind::Call(terms) | ExprKind::Some(terms) => terms.iter_mut().for_each(|inner| collected(fresh, inner)),
        ExprKind::Every(every) => {
            collected(fresh, &mut every.domain);
            each(fresh, &mut every.body);
        }
        ExprKind::Not { body, .. } => each(fresh, body),
        ExprKind::And(pair) | ExprKind::Or(pair) => {
            each(fresh, &mut pair.left);
            each(fresh, &mut pair.right);
        }
    }
    for with in &mut expr.with {
        collected(fresh, &mut with.value);
    }
}

fn collected(fresh: &mut Fresh, term: &mut Term) {
    let name = |fresh: &mut Fresh, inner: &mut Term, body: &mut Body| {
        if is_evaluated(inner) {
            let (var, bound) = fresh.bound(inner.clone());
            *inner = var;
            body.push(bound);
        }
    };
    match &mut term.node {
        Node::ArrayCompr(inner, body) | Node::SetCompr(inner, body) => {
            name(fresh, inner, body);
            body.iter_mut().for_each(|expr| collected_in(fresh, expr));
        }
        Node::ObjectCompr(pair, body) => {
            name(fresh, &mut pair.0, body);
            name(fresh, &mut pair.1, body);
            body.iter_mut().for_each(|expr| collected_in(fresh, expr));
        }
        Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) | Node::Set(terms) => {
            terms.iter_mut().for_each(|term| collected(fresh, term));
        }
        Node::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            collected(fresh, key);
            collected(fresh, value);
        }),
        Node::Template(_) | Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Var(_) => {}
    }
}
