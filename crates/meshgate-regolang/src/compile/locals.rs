//! Stage 9: every local variable gets a name of its own; what is declared twice, too late or for nothing is told.
//!
//! Deliberately absent: unused assignments, which only OPA's strict mode refuses.

mod rename;

use super::names::Fresh;
use super::resolve::{declared_by, root};
use super::safety::outputs_of_equation;
use super::{ByName, Compiler, Node as RuleNode};
use crate::error::{Code, Error};
use crate::source::Span;
use crate::syntax::ast::{self, Body, Expr, ExprKind, Name, Node, Part, Rule, Term, With};
use crate::syntax::compare;
use crate::syntax::walk::{self, Item, Names, Skip};
use crate::types::declarations::Table;
use rename::rename;

/// How a name came into a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Argument,
    Seen,
    Assigned,
    Declared,
}

/// Names that are not those of functions: what `with` puts for a function may be one.
const NAMES: Skip = Skip { bare_with: true, closures: false, ..walk::SAFETY };

type Scope = ByName<(Name, Came)>;

/// Scopes, and what is found in them.
struct Locals<'f> {
    fresh: &'f mut Fresh,
    builtins: &'f Table,
    scopes: Vec<Scope>,
    renamed: Vec<(Name, Name)>,
    errors: Vec<Error>,
}

impl Compiler<'_> {
    /// Stage 9.
    pub(super) fn rewrite_locals(&mut self) {
        let (mut errors, mut renamed) = (Vec::new(), Vec::new());
        let mut arguments = Scope::default();
        let builtins = self.options.builtins.clone();
        for node in &mut self.rules {
            let mut locals = Locals::new(&mut self.fresh, &builtins);
            if node.follows {
                locals.scopes = vec![arguments.clone()];
            } else {
                node.rule.head.args.iter_mut().for_each(|arg| locals.argument(arg));
                arguments = locals.scopes.first().cloned().unwrap_or_default();
            }
            rule(&mut locals, node);
            errors.append(&mut locals.errors);
            renamed.append(&mut locals.renamed);
        }
        for (made, written) in renamed {
            self.renamed.insert(made, written);
        }
        self.tell_all(errors);
    }
}

/// Rewrites a query; what its names were made from is returned with what is wrong.
pub fn query(fresh: &mut Fresh, builtins: &Table, body: &mut Body) -> (Vec<(Name, Name)>, Vec<Error>) {
    let mut locals = Locals::new(fresh, builtins);
    locals.builtin_names([].into_iter(), body);
    locals.body(body, &Names::default());
    (locals.renamed, locals.errors)
}

fn rule(locals: &mut Locals<'_>, node: &mut RuleNode) {
    let Rule { head, body, .. } = &mut node.rule;
    let scalar =
        head.args.iter().chain(&head.key).chain(&head.value).chain(head.reference.iter().skip(1)).all(Term::is_scalar);
    let mut used = Names::default();
    if !scalar {
        // What comprehensions of the head declare has names of its own, whatever the body declares.
        let own = locals.scopes.clone();
        for term in head.args.iter_mut().chain(&mut head.key).chain(&mut head.value) {
            locals.head_closures(term);
        }
        locals.scopes = own;
        let parts = head.reference.iter().skip(1).chain(&head.key).chain(&head.value);
        parts
            .filter(|part| !part.is_scalar())
            .for_each(|part| walk::vars(Item::Term(part), Skip::default(), &mut used));
    }
    locals.builtin_names(head.args.iter().chain(&head.key).chain(&head.value), body);
    locals.body(body, &used);
    if scalar {
        return;
    }
    let scope = locals.scopes.first().cloned().unwrap_or_default();
    for part in
        head.args.iter_mut().chain(head.reference.iter_mut().skip(1)).chain(&mut head.key).chain(&mut head.value)
    {
        rename(part, &scope);
    }
}

impl<'f> Locals<'f> {
    fn new(fresh: &'f mut Fresh, builtins: &'f Table) -> Self {
        Self { fresh, builtins, scopes: vec![Scope::default()], renamed: Vec::new(), errors: Vec::new() }
    }
}

impl Locals<'_> {
    fn tell(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(Error::new(Code::Compile, span, message));
    }

    fn found(&self, name: &Name) -> Option<&(Name, Came)> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    fn insert(&mut self, name: Name, made: Name, came: Came) {
        if name != made {
            self.renamed.push((made.clone(), name.clone()));
        }
        self.scopes.last_mut().into_iter().for_each(|scope| drop(scope.insert(name.clone(), (made.clone(), came))));
    }

    fn declare(&mut self, name: &Name, came: Came, span: Span) -> Option<Name> {
        let before = self.scopes.last().and_then(|scope| scope.get(name)).map(|(_, came)| *came);
        let message = match before {
            Some(Came::Seen) => format!("var {} referenced above", shown(name)),
            Some(Came::Assigned) => format!("var {} assigned above", shown(name)),
            Some(Came::Declared) => format!("var {} declared above", shown(name)),
            Some(Came::Argument) => format!("arg {} redeclared", shown(name)),
            None => {
                let made = self.fresh.name();
                self.insert(name.clone(), made.clone(), came);
                return Some(made);
            }
        };
        self.tell(span, message);
        None
    }

    /// Variables that are named as builtins are not the builtins, wherever else the name stands.
    fn builtin_names<'t>(&mut self, heads: impl Iterator<Item = &'t Term>, body: &[Expr]) {
        let (mut found, mut declared) = (Names::default(), super::resolve::declared(body));
        let heads: Vec<_> = heads.collect();
        for item in heads.into_iter().map(Item::Term).chain([Item::Body(body)]) {
            walk::vars(item, NAMES, &mut found);
        }
        found.retain(|name| self.builtins.contains_key(name) && self.found(name).is_none() && !declared.remove(name));
        let mut names: Vec<_> = found.into_iter().collect();
        names.sort_unstable();
        for name in names {
            let made = self.fresh.name();
            self.insert(name, made, Came::Seen);
        }
    }

    fn argument(&mut self, term: &mut Term) {
        match &mut term.node {
            Node::Var(name) => {
                let made = match self.found(name) {
                    Some((made, _)) => made.clone(),
                    None => {
                        let made = self.fresh.name();
                        self.insert(name.clone(), made.clone(), Came::Argument);
                        made
                    }
                };
                *name = made;
            }
            Node::Object(pairs) => pairs.iter_mut().for_each(|(_, value)| self.argument(value)),
            Node::Call(_) => self.tell(term.span, "rule arguments cannot contain calls"),
            Node::Ref(terms) | Node::Array(terms) => terms.iter_mut().for_each(|term| self.argument(term)),
            _ => {}
        }
    }

    /// Comprehensions of heads, each with scopes of its own.
    fn head_closures(&mut self, term: &mut Term) {
        match &mut term.node {
            Node::ArrayCompr(..) | Node::SetCompr(..) | Node::ObjectCompr(..) => {
                self.scopes = vec![Scope::default()];
                self.term(term);
            }
            Node::Template(parts) => {
                for part in parts {
                    if let Part::Expr(expr) = part {
                        self.scopes = vec![Scope::default()];
                        self.plain(expr);
                    }
                }
            }
            Node::Object(pairs) => {
                for (key, value) in pairs.iter_mut() {
                    self.head_closures(key);
                    self.head_closures(value);
                }
            }
            Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) | Node::Set(terms) => {
                terms.iter_mut().for_each(|term| self.head_closures(term));
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Var(_) => {}
        }
    }

    fn body(&mut self, body: &mut Body, used: &Names) {
        let mut declared_at: Vec<(Span, Names)> = Vec::new();
        let mut rewritten = Vec::with_capacity(body.len());
        for mut expr in std::mem::take(body) {
            let mut names = Names::default();
            declared_by(&expr, &mut names);
            declared_at.push((expr.span, names));
            let kept = match &expr.kind {
                ExprKind::Call(_) if expr.is_assignment() => {
                    self.assignment(&mut expr);
                    true
                }
                ExprKind::Some(_) => self.some(&mut expr),
                ExprKind::Every(_) => self.every(&mut expr),
                ExprKind::Not { .. } | ExprKind::And(_) | ExprKind::Or(_) => {
                    self.logical(&mut expr);
                    true
                }
                _ => {
                    self.plain(&mut expr);
                    true
                }
            };
            if kept {
                rewritten.push(expr);
            }
        }
        if rewritten.is_empty() {
            rewritten.push(Expr::truth(Span::NONE));
        }
        *body = rewritten;
        self.unused(body, used, &declared_at);
    }

    /// Names that were declared for nothing.
    fn unused(&mut self, body: &Body, used: &Names, declared_at: &[(Span, Names)]) {
        let Some(scope) = self.scopes.last() else { return };
        let mut declared: Vec<_> = scope
            .iter()
            .filter(|(_, (_, came))| *came == Came::Declared)
            .map(|(name, (made, _))| (made, name))
            .collect();
        if !self.errors.is_empty() || declared.is_empty() {
            return;
        }
        let mut seen = walk::vars_of(Item::Body(body), Skip::default());
        for name in used {
            seen.insert(self.found(name).map_or_else(|| name.clone(), |(made, _)| made.clone()));
        }
        declared.retain(|(made, name)| !seen.contains(*made) && !used.contains(*made) && !ast::is_generated(name));
        declared.sort_unstable();
        let first = declared_at.first().map_or(Span::NONE, |(span, _)| *span);
        let wrong: Vec<_> = declared
            .into_iter()
            .map(|(_, name)| {
                let at = declared_at.iter().find(|(_, names)| names.contains(name)).map_or(first, |(span, _)| *span);
                Error::new(Code::Compile, at, format!("declared var {} unused", shown(name)))
            })
            .collect();
        self.errors.extend(wrong);
    }

    fn assignment(&mut self, expr: &mut Expr) {
        if expr.negated {
            self.tell(expr.span, "cannot assign vars inside negated expression");
            return;
        }
        let before = self.errors.len();
        let ExprKind::Call(terms) = &mut expr.kind else { return };
        let [operator, left, right] = terms.as_mut_slice() else { return };
        self.term(right);
        for with in &mut expr.with {
            self.unless_builtin(&mut with.value);
        }
        self.assigned(left);
        if self.errors.len() == before {
            *operator = Term::function(operator.span, "eq");
            expr.assigned = true;
        }
    }

    fn assigned(&mut self, term: &mut Term) {
        let span = term.span;
        match &mut term.node {
            Node::Var(name) => {
                if let Some(made) = self.declare(name, Came::Assigned, span) {
                    *name = made;
                }
            }
            Node::Array(terms) => terms.iter_mut().for_each(|term| self.assigned(term)),
            Node::Object(pairs) => pairs.iter_mut().for_each(|(_, value)| self.assigned(value)),
            _ => match root(term).map(Name::from) {
                Some(name) => {
                    if let Some(made) = self.declare(&name, Came::Assigned, span) {
                        term.node = Node::Var(made);
                    }
                }
                None => self.tell(span, format!("cannot assign to {}", term.kind())),
            },
        }
    }

    /// Whether something stays of it.
    fn some(&mut self, expr: &mut Expr) -> bool {
        let span = expr.span;
        let ExprKind::Some(symbols) = &mut expr.kind else { return true };
        let symbols = std::mem::take(symbols);
        let mut call = None;
        for symbol in symbols {
            match symbol.node {
                Node::Var(name) => {
                    let declared = self.declare(&name, Came::Declared, span);
                    if declared.is_none() {
                        return false;
                    }
                }
                Node::Call(terms) => call = Some(terms),
                _ => {}
            }
        }
        let Some(terms) = call else { return false };
        let mut terms = terms.into_iter().skip(1);
        let (key, value, container) = match (terms.next(), terms.next(), terms.next()) {
            (Some(key), Some(value), Some(container)) => (key, value, container),
            (Some(value), Some(container), None) => (self.fresh.var(Span::NONE), value, container),
            _ => return false,
        };
        let safe = walk::term_vars(&container);
        let at = container.span;
        let steps = match container.node {
            Node::Ref(steps) => steps.into_iter().chain([key]).collect(),
            _ => vec![container, key],
        };
        let equation = Expr::unify(span, value, Term::new(at, Node::Ref(steps)));
        expr.kind = equation.kind;
        let mut outputs: Vec<_> = outputs_of_equation(expr, &safe).into_iter().collect();
        outputs.sort_unstable();
        for name in outputs {
            if self.declare(&name, Came::Declared, span).is_none() {
                return false;
            }
        }
        self.plain(expr);
        true
    }

    fn every(&mut self, expr: &mut Expr) -> bool {
        let ExprKind::Every(every) = &mut expr.kind else { return true };
        let span = every.span;
        self.term(&mut every.domain);
        self.scopes.push(Scope::default());
        let mut fits = true;
        if every.key.is_none() {
            every.key = Some(self.fresh.var(Span::NONE));
        }
        let generated = every.key.as_ref().and_then(Term::as_var).is_some_and(|name| ast::is_generated(name));
        let skip = usize::from(generated);
        for part in every.key.iter_mut().chain([&mut every.value]).skip(skip) {
            if let Node::Var(name) = &mut part.node
                && !ast::is_wildcard(name)
            {
                match self.declare(name, Came::Declared, span) {
                    Some(made) => *name = made,
                    None => fits = false,
                }
            }
        }
        if fits {
            self.body(&mut every.body, &Names::default());
            // As in OPA, the whole is gone through again with the scope of its body.
            for with in &mut expr.with {
                self.with(with);
            }
        }
        self.scopes.pop();
        fits
    }

    /// `not { … }`, `and`, `or`: each operand is a scope; one that nobody put into braces declares nothing.
    fn logical(&mut self, expr: &mut Expr) {
        let negation = "cannot assign vars inside negated expression";
        let operands: Vec<(&mut Body, bool, String)> = match &mut expr.kind {
            ExprKind::Not { body, explicit } => vec![(body, *explicit, negation.to_owned())],
            ExprKind::And(pair) => {
                let told = || "cannot assign vars inside implicit and operand".to_owned();
                vec![(&mut pair.left, pair.explicit_left, told()), (&mut pair.right, pair.explicit_right, told())]
            }
            ExprKind::Or(pair) => {
                let told = || "cannot assign vars inside implicit or operand".to_owned();
                vec![(&mut pair.left, pair.explicit_left, told()), (&mut pair.right, pair.explicit_right, told())]
            }
            _ => return,
        };
        for (body, explicit, message) in operands {
            if let Some(at) = body.iter().find(|inner| !explicit && inner.is_assignment()).map(|inner| inner.span) {
                self.tell(at, message);
                continue;
            }
            self.scopes.push(Scope::default());
            self.body(body, &Names::default());
            self.scopes.pop();
        }
        for with in &mut expr.with {
            self.with(with);
        }
    }

    /// A statement that declares nothing.
    fn plain(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.term(term),
            ExprKind::Call(terms) => self.call(terms),
            ExprKind::Some(terms) => terms.iter_mut().for_each(|term| self.term(term)),
            ExprKind::Every(_) => drop(self.every(expr)),
            ExprKind::Not { .. } | ExprKind::And(_) | ExprKind::Or(_) => {
                self.logical(expr);
                return;
            }
        }
        for with in &mut expr.with {
            self.with(with);
        }
    }

    fn with(&mut self, with: &mut With) {
        // What is replaced is the document, whatever a local variable is named.
        let target = root(&with.target).map(str::to_owned);
        match (&mut with.target.node, target) {
            (_, Some(_)) => {}
            (Node::Ref(steps), None) => {
                let document =
                    steps.first().and_then(Term::as_var).is_some_and(|name| matches!(&**name, "input" | "data"));
                steps.iter_mut().skip(usize::from(document)).for_each(|step| self.term(step));
            }
            _ => self.unless_builtin(&mut with.target),
        }
        self.unless_builtin(&mut with.value);
    }

    /// A function and its arguments. A name of a function is none of a variable, unless one is declared by it.
    fn call(&mut self, terms: &mut [Term]) {
        let Some((function, args)) = terms.split_first_mut() else { return };
        match &mut function.node {
            Node::Ref(steps) => {
                for (index, step) in steps.iter_mut().enumerate() {
                    let builtin = step
                        .as_var()
                        .is_some_and(|name| self.builtins.contains_key(name) && self.found(name).is_none());
                    if index > 0 || !builtin {
                        self.term(step);
                    }
                }
            }
            _ => self.term(function),
        }
        args.iter_mut().for_each(|term| self.term(term));
    }

    /// A term that names a builtin, if no variable is declared by that name.
    fn unless_builtin(&mut self, term: &mut Term) {
        let builtin = term.as_var().filter(|name| self.builtins.contains_key(*name));
        if builtin.is_none_or(|name| self.found(name).is_some()) {
            self.term(term);
        }
    }

    fn term(&mut self, term: &mut Term) {
        let span = term.span;
        if let Some(name) = root(term).map(Name::from) {
            let made = self.found(&name).filter(|(_, came)| *came != Came::Seen).map(|(made, _)| made.clone());
            if let Some(made) = made {
                term.node = Node::Var(made);
            }
            return;
        }
        match &mut term.node {
            Node::Var(name) => match self.found(name) {
                Some((made, _)) => *name = made.clone(),
                None => {
                    // A variable that is named as a builtin is not the builtin.
                    let made = if self.builtins.contains_key(name) { self.fresh.name() } else { name.clone() };
                    let written = std::mem::replace(name, made.clone());
                    self.insert(written, made, Came::Seen);
                }
            },
            Node::Call(terms) => {
                let shadowed = terms.first().is_some_and(|function| {
                    let heads = walk::term_vars(function);
                    heads.iter().any(|name| self.found(name).is_some_and(|(made, _)| made != name))
                });
                if let Some(function) = terms.first().filter(|_| shadowed) {
                    let message = format!("called function {function} shadowed");
                    self.tell(span, message);
                }
                self.call(terms);
            }
            Node::Ref(terms) | Node::Array(terms) => terms.iter_mut().for_each(|term| self.term(term)),
            Node::Object(pairs) => {
                for (key, value) in pairs.iter_mut() {
                    self.term(key);
                    self.term(value);
                }
                *pairs = compare::object(std::mem::take(pairs));
            }
            Node::Set(terms) => {
                terms.iter_mut().for_each(|term| self.term(term));
                *terms = compare::set(std::mem::take(terms));
            }
            Node::ArrayCompr(inner, body) | Node::SetCompr(inner, body) => {
                let used = walk::term_vars(inner);
                self.scopes.push(Scope::default());
                self.body(body, &used);
                self.term(inner);
                self.scopes.pop();
            }
            Node::ObjectCompr(pair, body) => {
                let mut used = walk::term_vars(&pair.0);
                used.extend(walk::term_vars(&pair.1));
                self.scopes.push(Scope::default());
                self.body(body, &used);
                self.term(&mut pair.0);
                self.term(&mut pair.1);
                self.scopes.pop();
            }
            Node::Template(parts) => {
                for part in parts {
                    if let Part::Expr(expr) = part {
                        self.plain(expr);
                    }
                }
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
        }
    }
}

/// `_` instead of its number.
fn shown(name: &str) -> &str {
    if ast::is_wildcard(name) { "_" } else { name }
}
