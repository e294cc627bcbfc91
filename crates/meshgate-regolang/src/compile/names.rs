//! Names that the compiler makes, and what they were made from.
//!
//! Deliberately absent: scopes; see `locals`.

use super::ByName;
use crate::source::{Source, Span};
use crate::syntax::ast::{Expr, Name, Node, Term};
use crate::syntax::walk::Names;
use std::borrow::Cow;

/// Makes names that nobody else uses.
#[derive(Default)]
pub struct Fresh {
    prefix: &'static str,
    next: usize,
    /// All text, if it has names of ours in it.
    avoid: Vec<String>,
}

impl Fresh {
    /// For modules.
    pub fn new(sources: &[Source]) -> Self {
        let texts = sources.iter().map(Source::text).filter(|text| text.contains("__local"));
        Self { prefix: "__local", next: 0, avoid: texts.map(str::to_owned).collect() }
    }

    /// For a query.
    pub fn for_query(source: &Source) -> Self {
        Self { prefix: "__localq", ..Self::new(std::slice::from_ref(source)) }
    }

    /// A name.
    pub fn name(&mut self) -> Name {
        loop {
            let name = format!("{}{}__", self.prefix, self.next);
            self.next += 1;
            if !self.avoid.iter().any(|text| text.contains(&name)) {
                return Name::from(name);
            }
        }
    }

    /// A variable.
    pub fn var(&mut self, span: Span) -> Term {
        Term::var(span, self.name())
    }

    /// Gives a term a name: the variable, and the statement that binds it.
    pub fn bound(&mut self, term: Term) -> (Term, Expr) {
        let span = term.span;
        let var = self.var(span);
        let mut expr = Expr::unify(span, var.clone(), term);
        expr.generated = true;
        (var, expr)
    }
}

/// What the authors called the names that were made.
#[derive(Default)]
pub struct Renamed(ByName<Name>);

impl Renamed {
    /// Remembers a name.
    pub fn insert(&mut self, made: Name, written: Name) {
        self.0.insert(made, written);
    }

    /// As its author wrote it.
    pub fn written<'n>(&'n self, name: &'n Name) -> &'n Name {
        self.0.get(name).unwrap_or(name)
    }

    /// A reference with the names that its author wrote.
    pub fn reference(&self, steps: &[Term]) -> Vec<Term> {
        steps.iter().map(|step| self.term(step)).collect()
    }

    fn term(&self, term: &Term) -> Term {
        match &term.node {
            Node::Var(name) => Term::var(term.span, self.written(name).clone()),
            Node::Ref(steps) => Term::new(term.span, Node::Ref(self.reference(steps))),
            Node::Array(terms) => Term::new(term.span, Node::Array(self.reference(terms))),
            Node::Call(terms) => Term::new(term.span, Node::Call(self.reference(terms))),
            _ => term.clone(),
        }
    }
}

/// A reference as the name of a function: `count`, `io.jwt.decode`, `data.a.f`.
pub fn dotted(steps: &[Term]) -> Option<Cow<'_, str>> {
    if let [only] = steps {
        return only.as_var().map(|name| Cow::Borrowed(&**name));
    }
    Some(Cow::Owned(crate::syntax::print::reference(steps)))
}

/// Names that stand for documents.
pub fn reserved() -> Names {
    ["data", "input"].into_iter().map(Name::from).collect()
}
