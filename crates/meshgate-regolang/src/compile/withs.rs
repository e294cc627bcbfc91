//! Stage 20: what `with` replaces, and that what it replaces it by is evaluated before.
//!
//! Deliberately absent: the types of functions that replace functions; see `typing`.

use super::heads::is_evaluated;
use super::names::{Fresh, dotted};
use super::tree::Tree;
use super::{Compiler, taken};
use crate::error::{Code, Error};
use crate::syntax::ast::{Body, Expr, ExprKind, Node, Term};
use crate::types::declarations::Table;

/// What is needed to say what a target is.
pub struct Targets<'c> {
    pub builtins: &'c Table,
    pub tree: &'c Tree,
    /// The numbers of arguments of all rules.
    pub arities: &'c [usize],
    pub fresh: &'c mut Fresh,
    pub errors: Vec<Error>,
}

impl Compiler<'_> {
    /// Stage 20.
    pub(super) fn rewrite_withs(&mut self) {
        let builtins = self.options.builtins.clone();
        let mut targets = Targets {
            builtins: &builtins,
            tree: &self.tree,
            arities: &self.arities,
            fresh: &mut self.fresh,
            errors: Vec::new(),
        };
        for node in &mut self.rules {
            let rule = &mut node.rule;
            let parts = rule.head.args.iter_mut().chain(&mut rule.head.key).chain(&mut rule.head.value);
            parts.for_each(|part| targets.term(part));
            targets.body(&mut rule.body);
        }
        let errors = targets.errors;
        self.tell_all(errors);
    }
}

fn names(term: &Term) -> Option<std::borrow::Cow<'_, str>> {
    match &term.node {
        Node::Var(name) => Some(std::borrow::Cow::Borrowed(name)),
        Node::Ref(steps) => dotted(steps),
        _ => None,
    }
}

fn begins_with(term: &Term, root: &str) -> bool {
    term.as_ref().and_then(|steps| steps.first()).and_then(Term::as_var).is_some_and(|name| &**name == root)
}

impl Targets<'_> {
    fn is_builtin(&self, term: &Term) -> bool {
        names(term).is_some_and(|name| self.builtins.contains_key(&*name))
    }

    fn is_function(&self, rules: &[usize]) -> bool {
        rules.iter().any(|id| self.arities.get(*id).is_some_and(|count| *count > 0))
    }

    /// All statements of a body.
    pub fn body(&mut self, body: &mut Body) {
        let before = self.errors.len();
        let mut rewritten = Vec::with_capacity(body.len());
        for mut expr in taken(body) {
            let mut bound = Vec::new();
            if self.errors.len() == before {
                for index in 0..expr.with.len() {
                    self.with(&mut expr, index, &mut bound);
                }
            }
            self.inner(&mut expr);
            rewritten.append(&mut bound);
            rewritten.push(expr);
        }
        *body = rewritten;
    }

    fn inner(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.term(term),
            ExprKind::Call(terms) | ExprKind::Some(terms) => terms.iter_mut().for_each(|term| self.term(term)),
            ExprKind::Every(every) => {
                self.term(&mut every.domain);
                self.body(&mut every.body);
            }
            ExprKind::Not { body, .. } => self.body(body),
            ExprKind::And(pair) | ExprKind::Or(pair) => {
                self.body(&mut pair.left);
                self.body(&mut pair.right);
            }
        }
        for with in &mut expr.with {
            self.term(&mut with.value);
        }
    }

    fn term(&mut self, term: &mut Term) {
        match &mut term.node {
            Node::ArrayCompr(_, body) | Node::SetCompr(_, body) | Node::ObjectCompr(_, body) => self.body(body),
            Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) | Node::Set(terms) => {
                terms.iter_mut().for_each(|term| self.term(term));
            }
            Node::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
                self.term(key);
                self.term(value);
            }),
            _ => {}
        }
    }

    fn with(&mut self, expr: &mut Expr, index: usize, bound: &mut Vec<Expr>) {
        let Some(with) = expr.with.get_mut(index) else { return };
        if let Node::Var(name) = &with.value.node
            && self.builtins.contains_key(name)
        {
            let head = Term::var(with.value.span, name.clone());
            with.value.node = Node::Ref(vec![head]);
        }
        match self.evaluated(&mut with.target, &with.value) {
            Ok(true) => {
                let (var, statement) = self.fresh.bound(with.value.clone());
                with.value = var;
                bound.push(statement);
            }
            Ok(false) => {}
            Err(error) => self.errors.push(*error),
        }
    }

    /// Must the value be evaluated before?
    fn evaluated(&self, target: &mut Term, value: &Term) -> Result<bool, Box<Error>> {
        let wrong = |code, message: String| Err(Box::new(Error::new(code, target.span, message)));
        if begins_with(target, "data") {
            let steps = target.as_ref().unwrap_or_default();
            let (last, above) = match steps.split_last() {
                Some(split) => split,
                None => return Ok(is_evaluated(value)),
            };
            let mut at = Some(0);
            for (index, step) in above.iter().enumerate() {
                let Some(child) = at.and_then(|at| self.tree.child(at, index, step)) else {
                    at = None;
                    break;
                };
                if self.tree.place(child).is_some_and(|place| !place.rules.is_empty()) {
                    let message = "with keyword cannot partially replace virtual document(s)".to_owned();
                    return wrong(Code::Compile, message);
                }
                at = Some(child);
            }
            let rules = |at: usize| self.tree.place(at).map(|place| place.rules.as_slice()).unwrap_or_default();
            if let Some(child) = at.and_then(|at| self.tree.child(at, above.len(), last))
                && self.is_function(rules(child))
                && self.is_function_value(value)
            {
                return Ok(false);
            }
            if let Some(place) = value.as_ref().and_then(|steps| self.tree.find(steps))
                && self.is_function(rules(place))
            {
                return Ok(false);
            }
            return Ok(is_evaluated(value));
        }
        if begins_with(target, "input") {
            return Ok(is_evaluated(value));
        }
        let name = names(target).map(std::borrow::Cow::into_owned);
        let Some((name, builtin)) = name.and_then(|name| self.builtins.get(&*name).map(|builtin| (name, builtin)))
        else {
            let message = "with keyword target must reference existing input, data, or a function".to_owned();
            return wrong(Code::Type, message);
        };
        if let Node::Var(name) = &target.node {
            let head = Term::var(target.span, name.clone());
            target.node = Node::Ref(vec![head]);
        }
        let replacing = |what: String| {
            let message = format!("with keyword replacing built-in function: {what}");
            Err(Box::new(Error::new(Code::Compile, target.span, message)))
        };
        if matches!(name.as_str(), "eq" | "rego.metadata.chain" | "rego.metadata.rule") {
            return replacing(format!("replacement of \"{name}\" invalid"));
        }
        if name.starts_with("internal.") {
            return replacing(format!("replacement of internal function \"{name}\" invalid"));
        }
        if builtin.relation {
            return replacing("target must not be a relation".to_owned());
        }
        if builtin.function.result.is_none() {
            return replacing("target must not be a void function".to_owned());
        }
        Ok(!self.is_function_value(value) && is_evaluated(value))
    }

    fn is_function_value(&self, value: &Term) -> bool {
        value.as_ref().is_some_and(|steps| self.tree.find(steps).is_some()) || self.is_builtin(value)
    }
}
