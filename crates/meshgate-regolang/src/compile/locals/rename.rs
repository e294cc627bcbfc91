//! The names of a body, in its head.
//!
//! Deliberately absent: which name stands for which.

use super::super::ByName;
use crate::syntax::ast::{Body, Expr, ExprKind, Name, Node, Part, Term, With};
use crate::syntax::compare;

/// Gives the variables of a head the names that the body has for them.
pub fn rename<C>(term: &mut Term, scope: &ByName<(Name, C)>) {
    match &mut term.node {
        Node::Var(name) => {
            if let Some((made, _)) = scope.get(name) {
                *name = made.clone();
            }
        }
        Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) => {
            terms.iter_mut().for_each(|term| rename(term, scope))
        }
        Node::Set(terms) => {
            terms.iter_mut().for_each(|term| rename(term, scope));
            *terms = compare::set(std::mem::take(terms));
        }
        Node::Object(pairs) => {
            for (key, value) in pairs.iter_mut() {
                rename(key, scope);
                rename(value, scope);
            }
            *pairs = compare::object(std::mem::take(pairs));
        }
        Node::ArrayCompr(inner, body) | Node::SetCompr(inner, body) => {
            rename(inner, scope);
            body.iter_mut().for_each(|expr| rename_expr(expr, scope));
        }
        Node::ObjectCompr(pair, body) => {
            rename(&mut pair.0, scope);
            rename(&mut pair.1, scope);
            body.iter_mut().for_each(|expr| rename_expr(expr, scope));
        }
        Node::Template(parts) => {
            for part in parts {
                match part {
                    Part::Term(term) => rename(term, scope),
                    Part::Expr(expr) => rename_expr(expr, scope),
                }
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
    }
}

fn rename_expr<C>(expr: &mut Expr, scope: &ByName<(Name, C)>) {
    let body = |body: &mut Body| body.iter_mut().for_each(|expr| rename_expr(expr, scope));
    match &mut expr.kind {
        ExprKind::Term(term) => rename(term, scope),
        ExprKind::Call(terms) | ExprKind::Some(terms) => terms.iter_mut().for_each(|term| rename(term, scope)),
        ExprKind::Every(every) => {
            every.key.iter_mut().for_each(|key| rename(key, scope));
            rename(&mut every.value, scope);
            rename(&mut every.domain, scope);
            body(&mut every.body);
        }
        ExprKind::Not { body: inner, .. } => body(inner),
        ExprKind::And(pair) | ExprKind::Or(pair) => {
            body(&mut pair.left);
            body(&mut pair.right);
        }
    }
    for With { target, value, .. } in &mut expr.with {
        rename(target, scope);
        rename(value, scope);
    }
}
