//! What METADATA says of documents: `schemas:`, by scope.
//!
//! Deliberately absent: reading YAML; who has read it passes [`Note`]s.

use super::Node as RuleNode;
use crate::error::Error;
use crate::source::Span;
use crate::syntax::ast::Term;
use crate::syntax::compare::same_refs;
use crate::types::Maybe;

/// Which rules a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The next rule.
    Rule,
    /// All rules of the next rule's name.
    Document,
    /// All rules of the package.
    Package,
    /// All rules of the package and of those below.
    Subpackages,
}

/// A schema that METADATA gives.
#[derive(Debug, Clone)]
pub struct Note {
    /// Which rules it is about.
    pub scope: Scope,
    /// Where the METADATA stands.
    pub span: Span,
    /// The document: a reference.
    pub path: Vec<Term>,
    /// What it is, or why that is not known.
    pub of: Result<crate::types::Type, String>,
}

/// Notes, each with what it is attached to.
pub struct Annotations(Vec<(Note, Attached)>);

enum Attached {
    Rule(Span),
    Document(Vec<Term>),
    Package(String),
    Subpackages(String),
}

impl Annotations {
    /// Attaches notes to the rules and packages that follow them.
    pub fn new(notes: &[Note], rules: &[RuleNode], path: &dyn Fn(&RuleNode) -> Vec<Term>, packages: &[String]) -> Self {
        let attached = notes.iter().filter_map(|note| {
            let package = packages.get(note.span.file as usize).cloned().unwrap_or_default();
            let next = || {
                let own = rules.iter().filter(|node| node.module == note.span.file as usize && !node.follows);
                own.filter(|node| node.rule.span.start >= note.span.end).min_by_key(|node| node.rule.span.start)
            };
            let attached = match note.scope {
                Scope::Package => Attached::Package(package),
                Scope::Subpackages => Attached::Subpackages(package),
                Scope::Rule => Attached::Rule(next()?.rule.span),
                Scope::Document => Attached::Document(super::ground_prefix(&path(next()?)).to_vec()),
            };
            Some((note.clone(), attached))
        });
        Self(attached.collect())
    }

    /// What is known for a rule, outer scopes first, and what is wrong with it.
    pub fn of(&self, rule: Span, path: &[Term], package: &str) -> (Vec<(Vec<Term>, Maybe)>, Vec<Error>) {
        let applies = |attached: &Attached| match attached {
            Attached::Subpackages(prefix) => package
                .strip_prefix(prefix.as_str())
                .filter(|rest| rest.is_empty() || rest.starts_with('.'))
                .map(|_| (0, prefix.len())),
            Attached::Package(of) => (of == package).then_some((1, 0)),
            Attached::Document(of) => same_refs(of, super::ground_prefix(path)).then_some((2, 0)),
            Attached::Rule(span) => (*span == rule).then_some((3, 0)),
        };
        let mut found: Vec<_> = self.0.iter().filter_map(|(note, at)| Some((applies(at)?, note))).collect();
        found.sort_by_key(|(order, _)| *order);
        let (mut known, mut wrong) = (Vec::new(), Vec::new());
        for (_, note) in found {
            match &note.of {
                Ok(of) => known.push((note.path.clone(), Some(of.clone()))),
                Err(message) => wrong.push(Error::new(crate::error::Code::Type, rule, message.clone())),
            }
        }
        (known, wrong)
    }
}
