//! Which types can be one another's, and what variables become.
//!
//! Deliberately absent: what is told when they cannot.

use super::Checker;
use crate::syntax::ast::{Node, Term};
use crate::syntax::compare::same;
use crate::types::{self, Array, Object, Type, is_nil, or};
use std::sync::Arc;

impl Checker<'_> {
    /// `a = b`
    pub(super) fn unify2(&mut self, a: &Term, left: Option<&Type>, b: &Term, right: Option<&Type>) -> bool {
        match (is_nil(left), is_nil(right)) {
            (true, false) => return self.unify1(a, right, false),
            (false, true) => return self.unify1(b, left, false),
            (false, false) => return unifies(left, right),
            (true, true) => {}
        }
        match (&a.node, &b.node) {
            (Node::Array(x), Node::Array(y)) => {
                x.len() == y.len()
                    && x.iter().zip(y).all(|(a, b)| {
                        let (left, right) = (self.of(a), self.of(b));
                        self.unify2(a, left.as_ref(), b, right.as_ref())
                    })
            }
            (Node::Object(x), Node::Object(y)) => {
                x.len() == y.len()
                    && x.iter().all(|(key, a)| match y.iter().find(|(other, _)| same(key, other)) {
                        Some((_, b)) => {
                            let (left, right) = (self.of(a), self.of(b));
                            self.unify2(a, left.as_ref(), b, right.as_ref())
                        }
                        None => false,
                    })
            }
            (Node::Array(_) | Node::Object(_) | Node::Var(_), Node::Var(_)) => self.both(a, b),
            (Node::Var(_), Node::Array(_) | Node::Object(_)) => self.both(b, a),
            // A set or a comprehension of what is not known is known to be one, and so is an element of such.
            (Node::Var(_), _) if right.is_some() => self.unify1(a, right, false),
            (_, Node::Var(_)) if left.is_some() => self.unify1(b, left, false),
            _ => false,
        }
    }

    fn both(&mut self, known: &Term, var: &Term) -> bool {
        if !self.unify1(known, Some(&Type::any()), false) {
            return false;
        }
        let of = self.of(known);
        self.unify1(var, of.as_ref(), false)
    }

    /// Can a term be of a type? Its variables become what they must be.
    pub(super) fn unify1(&mut self, term: &Term, of: Option<&Type>, union: bool) -> bool {
        match (&term.node, of) {
            (Node::Array(terms), Some(Type::Array(array))) => self.array(terms, array, union),
            (Node::Object(pairs), Some(Type::Object(object))) => self.object(pairs, object, union),
            (Node::Set(terms), Some(Type::Set(set))) => {
                terms.iter().all(|term| self.unify1(term, set.of.as_ref(), union))
            }
            (Node::Array(_) | Node::Object(_) | Node::Set(_), Some(Type::Any(of))) => {
                if of.is_empty() {
                    let each: Vec<&Term> = match &term.node {
                        Node::Array(terms) | Node::Set(terms) => terms.iter().collect(),
                        Node::Object(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
                        _ => Vec::new(),
                    };
                    for inner in each {
                        self.unify1(inner, Some(&Type::any()), true);
                    }
                    return true;
                }
                if matches!(term.node, Node::Array(_)) {
                    let have = self.of(term);
                    if !is_nil(have.as_ref()) {
                        return of.iter().any(|one| unifies(have.as_ref(), Some(one)));
                    }
                }
                let mut fits = false;
                for one in of.iter() {
                    fits |= self.unify1(term, Some(one), !matches!(term.node, Node::Set(_)));
                }
                fits
            }
            (Node::Array(_) | Node::Object(_) | Node::Set(_), _) => false,
            (Node::Var(name), _) => {
                let known = self.env.var(name);
                if union {
                    self.env.put_var(term, or(known, of.cloned()));
                } else {
                    match known {
                        Some(known) => return unifies(Some(&known), of),
                        None => self.env.put_var(term, of.cloned()),
                    }
                }
                true
            }
            _ => {
                let have = self.of(term);
                unifies(have.as_ref(), of)
            }
        }
    }

    fn array(&mut self, terms: &[Term], array: &Array, union: bool) -> bool {
        if terms.len() != array.fixed.len() && array.rest.is_none() {
            return false;
        }
        terms.iter().enumerate().all(|(index, term)| {
            let of = match array.fixed.get(index) {
                Some(of) => of.clone(),
                None => array.rest.clone(),
            };
            self.unify1(term, of.as_ref(), union)
        })
    }

    fn object(&mut self, pairs: &[(Term, Term)], object: &Object, union: bool) -> bool {
        if pairs.len() != object.fixed.len() && object.dynamic.as_ref().is_none_or(|(_, value)| value.is_none()) {
            return false;
        }
        let whole = Type::Object(Arc::new(object.clone()));
        pairs.iter().all(|(key, value)| {
            if !key.is_constant() {
                self.unify1(value, Some(&Type::any()), union);
                return true;
            }
            match types::select(&whole, key) {
                Some(of) => self.unify1(value, Some(&of), union),
                None => false,
            }
        })
    }
}

/// Can something be of both types?
pub fn unifies(a: Option<&Type>, b: Option<&Type>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return false };
    let any = |of: &Arc<[Type]>, other: &Type| {
        !matches!(other, Type::Function(_)) && (of.is_empty() || of.iter().any(|one| unifies(Some(one), Some(other))))
    };
    match (a, b) {
        (Type::Any(x), Type::Any(y)) => any(x, b) || any(y, a),
        (Type::Any(of), other) | (other, Type::Any(of)) => any(of, other),
        (Type::Null, Type::Null)
        | (Type::Bool, Type::Bool)
        | (Type::Number, Type::Number)
        | (Type::String, Type::String) => true,
        (Type::Array(x), Type::Array(y)) => {
            let element = |array: &Array, index: usize| match array.fixed.get(index) {
                Some(of) => of.clone(),
                None => array.rest.clone(),
            };
            let longest = x.fixed.len().max(y.fixed.len());
            (0..longest).all(|index| unifies(element(x, index).as_ref(), element(y, index).as_ref()))
                && (x.rest.is_none() || y.rest.is_none() || unifies(x.rest.as_ref(), y.rest.as_ref()))
        }
        (Type::Object(x), Type::Object(y)) => {
            let any_key = |of: &Object| of.dynamic.as_ref().is_some_and(|(key, _)| key.is_none());
            let fits = |x: &Object, y: &Object, b: &Type| {
                x.fixed.iter().all(|(key, value)| match types::select(b, key) {
                    // Of keys that are not known, each may be there.
                    _ if any_key(y) => true,
                    // What rules make may lack a key.
                    None => x.dynamic.is_some(),
                    of => unifies(value.as_ref(), of.as_ref()),
                })
            };
            let dynamic = |object: &Object| object.dynamic.as_ref().and_then(|(_, value)| value.clone());
            fits(x, y, b)
                && fits(y, x, a)
                && match (dynamic(x), dynamic(y)) {
                    (Some(v), Some(w)) => unifies(Some(&v), Some(&w)),
                    _ => true,
                }
        }
        (Type::Set(x), Type::Set(y)) => unifies(x.of.as_ref(), y.of.as_ref()),
        (Type::Function(x), Type::Function(y)) => {
            x.args.len() == y.args.len()
                && x.args.iter().zip(&y.args).all(|(a, b)| unifies(a.of.as_ref(), b.of.as_ref()))
        }
        _ => false,
    }
}
