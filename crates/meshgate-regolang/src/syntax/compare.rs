//! The order of terms, which is OPA's: by kind, then by what they hold.
//!
//! Deliberately absent: the order of values that are not in a text.

use super::ast::{Expr, ExprKind, Node, Part, Term, With};
use std::cmp::Ordering;

fn rank(node: &Node) -> u8 {
    match node {
        Node::Null => 0,
        Node::Bool(_) => 1,
        Node::Number(_) => 2,
        Node::String(_) => 3,
        Node::Var(_) => 4,
        Node::Ref(_) => 5,
        Node::Array(_) => 6,
        Node::Object(_) => 7,
        Node::Set(_) => 8,
        Node::ArrayCompr(..) => 9,
        Node::ObjectCompr(..) => 10,
        Node::SetCompr(..) => 11,
        Node::Call(_) => 12,
        Node::Template(_) => 13,
    }
}

/// Compares two terms.
pub fn terms(a: &Term, b: &Term) -> Ordering {
    match (&a.node, &b.node) {
        (Node::Bool(x), Node::Bool(y)) => x.cmp(y),
        (Node::Number(x), Node::Number(y)) => x.cmp(y),
        (Node::String(x), Node::String(y)) | (Node::Var(x), Node::Var(y)) => x.as_bytes().cmp(y.as_bytes()),
        (Node::Ref(x), Node::Ref(y))
        | (Node::Call(x), Node::Call(y))
        | (Node::Array(x), Node::Array(y))
        | (Node::Set(x), Node::Set(y)) => slices(x, y),
        (Node::Object(x), Node::Object(y)) => {
            let pairs = x.iter().zip(y).map(|((k, v), (l, w))| terms(k, l).then_with(|| terms(v, w)));
            pairs.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        (Node::ArrayCompr(x, body), Node::ArrayCompr(y, other))
        | (Node::SetCompr(x, body), Node::SetCompr(y, other)) => terms(x, y).then_with(|| bodies(body, other)),
        (Node::ObjectCompr(x, body), Node::ObjectCompr(y, other)) => {
            terms(&x.0, &y.0).then_with(|| terms(&x.1, &y.1)).then_with(|| bodies(body, other))
        }
        (Node::Template(x), Node::Template(y)) => {
            let parts = x.iter().zip(y).map(|pair| match pair {
                (Part::Term(a), Part::Term(b)) => terms(a, b),
                (Part::Expr(a), Part::Expr(b)) => exprs(a, b),
                (Part::Term(_), Part::Expr(_)) => Ordering::Less,
                (Part::Expr(_), Part::Term(_)) => Ordering::Greater,
            });
            parts.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        (x, y) => rank(x).cmp(&rank(y)),
    }
}

/// Compares lists of terms.
pub fn slices(a: &[Term], b: &[Term]) -> Ordering {
    let pairs = a.iter().zip(b).map(|(x, y)| terms(x, y));
    pairs.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn bodies(a: &[Expr], b: &[Expr]) -> Ordering {
    let pairs = a.iter().zip(b).map(|(x, y)| exprs(x, y));
    pairs.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn exprs(a: &Expr, b: &Expr) -> Ordering {
    let rank = |kind: &ExprKind| match kind {
        ExprKind::Some(_) => 0,
        ExprKind::Every(_) => 1,
        ExprKind::Not { .. } => 2,
        ExprKind::And(_) => 3,
        ExprKind::Or(_) => 4,
        ExprKind::Term(_) => 5,
        ExprKind::Call(_) => 6,
    };
    let kinds = match (&a.kind, &b.kind) {
        (ExprKind::Term(x), ExprKind::Term(y)) => terms(x, y),
        (ExprKind::Call(x), ExprKind::Call(y)) | (ExprKind::Some(x), ExprKind::Some(y)) => slices(x, y),
        (ExprKind::Every(x), ExprKind::Every(y)) => match (&x.key, &y.key) {
            (Some(k), Some(l)) => terms(k, l),
            (k, l) => k.is_some().cmp(&l.is_some()),
        }
        .then_with(|| terms(&x.value, &y.value))
        .then_with(|| terms(&x.domain, &y.domain))
        .then_with(|| bodies(&x.body, &y.body)),
        (ExprKind::Not { body: x, .. }, ExprKind::Not { body: y, .. }) => bodies(x, y),
        (ExprKind::And(x), ExprKind::And(y)) | (ExprKind::Or(x), ExprKind::Or(y)) => {
            bodies(&x.left, &y.left).then_with(|| bodies(&x.right, &y.right))
        }
        (x, y) => rank(x).cmp(&rank(y)),
    };
    a.negated.cmp(&b.negated).then(kinds).then_with(|| {
        let pairs = a.with.iter().zip(&b.with).map(|(x, y)| withs(x, y));
        pairs.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.with.len().cmp(&b.with.len()))
    })
}

fn withs(a: &With, b: &With) -> Ordering {
    terms(&a.target, &b.target).then_with(|| terms(&a.value, &b.value))
}

/// Are two terms the same?
pub fn same(a: &Term, b: &Term) -> bool {
    terms(a, b).is_eq()
}

/// Are two references the same?
pub fn same_refs(a: &[Term], b: &[Term]) -> bool {
    a.len() == b.len() && slices(a, b).is_eq()
}

/// A set's elements: sorted, each once; of two spellings the first stays.
pub fn set(mut elements: Vec<Term>) -> Vec<Term> {
    elements.sort_by(terms);
    elements.dedup_by(|later, first| same(later, first));
    elements
}

/// An object's pairs: sorted by key, each key once, in its first spelling with its last value.
pub fn object(mut pairs: Vec<(Term, Term)>) -> Vec<(Term, Term)> {
    pairs.sort_by(|a, b| terms(&a.0, &b.0));
    pairs.dedup_by(|later, first| {
        let equal = same(&later.0, &first.0);
        if equal {
            std::mem::swap(&mut later.1, &mut first.1);
        }
        equal
    });
    pairs
}
