//! Heads without anything that is evaluated: it moves into the body.
//!
//! Deliberately absent: names in heads; see `locals`.

use super::Compiler;
use crate::syntax::ast::{Node, Term};
use crate::syntax::compare::same;
use crate::syntax::walk::{Item, walk};

impl Compiler<'_> {
    /// Stage 3: steps of heads are constants or variables.
    pub(super) fn rewrite_head_refs(&mut self) {
        for node in self.rules.iter_mut().filter(|node| !node.follows) {
            let rule = &mut node.rule;
            let last = rule.head.reference.len().saturating_sub(1);
            for (index, step) in rule.head.reference.iter_mut().enumerate().skip(1) {
                if step.as_var().is_some() || step.is_scalar() {
                    continue;
                }
                let (var, expr) = self.fresh.bound(step.clone());
                if index == last && rule.head.key.as_ref().is_some_and(|key| same(key, step)) {
                    rule.head.key = Some(var.clone());
                }
                *step = var;
                rule.body.push(expr);
            }
        }
    }

    /// Stage 19: keys, values and arguments are without references and comprehensions.
    pub(super) fn rewrite_heads(&mut self) {
        for node in &mut self.rules {
            let rule = &mut node.rule;
            let parts = rule.head.key.iter_mut().chain(&mut rule.head.value).chain(&mut rule.head.args);
            for part in parts {
                if is_evaluated(part) {
                    let (var, expr) = self.fresh.bound(part.clone());
                    *part = var;
                    rule.body.push(expr);
                }
            }
        }
    }
}

/// Has a term references or comprehensions in it?
pub fn is_evaluated(term: &Term) -> bool {
    let mut found = false;
    walk(Item::Term(term), &mut |item| {
        if let Item::Term(term) = item {
            found |= matches!(term.node, Node::Ref(_)) || term.is_comprehension();
        }
        found
    });
    found
}
