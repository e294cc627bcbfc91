//! Sizes of values, and the variables that have them.
//!
//! Deliberately absent: what a policy says; see `growth`.

use super::AROUND;
use std::collections::{BTreeMap, BTreeSet};

/// How many parts a value may have, by where they come from.
#[derive(Debug, Clone, Default)]
pub struct Size(pub Vec<f64>);

impl Size {
    pub fn of(level: usize, parts: f64) -> Self {
        let mut size = Self::default();
        size.add(level, parts);
        size
    }

    pub fn add(&mut self, level: usize, parts: f64) {
        if self.0.len() <= level {
            self.0.resize(level + 1, 0.0);
        }
        if let Some(known) = self.0.get_mut(level) {
            *known += parts;
        }
    }

    pub fn plus(&mut self, other: &Self) {
        for (level, parts) in other.0.iter().enumerate().filter(|(_, parts)| **parts > 0.0) {
            self.add(level, *parts);
        }
    }

    pub fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    pub fn at(&self, level: usize) -> f64 {
        self.0.get(level).copied().unwrap_or_default()
    }

    /// Takes the larger of each; says whether anything became larger.
    pub fn raise(&mut self, other: &Self) -> bool {
        let mut raised = false;
        for (level, parts) in other.0.iter().enumerate() {
            let known = self.at(level);
            if *parts > known {
                self.add(level, parts - known);
                raised = true;
            }
        }
        raised
    }

    /// What a loop at a level gives, whose members are of this size.
    pub fn gathered(&self, level: usize) -> Self {
        let mut all = Self::of(level - 1, 1.0 + self.at(level));
        for (from, parts) in self.0.iter().enumerate().take(level) {
            // One part is as good as none: what is repeated is then the loop's own.
            all.add(from, if *parts > 1.0 { parts * AROUND } else { *parts });
        }
        all
    }
}

/// What a variable is told to be: by which statement, and how large.
pub type Told = Vec<(usize, Size)>;

/// The variables in sight, by level.
#[derive(Default)]
pub struct Locals {
    pub scopes: Vec<BTreeMap<String, Told>>,
    /// The equation that is looked at, which says nothing of its own sides: of `x = [a, b]`, either side may be made of the
    /// other, and not both.
    pub equation: usize,
}

/// What is told by no equation.
pub const NONE: usize = 0;

impl Locals {
    pub fn level(&self) -> usize {
        self.scopes.len().saturating_sub(1)
    }

    pub fn has(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains_key(name))
    }

    pub fn size(&self, name: &str) -> Option<Size> {
        let told = self.scopes.iter().rev().find_map(|scope| scope.get(name))?;
        let mut size = Size::default();
        for (_, other) in told.iter().filter(|(by, _)| *by == NONE || *by != self.equation) {
            size.raise(other);
        }
        Some(size)
    }

    /// Says how large a variable of the innermost scope may be; says whether it became larger.
    pub fn set(&mut self, name: &str, size: &Size) -> bool {
        let by = self.equation;
        let Some(told) = self.scopes.last_mut().and_then(|scope| scope.get_mut(name)) else { return false };
        match told.iter_mut().find(|(known, _)| *known == by) {
            Some((_, known)) => known.raise(size),
            None => {
                told.push((by, size.clone()));
                true
            }
        }
    }

    /// The variable of the innermost scope that may be larger than so many parts.
    pub fn larger(&self, most: f64) -> Option<&str> {
        let scope = self.scopes.last()?;
        let is_larger = |told: &Told| told.iter().any(|(_, size)| size.total() > most);
        scope.iter().find(|(_, told)| is_larger(told)).map(|(name, _)| name.as_str())
    }
}

/// Names that all are told to be of one size.
pub fn told(names: BTreeSet<String>, size: &Size) -> impl Iterator<Item = (String, Told)> {
    names.into_iter().map(|name| (name, vec![(NONE, size.clone())]))
}
