//! Walks over trees, and the variables that OPA's stages look for in them.
//!
//! Deliberately absent: changes; the stages make their own.

use super::ast::{Expr, ExprKind, Name, Node, Part, Rule, Term, With};
use foldhash::fast::RandomState;
use std::collections::HashSet;

/// A set of names.
pub type Names = HashSet<Name, RandomState>;

/// What a walk comes upon.
#[derive(Clone, Copy)]
pub enum Item<'a> {
    /// Statements.
    Body(&'a [Expr]),
    /// A statement.
    Expr(&'a Expr),
    /// A replacement.
    With(&'a With),
    /// A term.
    Term(&'a Term),
}

/// Calls `visit` on an item and all below it, parents first. Where it returns true, nothing below is visited.
pub fn walk<'a>(item: Item<'a>, visit: &mut dyn FnMut(Item<'a>) -> bool) {
    if visit(item) {
        return;
    }
    match item {
        Item::Body(body) => body.iter().for_each(|expr| walk(Item::Expr(expr), visit)),
        Item::Expr(expr) => {
            match &expr.kind {
                ExprKind::Term(term) => walk(Item::Term(term), visit),
                ExprKind::Call(terms) | ExprKind::Some(terms) => {
                    terms.iter().for_each(|term| walk(Item::Term(term), visit))
                }
                ExprKind::Every(every) => {
                    every.key.iter().for_each(|key| walk(Item::Term(key), visit));
                    walk(Item::Term(&every.value), visit);
                    walk(Item::Term(&every.domain), visit);
                    walk(Item::Body(&every.body), visit);
                }
                ExprKind::Not { body, .. } => walk(Item::Body(body), visit),
                ExprKind::And(pair) | ExprKind::Or(pair) => {
                    walk(Item::Body(&pair.left), visit);
                    walk(Item::Body(&pair.right), visit);
                }
            }
            expr.with.iter().for_each(|with| walk(Item::With(with), visit));
        }
        Item::With(with) => {
            walk(Item::Term(&with.target), visit);
            walk(Item::Term(&with.value), visit);
        }
        Item::Term(term) => match &term.node {
            Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) | Node::Set(terms) => {
                terms.iter().for_each(|term| walk(Item::Term(term), visit));
            }
            Node::Object(pairs) => pairs.iter().for_each(|(key, value)| {
                walk(Item::Term(key), visit);
                walk(Item::Term(value), visit);
            }),
            Node::ArrayCompr(inner, body) | Node::SetCompr(inner, body) => {
                walk(Item::Term(inner), visit);
                walk(Item::Body(body), visit);
            }
            Node::ObjectCompr(pair, body) => {
                walk(Item::Term(&pair.0), visit);
                walk(Item::Term(&pair.1), visit);
                walk(Item::Body(body), visit);
            }
            Node::Template(parts) => parts.iter().for_each(|part| match part {
                Part::Term(term) => walk(Item::Term(term), visit),
                Part::Expr(expr) => walk(Item::Expr(expr), visit),
            }),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Var(_) => {}
        },
    }
}

/// Calls `visit` on all terms below an item; where it returns true, none below is visited.
pub fn terms<'a>(item: Item<'a>, visit: &mut dyn FnMut(&'a Term) -> bool) {
    walk(item, &mut |item| match item {
        Item::Term(term) => visit(term),
        _ => false,
    });
}

/// Calls `visit` on all statements below an item; where it returns true, none below is visited.
pub fn exprs<'a>(item: Item<'a>, visit: &mut dyn FnMut(&'a Expr) -> bool) {
    walk(item, &mut |item| match item {
        Item::Expr(expr) => visit(expr),
        _ => false,
    });
}

/// Calls `visit` on all parts of a rule that are not statements of its body.
pub fn head<'a>(rule: &'a Rule, visit: &mut dyn FnMut(Item<'a>) -> bool) {
    let head = &rule.head;
    head.args.iter().for_each(|term| walk(Item::Term(term), visit));
    head.key.iter().for_each(|term| walk(Item::Term(term), visit));
    head.value.iter().for_each(|term| walk(Item::Term(term), visit));
}

/// What is passed over while variables are looked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Skip {
    /// The heads of references.
    pub ref_head: bool,
    /// The names of the functions that are called, and the heads of what `with` names.
    pub call_head: bool,
    /// Keys of objects.
    pub object_keys: bool,
    /// Comprehensions, templates, and bodies of `every`, `not`, `and` and `or`.
    pub closures: bool,
    /// Sets.
    pub sets: bool,
    /// Variables that `with` puts for something: they may be functions.
    pub bare_with: bool,
}

/// What counts for safety.
pub const SAFETY: Skip =
    Skip { ref_head: false, call_head: true, object_keys: false, closures: true, sets: false, bare_with: false };

/// Adds the variables below an item.
pub fn vars(item: Item<'_>, skip: Skip, found: &mut Names) {
    let each = |terms: &[Term], found: &mut Names| terms.iter().for_each(|term| vars(Item::Term(term), skip, found));
    match item {
        Item::Body(body) => body.iter().for_each(|expr| vars(Item::Expr(expr), skip, found)),
        Item::With(with) => {
            if skip.call_head {
                if let Some(steps) = with.target.as_ref() {
                    each(steps.get(1..).unwrap_or_default(), found);
                }
                match with.value.as_ref() {
                    Some(steps) => each(steps.get(1..).unwrap_or_default(), found),
                    None if skip.bare_with && with.value.as_var().is_some() => {}
                    None => vars(Item::Term(&with.value), skip, found),
                }
            } else {
                vars(Item::Term(&with.target), skip, found);
                vars(Item::Term(&with.value), skip, found);
            }
        }
        Item::Expr(expr) => {
            match &expr.kind {
                ExprKind::Term(term) => vars(Item::Term(term), skip, found),
                ExprKind::Call(terms) => match terms.split_first() {
                    Some((function, args)) if skip.call_head => {
                        if let Some(steps) = function.as_ref() {
                            each(steps.get(1..).unwrap_or_default(), found);
                        }
                        each(args, found);
                    }
                    _ => each(terms, found),
                },
                ExprKind::Some(terms) => each(terms, found),
                ExprKind::Every(every) if skip.closures => {
                    vars(Item::Term(&every.domain), skip, found);
                    // As in OPA, what `every` is evaluated with is part of the closure.
                    return;
                }
                ExprKind::Every(every) => {
                    every.key.iter().for_each(|key| vars(Item::Term(key), skip, found));
                    each(&[every.value.clone(), every.domain.clone()], found);
                    vars(Item::Body(&every.body), skip, found);
                }
                ExprKind::Not { .. } | ExprKind::And(_) | ExprKind::Or(_) if skip.closures => {}
                ExprKind::Not { body, .. } => vars(Item::Body(body), skip, found),
                ExprKind::And(pair) | ExprKind::Or(pair) => {
                    vars(Item::Body(&pair.left), skip, found);
                    vars(Item::Body(&pair.right), skip, found);
                }
            }
            expr.with.iter().for_each(|with| vars(Item::With(with), skip, found));
        }
        Item::Term(term) => match &term.node {
            Node::Var(name) => {
                if !found.contains(name) {
                    found.insert(name.clone());
                }
            }
            Node::Ref(steps) if skip.ref_head => each(steps.get(1..).unwrap_or_default(), found),
            Node::Ref(steps) => each(steps, found),
            Node::Call(terms) => match terms.split_first() {
                Some((function, args)) if skip.call_head => {
                    if let Some(steps) = function.as_ref() {
                        each(steps.get(1..).unwrap_or_default(), found);
                    }
                    each(args, found);
                }
                _ => each(terms, found),
            },
            Node::Set(_) if skip.sets => {}
            Node::Array(terms) | Node::Set(terms) => each(terms, found),
            Node::Object(pairs) => pairs.iter().for_each(|(key, value)| {
                if !skip.object_keys {
                    vars(Item::Term(key), skip, found);
                }
                vars(Item::Term(value), skip, found);
            }),
            Node::ArrayCompr(..) | Node::SetCompr(..) | Node::ObjectCompr(..) | Node::Template(_) if skip.closures => {}
            Node::ArrayCompr(inner, body) | Node::SetCompr(inner, body) => {
                vars(Item::Term(inner), skip, found);
                vars(Item::Body(body), skip, found);
            }
            Node::ObjectCompr(pair, body) => {
                vars(Item::Term(&pair.0), skip, found);
                vars(Item::Term(&pair.1), skip, found);
                vars(Item::Body(body), skip, found);
            }
            Node::Template(parts) => parts.iter().for_each(|part| match part {
                Part::Term(term) => vars(Item::Term(term), skip, found),
                Part::Expr(expr) => vars(Item::Expr(expr), skip, found),
            }),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
        },
    }
}

/// The variables below an item.
pub fn vars_of(item: Item<'_>, skip: Skip) -> Names {
    let mut found = Names::default();
    vars(item, skip, &mut found);
    found
}

/// The variables of a term, all of them.
pub fn term_vars(term: &Term) -> Names {
    vars_of(Item::Term(term), Skip::default())
}
