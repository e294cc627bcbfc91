//! Stages 17 and 28: which rules need which, and rules that need themselves.
//!
//! Deliberately absent: base data.

use super::{Compiler, path};
use crate::error::{Code, Error};
use crate::syntax::ast::{Node, Term};
use crate::syntax::print::reference;
use crate::syntax::walk::{self, Item};

/// For each rule, those that it needs.
pub struct Graph(Vec<Vec<usize>>);

impl Compiler<'_> {
    /// Stage 17.
    pub(super) fn graph(&self) -> Graph {
        let mut edges = Vec::with_capacity(self.rules.len());
        for node in &self.rules {
            let mut found = Vec::new();
            let mut visit = |item: Item<'_>| {
                if let Item::Term(Term { node: Node::Ref(steps), .. }) = item
                    && steps.first().and_then(Term::as_var).is_some_and(|name| &**name == "data")
                {
                    self.tree.dynamic(steps, &mut found);
                }
                false
            };
            walk::head(&node.rule, &mut visit);
            walk::walk(Item::Body(&node.rule.body), &mut visit);
            let mut all = Vec::with_capacity(found.len());
            for id in found {
                let mut next = Some(id);
                while let Some(id) = next {
                    all.push(id);
                    next = self.rules.get(id).and_then(|node| node.els);
                }
            }
            all.sort_unstable();
            all.dedup();
            edges.push(all);
        }
        Graph(edges)
    }

    /// Stage 28.
    pub(super) fn check_recursion(&mut self, graph: &Graph) {
        let groups = graph.groups();
        let mut errors = Vec::new();
        for (id, node) in self.rules.iter().enumerate() {
            let Some(cycle) = graph.cycle(id, &groups) else { continue };
            let name = |id: &usize| {
                let steps = self.rules.get(*id).map(|node| path(&self.units, node)).unwrap_or_default();
                reference(&self.renamed.reference(&steps))
            };
            let way: Vec<_> = cycle.iter().map(name).collect();
            let message = format!("rule {} is recursive: {}", name(&id), way.join(" -> "));
            errors.push(Error::new(Code::Recursion, node.rule.span, message));
        }
        self.tell_all(errors);
    }
}

impl Graph {
    fn needs(&self, id: usize) -> &[usize] {
        self.0.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// All rules, each behind those that it needs.
    pub fn sorted(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.0.len());
        let mut seen = vec![false; self.0.len()];
        for start in 0..self.0.len() {
            let mut open = vec![(start, 0)];
            while let Some((id, next)) = open.pop() {
                if next == 0 && seen.get(id).copied().unwrap_or(true) {
                    continue;
                }
                seen.iter_mut().skip(id).take(1).for_each(|seen| *seen = true);
                match self.needs(id).get(next) {
                    Some(needed) => {
                        open.push((id, next + 1));
                        open.push((*needed, 0));
                    }
                    None => order.push(id),
                }
            }
        }
        order
    }

    /// The number of the group of rules that need one another, for each rule (Tarjan).
    fn groups(&self) -> Vec<usize> {
        let count = self.0.len();
        let (mut index, mut low, mut group) = (vec![usize::MAX; count], vec![0; count], vec![usize::MAX; count]);
        let (mut next, mut groups, mut stack) = (0, 0, Vec::new());
        let get = |list: &[usize], at: usize| list.get(at).copied().unwrap_or(usize::MAX);
        let set =
            |list: &mut [usize], at: usize, value: usize| list.iter_mut().skip(at).take(1).for_each(|one| *one = value);
        for start in 0..count {
            let mut open = vec![(start, 0_usize)];
            while let Some((id, edge)) = open.pop() {
                if edge == 0 {
                    if get(&index, id) != usize::MAX {
                        continue;
                    }
                    set(&mut index, id, next);
                    set(&mut low, id, next);
                    next += 1;
                    stack.push(id);
                }
                if let Some(behind) = edge.checked_sub(1).and_then(|edge| self.needs(id).get(edge))
                    && get(&group, *behind) == usize::MAX
                {
                    let lower = get(&low, id).min(get(&low, *behind));
                    set(&mut low, id, lower);
                }
                if let Some(needed) = self.needs(id).get(edge) {
                    open.push((id, edge + 1));
                    if get(&index, *needed) == usize::MAX {
                        open.push((*needed, 0));
                    }
                    continue;
                }
                if get(&low, id) == get(&index, id) {
                    while let Some(member) = stack.pop() {
                        set(&mut group, member, groups);
                        if member == id {
                            break;
                        }
                    }
                    groups += 1;
                }
            }
        }
        group
    }

    /// The way from a rule to itself, if there is one.
    fn cycle(&self, id: usize, groups: &[usize]) -> Option<Vec<usize>> {
        let group = |id: usize| groups.get(id).copied();
        let within = |id: usize, other: &usize| group(id) == group(*other);
        if !self.needs(id).iter().any(|needed| within(id, needed)) {
            return None;
        }
        let mut seen = vec![false; self.0.len()];
        let mut way = vec![(id, 0)];
        while let Some((at, edge)) = way.pop() {
            let Some(needed) = self.needs(at).get(edge).copied() else { continue };
            way.push((at, edge + 1));
            if needed == id {
                return Some(way.into_iter().map(|(at, _)| at).chain([id]).collect());
            }
            if within(id, &needed) && !seen.get(needed).copied().unwrap_or(true) {
                seen.iter_mut().skip(needed).take(1).for_each(|seen| *seen = true);
                way.push((needed, 0));
            }
        }
        None
    }
}
