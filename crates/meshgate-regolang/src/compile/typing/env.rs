//! What is known of documents, functions and variables while types are checked.
//!
//! Deliberately absent: what does not fit; see `typing`.

use crate::syntax::ast::{Name, Node, Term};
use crate::types::{self, Maybe, Type, or};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The key of a place below another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    String(Name),
    Var(Name),
    Other(String),
}

fn key(term: &Term) -> Key {
    match &term.node {
        Node::String(text) => Key::String(text.clone()),
        Node::Var(name) => Key::Var(name.clone()),
        _ => Key::Other(term.to_string()),
    }
}

/// A place.
pub struct Place {
    /// The step to it.
    pub step: Term,
    /// What is there.
    pub of: Maybe,
    below: HashMap<Key, usize, RandomState>,
}

/// Scopes, each a tree of places; the last is looked at first.
pub struct Env {
    places: Vec<Place>,
    scopes: Vec<usize>,
}

/// A scope and the place in it.
#[derive(Clone, Copy)]
pub struct At {
    /// Counted from the outermost.
    pub scope: usize,
    /// The place.
    pub place: usize,
}

impl Env {
    /// One scope, empty.
    pub fn new() -> Self {
        let mut env = Self { places: Vec::new(), scopes: Vec::new() };
        env.push();
        env
    }

    /// A scope within.
    pub fn push(&mut self) {
        self.scopes.push(self.places.len());
        self.add(Term::string(crate::source::Span::NONE, ""));
    }

    /// Forgets the innermost scope. Nothing may have been added to an outer one since it began.
    pub fn pop(&mut self) {
        if let Some(root) = self.scopes.pop() {
            self.places.truncate(root);
        }
    }

    fn add(&mut self, step: Term) -> usize {
        self.places.push(Place { step, of: None, below: HashMap::default() });
        self.places.len() - 1
    }

    /// The innermost scope.
    pub fn innermost(&self) -> usize {
        self.scopes.len().saturating_sub(1)
    }

    /// Where a scope begins.
    pub fn root(&self, scope: usize) -> Option<At> {
        self.scopes.get(scope).map(|place| At { scope, place: *place })
    }

    /// A place.
    pub fn place(&self, at: At) -> Option<&Place> {
        self.places.get(at.place)
    }

    /// The place below by a step.
    pub fn child(&self, at: At, step: &Term) -> Option<At> {
        let place = *self.places.get(at.place)?.below.get(&key(step))?;
        Some(At { place, ..at })
    }

    /// All places below.
    pub fn children(&self, at: At) -> Vec<At> {
        let below = self.places.get(at.place).map(|place| place.below.values().copied().collect::<Vec<_>>());
        let mut below = below.unwrap_or_default();
        below.sort_unstable();
        below.into_iter().map(|place| At { place, ..at }).collect()
    }

    fn make(&mut self, at: usize, step: &Term) -> usize {
        let key = key(step);
        if let Some(place) = self.places.get(at).and_then(|place| place.below.get(&key)) {
            return *place;
        }
        let made = self.add(step.clone());
        if let Some(place) = self.places.get_mut(at) {
            place.below.insert(key, made);
        }
        made
    }

    /// Says what is at a path, in the innermost scope.
    pub fn put(&mut self, path: &[Term], of: Maybe) {
        let Some(mut at) = self.scopes.last().copied() else { return };
        for step in path {
            at = self.make(at, step);
        }
        self.places.get_mut(at).into_iter().for_each(|place| place.of.clone_from(&of));
    }

    /// Says what a variable is, in the innermost scope.
    pub fn put_var(&mut self, term: &Term, of: Maybe) {
        self.put(std::slice::from_ref(term), of);
    }

    /// What a variable is.
    pub fn var(&self, name: &Name) -> Maybe {
        let key = Key::Var(name.clone());
        self.scopes.iter().rev().find_map(|root| {
            let place = *self.places.get(*root)?.below.get(&key)?;
            Some(self.places.get(place)?.of.clone())
        })?
    }

    /// What a reference is.
    pub fn reference(&self, steps: &[Term]) -> Maybe {
        self.reference_from(self.innermost(), steps)
    }

    fn reference_from(&self, scope: usize, steps: &[Term]) -> Maybe {
        let mut scope = Some(scope);
        let first = steps.first()?;
        while let Some(index) = scope {
            let root = self.root(index)?;
            if let Some(at) = self.child(root, first) {
                match self.follow(at, steps.get(1..).unwrap_or_default()) {
                    Some(found) => return found,
                    None => scope = index.checked_sub(1),
                }
            } else {
                scope = index.checked_sub(1);
            }
        }
        first.as_var().is_some_and(|name| matches!(&**name, "input" | "data")).then(Type::any)
    }

    /// The outer `None`: nothing is known in this scope.
    fn follow(&self, mut at: At, mut tail: &[Term]) -> Option<Maybe> {
        loop {
            let Some((step, rest)) = tail.split_first() else { return Some(self.extent(at)) };
            let place = self.place(at)?;
            if place.of.is_some() {
                match self.child(at, step) {
                    Some(child) => (at, tail) = (child, rest),
                    None => return Some(select_ref(place.of.clone(), tail)),
                }
                continue;
            }
            if !step.is_constant() {
                return Some(select_ref(self.extent(at), tail));
            }
            (at, tail) = (self.child(at, step)?, rest);
        }
    }

    /// What a place is, with all below.
    pub fn extent(&self, at: At) -> Maybe {
        let place = self.place(at)?;
        if place.of.is_some() {
            return place.of.clone();
        }
        let mut fixed = Vec::new();
        for child in self.children(at) {
            if let Some(below) = self.place(child)
                && matches!(below.step.node, Node::String(_) | Node::Number(_) | Node::Bool(_))
            {
                fixed.push((below.step.clone(), self.extent(child)));
            }
        }
        Some(Type::object(fixed, Some((Some(Type::String), Some(Type::any())))))
    }

    /// Adds to what is at a path of the outermost scope, and to objects on the way.
    pub fn insert(&mut self, path: &[Term], of: &Type) {
        let Some(mut at) = self.scopes.first().copied() else { return };
        for (index, step) in path.iter().enumerate() {
            let known = self.places.get(at).is_some_and(|place| place.below.contains_key(&key(step)));
            at = self.make(at, step);
            let tail = path.get(index + 1..).unwrap_or_default();
            if known
                && !tail.is_empty()
                && let Some(place) = self.places.get_mut(at)
                && let Some(Type::Object(object)) = &place.of
            {
                place.of = Some(into_object(object, tail, Some(of.clone())));
            }
        }
        let merged = self.places.get(at).and_then(|place| merge(place.of.clone(), Some(of.clone())));
        let mut merged = merged;
        if matches!(of, Type::Object(_)) {
            let mut leaves = Vec::new();
            self.leaves(at, &mut Vec::new(), &mut leaves);
            for (path, leaf) in leaves {
                if let Some(Type::Object(object)) = &merged {
                    merged = Some(into_object(object, &path, leaf));
                }
            }
        }
        self.places.get_mut(at).into_iter().for_each(|place| place.of.clone_from(&merged));
    }

    fn leaves(&self, at: usize, way: &mut Vec<Term>, found: &mut Vec<(Vec<Term>, Maybe)>) {
        for child in self.children(At { scope: 0, place: at }) {
            let Some(place) = self.place(child) else { continue };
            way.push(place.step.clone());
            if place.of.is_some() {
                found.push((way.clone(), place.of.clone()));
            } else {
                self.leaves(child.place, way, found);
            }
            way.pop();
        }
    }
}

/// The type of a constant step, or of one that is not known.
fn step_type(step: &Term) -> Maybe {
    if step.is_constant() { Some(types::of_constant(step)) } else { Some(Type::any()) }
}

fn into_object(object: &types::Object, path: &[Term], of: Maybe) -> Type {
    let Some((step, rest)) = path.split_first() else {
        return Type::object(object.fixed.clone(), object.dynamic.clone());
    };
    let value = if rest.is_empty() { of } else { Some(into_object(&types::Object::default(), rest, of)) };
    let key = step_type(step);
    let dynamic = match &object.dynamic {
        Some((keys, values)) => (or(keys.clone(), key), or(values.clone(), value)),
        None => (key, value),
    };
    Type::object(object.fixed.clone(), Some(dynamic))
}

/// What is one or the other; objects and sets become one.
fn merge(a: Maybe, b: Maybe) -> Maybe {
    let (Some(x), Some(y)) = (&a, &b) else { return a.or(b) };
    match (x, y) {
        (Type::Object(x), Type::Object(y)) if x.fixed.is_empty() && y.fixed.is_empty() => {
            match (&x.dynamic, &y.dynamic) {
                (Some((k, v)), Some((l, w))) => {
                    let dynamic = (or(k.clone(), l.clone()), merge(v.clone(), w.clone()));
                    Some(Type::object(Vec::new(), Some(dynamic)))
                }
                _ => or(a, b),
            }
        }
        (Type::Object(object), Type::Any(of)) | (Type::Any(of), Type::Object(object)) if object.fixed.is_empty() => {
            let mut all = of.to_vec();
            let found = all.iter_mut().find_map(|one| match one {
                Type::Object(other) if other.fixed.is_empty() => Some((one.clone(), one)),
                _ => None,
            });
            match (found, &object.dynamic) {
                (Some((Type::Object(other), slot)), Some((k, v))) if other.dynamic.is_some() => {
                    let (l, w) = other.dynamic.clone().unwrap_or_default();
                    *slot = Type::object(Vec::new(), Some((or(l, k.clone()), or(w, v.clone()))));
                    Some(Type::Any(all.into()))
                }
                _ => or(a, b),
            }
        }
        (Type::Set(x), Type::Set(y)) => Some(Type::set_of(or(x.of.clone(), y.of.clone()))),
        _ => or(a, b),
    }
}

/// What is behind steps.
fn select_ref(of: Maybe, steps: &[Term]) -> Maybe {
    steps.iter().try_fold(of?, |of, step| {
        if matches!(step.node, Node::Var(_) | Node::Ref(_) | Node::Array(_) | Node::Object(_) | Node::Set(_)) {
            types::values(&of)
        } else {
            types::select(&of, step)
        }
    })
}
