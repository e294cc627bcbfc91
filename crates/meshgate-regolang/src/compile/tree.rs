//! The rules of all modules by their paths.
//!
//! Deliberately absent: base data.

use super::{Node as RuleNode, Unit, ground_prefix, path};
use crate::syntax::ast::{Node, Term};
use std::collections::BTreeMap;

/// A place in the tree.
#[derive(Default)]
pub struct Place {
    /// Rules that end here, without those that follow `else`.
    pub rules: Vec<usize>,
    /// The places below, by the texts of their keys.
    pub below: BTreeMap<String, usize>,
}

/// The tree; the first place is its root.
#[derive(Default)]
pub struct Tree {
    places: Vec<Place>,
}

/// The key of a constant step; numbers count by their text.
fn key(step: &Term) -> Option<String> {
    match &step.node {
        Node::Ref(_) | Node::Call(_) => None,
        _ => Some(step.to_string()),
    }
}

/// The key of the first step, `data`, whether it is a variable or not.
fn first_key(index: usize, step: &Term) -> Option<String> {
    if index > 0 && step.as_var().is_some() { None } else { key(step) }
}

impl Tree {
    pub fn of(units: &[Unit], rules: &[RuleNode]) -> Self {
        let mut tree = Self { places: vec![Place::default()] };
        let mut used = vec![false; units.len()];
        for (id, node) in rules.iter().enumerate().filter(|(_, node)| !node.follows) {
            used.iter_mut().skip(node.module).take(1).for_each(|used| *used = true);
            let path = path(units, node);
            let at = tree.make(ground_prefix(&path));
            tree.places.get_mut(at).into_iter().for_each(|place| place.rules.push(id));
        }
        for (unit, _) in units.iter().zip(used).filter(|(_, used)| !used) {
            tree.make(&unit.package);
        }
        tree
    }

    fn make(&mut self, path: &[Term]) -> usize {
        let mut at = 0;
        for step in path {
            let key = step.to_string();
            let next = self.places.get(at).and_then(|place| place.below.get(&key)).copied();
            at = match next {
                Some(next) => next,
                None => {
                    let made = self.places.len();
                    if let Some(place) = self.places.get_mut(at) {
                        place.below.insert(key, made);
                    }
                    self.places.push(Place::default());
                    made
                }
            };
        }
        at
    }

    /// A place.
    pub fn place(&self, at: usize) -> Option<&Place> {
        self.places.get(at)
    }

    /// The place below by a step.
    pub fn child(&self, at: usize, index: usize, step: &Term) -> Option<usize> {
        let key = first_key(index, step)?;
        self.places.get(at)?.below.get(&key).copied()
    }

    /// The place at the end of a path.
    pub fn find(&self, path: &[Term]) -> Option<usize> {
        path.iter().enumerate().try_fold(0, |at, (index, step)| self.child(at, index, step))
    }

    /// The rules that end exactly there.
    pub fn exact(&self, path: &[Term]) -> Option<&[usize]> {
        Some(&self.places.get(self.find(path)?)?.rules)
    }

    /// Calls `visit` on places, parents first; where it returns false, those below are passed over.
    pub fn each(&self, at: usize, visit: &mut dyn FnMut(&Place) -> bool) {
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            let Some(place) = self.places.get(at) else { continue };
            if visit(place) {
                open.extend(place.below.values().rev().copied());
            }
        }
    }

    /// The rules that a reference can mean.
    pub fn dynamic(&self, steps: &[Term], found: &mut Vec<usize>) {
        let mut open = vec![(0, 0)];
        while let Some((at, index)) = open.pop() {
            let Some(place) = self.places.get(at) else { continue };
            let mut add = |at: usize| self.places.get(at).into_iter().for_each(|place| found.extend(&place.rules));
            match steps.get(index) {
                None => self.each(at, &mut |place| {
                    found.extend(&place.rules);
                    true
                }),
                Some(step) if index == 0 || step.is_constant() => {
                    if let Some(child) = self.child(at, index, step) {
                        add(child);
                        open.push((child, index + 1));
                    }
                }
                Some(_) => {
                    for child in place.below.values() {
                        add(*child);
                        open.push((*child, index + 1));
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
    }
}
