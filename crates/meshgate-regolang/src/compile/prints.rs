//! Templates and `print`: what they show may be undefined, so it is evaluated in sets.
//!
//! Deliberately absent: what a template makes of the sets.

use super::names::reserved;
use super::safety::outputs_of_body;
use super::{Compiler, taken};
use crate::error::{Code, Error};
use crate::source::Span;
use crate::syntax::ast::{self, Body, Expr, ExprKind, Name, Node, Part, Term};
use crate::syntax::print::call;
use crate::syntax::walk::{self, Item, Names, SAFETY, Skip, vars_of};

/// What a rewriting needs, taken apart from what it changes.
struct Shown<'c> {
    arity: &'c dyn Fn(&[Term]) -> Option<usize>,
    relation: &'c dyn Fn(&str) -> bool,
    written: &'c dyn Fn(&Name) -> Name,
    name: &'c mut dyn FnMut(Span) -> Term,
    errors: Vec<Error>,
}

impl Compiler<'_> {
    fn shown(&mut self, run: impl FnOnce(&mut Vec<super::Node>, &mut Shown<'_>)) {
        let mut rules = std::mem::take(&mut self.rules);
        let mut fresh = std::mem::take(&mut self.fresh);
        let errors = {
            let arity = |steps: &[Term]| self.arity(steps);
            let relation = |name: &str| self.options.builtins.get(name).is_some_and(|builtin| builtin.relation);
            let written = |name: &Name| self.renamed.written(name).clone();
            let mut name = |span| fresh.var(span);
            let mut shown =
                Shown { arity: &arity, relation: &relation, written: &written, name: &mut name, errors: Vec::new() };
            run(&mut rules, &mut shown);
            shown.errors
        };
        self.rules = rules;
        self.fresh = fresh;
        self.tell_all(errors);
    }

    /// Stage 10.
    pub(super) fn rewrite_templates(&mut self) {
        self.shown(|rules, shown| {
            for node in rules {
                let rule = &mut node.rule;
                let mut safe = reserved();
                rule.head.args.iter().for_each(|arg| walk::vars(Item::Term(arg), Skip::default(), &mut safe));
                if has_template(Item::Body(&rule.body)) || heads(rule).any(|term| has_template(Item::Term(term))) {
                    let outputs = outputs_of_body(&rule.body, shown.arity, &safe);
                    safe.extend(outputs);
                    rule.body.iter_mut().for_each(|expr| shown.expr(expr, &safe));
                    let head = &mut rule.head;
                    let parts = head.args.iter_mut().chain(&mut head.key).chain(&mut head.value);
                    parts.for_each(|term| shown.term(term, &safe));
                }
            }
        });
    }

    /// Stage 11.
    pub(super) fn check_void_calls(&mut self) {
        let mut errors = Vec::new();
        let builtins = self.options.builtins.clone();
        let mut visit = |item: Item<'_>| {
            if let Item::Term(Term { node: Node::Call(terms), span }) = item {
                // Of OPA's builtins only `print` has no result.
                let name = match terms.first().and_then(Term::as_ref) {
                    Some([head]) => head.as_var(),
                    _ => None,
                };
                let void = |name| builtins.get(name).is_some_and(|builtin| builtin.function.result.is_none());
                if name.is_some_and(void) {
                    errors.push(Error::new(Code::Type, *span, format!("{} used as value", call(terms))));
                }
            }
            false
        };
        for node in &self.rules {
            walk::head(&node.rule, &mut visit);
            walk::walk(Item::Body(&node.rule.body), &mut visit);
        }
        self.tell_all(errors);
    }

    /// Stage 12.
    pub(super) fn rewrite_prints(&mut self) {
        self.shown(|rules, shown| {
            for node in rules {
                let rule = &mut node.rule;
                let mut safe = reserved();
                rule.head.args.iter().for_each(|arg| walk::vars(Item::Term(arg), Skip::default(), &mut safe));
                for term in rule.head.args.iter_mut().chain(&mut rule.head.key).chain(&mut rule.head.value) {
                    shown.prints_in_term(term, &safe);
                }
                shown.prints(&mut rule.body, &safe);
            }
        });
    }
}

fn heads(rule: &ast::Rule) -> impl Iterator<Item = &Term> {
    rule.head.args.iter().chain(&rule.head.key).chain(&rule.head.value)
}

fn has_template(item: Item<'_>) -> bool {
    let mut found = false;
    walk::walk(item, &mut |item| {
        found |= matches!(item, Item::Term(Term { node: Node::Template(_), .. }));
        found
    });
    found
}

/// A set of the values that a term has: one or none.
fn captured(name: &mut dyn FnMut(Span) -> Term, term: Term, with: Vec<ast::With>) -> Term {
    let span = term.span;
    let var = name(span);
    let mut capture = Expr::unify(span, var.clone(), term);
    capture.with = with;
    Term::new(span, Node::SetCompr(Box::new(var), vec![capture]))
}

impl Shown<'_> {
    fn undeclared(&mut self, term: &Term, safe: &Names) -> bool {
        let mut unsafe_vars: Vec<_> =
            vars_of(Item::Term(term), SAFETY).into_iter().filter(|v| !safe.contains(v)).collect();
        unsafe_vars.sort_unstable();
        for name in &unsafe_vars {
            let written = (self.written)(name);
            let shown = if ast::is_wildcard(&written) { "_" } else { &*written };
            self.errors.push(Error::new(Code::Compile, term.span, format!("var {shown} is undeclared")));
        }
        !unsafe_vars.is_empty()
    }

    fn closure(&mut self, body: &mut Body, safe: &Names) -> Names {
        let mut inner = safe.clone();
        inner.extend(outputs_of_body(body, self.arity, safe));
        body.iter_mut().for_each(|expr| self.expr(expr, &inner));
        inner
    }

    fn expr(&mut self, expr: &mut Expr, safe: &Names) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.term(term, safe),
            ExprKind::Call(terms) | ExprKind::Some(terms) => terms.iter_mut().for_each(|term| self.term(term, safe)),
            ExprKind::Every(every) => {
                self.term(&mut every.domain, safe);
                let mut inner = safe.clone();
                inner.extend(every.key.iter().chain([&every.value]).filter_map(Term::as_var).cloned());
                self.closure(&mut every.body, &inner);
            }
            ExprKind::Not { body, .. } => drop(self.closure(body, safe)),
            ExprKind::And(pair) | ExprKind::Or(pair) => {
                self.closure(&mut pair.left, safe);
                self.closure(&mut pair.right, safe);
            }
        }
        for with in &mut expr.with {
            self.term(&mut with.target, safe);
            self.term(&mut with.value, safe);
        }
    }

    fn term(&mut self, term: &mut Term, safe: &Names) {
        let span = term.span;
        match &mut term.node {
            Node::Template(parts) => {
                let parts = std::mem::take(parts);
                term.node = self.template(parts, span, safe);
                self.term(term, safe);
            }
            Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) | Node::Set(terms) => {
                terms.iter_mut().for_each(|term| self.term(term, safe));
            }
            Node::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
                self.term(key, safe);
                self.term(value, safe);
            }),
            Node::ArrayCompr(inner, body) | Node::SetCompr(inner, body) => {
                let safe = self.closure(body, safe);
                self.term(inner, &safe);
            }
            Node::ObjectCompr(pair, body) => {
                let safe = self.closure(body, safe);
                self.term(&mut pair.0, &safe);
                self.term(&mut pair.1, &safe);
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Var(_) => {}
        }
    }

    fn template(&mut self, parts: Vec<Part>, span: Span, safe: &Names) -> Node {
        let mut terms = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Term(term) => terms.push(term),
                Part::Expr(Expr { kind, with, span, .. }) => {
                    let term = match kind {
                        ExprKind::Term(term) => term,
                        ExprKind::Call(call) => {
                            let name = call.first().and_then(Term::as_ref).and_then(super::names::dotted);
                            if let Some(name) = name.filter(|name| (self.relation)(name)) {
                                let message = format!(
                                    "illegal call to relation built-in '{name}' that may cause multiple outputs"
                                );
                                self.errors.push(Error::new(Code::Compile, span, message));
                                continue;
                            }
                            Term::new(span, Node::Call(call))
                        }
                        _ => continue,
                    };
                    // A variable alone has a value: it needs no set, and is left to the check of safety.
                    if term.as_var().is_some() && with.is_empty() {
                        terms.push(term);
                        continue;
                    }
                    self.undeclared(&term, safe);
                    terms.push(captured(self.name, term, with));
                }
            }
        }
        if terms.is_empty() {
            terms.push(Term::string(span, ""));
        }
        let function = Term::function(span, "internal.template_string");
        Node::Call(vec![function, Term::new(span, Node::Array(terms))])
    }

    fn prints(&mut self, body: &mut Body, globals: &Names) {
        let mut exprs = taken(body);
        for index in 0..exprs.len() {
            let (before, rest) = exprs.split_at_mut(index);
            let Some(expr) = rest.first_mut() else { continue };
            if has_closure(expr) || expr.calls("print") {
                let mut safe = outputs_of_body(before, self.arity, globals);
                safe.extend(globals.iter().cloned());
                self.prints_in_closures(expr, &safe);
                if expr.calls("print") && self.errors.is_empty() {
                    let all = vars_of(Item::Body(before), Skip::default());
                    safe.extend(all.into_iter().filter(|name| ast::is_generated(name)));
                    self.print(expr, &safe);
                }
            }
        }
        *body = exprs;
    }

    fn print(&mut self, expr: &mut Expr, safe: &Names) {
        let args: Vec<_> = expr.operands().to_vec();
        let mut wrong = false;
        for arg in &args {
            wrong |= self.undeclared(arg, safe);
        }
        if wrong {
            return;
        }
        let terms = args.into_iter().map(|arg| captured(self.name, arg, Vec::new())).collect();
        let function = Term::function(expr.span, "internal.print");
        let mut print = Expr::new(expr.span, ExprKind::Call(vec![function, Term::new(expr.span, Node::Array(terms))]));
        print.with = std::mem::take(&mut expr.with);
        print.negated = expr.negated;
        *expr = print;
    }

    fn prints_in_closures(&mut self, expr: &mut Expr, safe: &Names) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.prints_in_term(term, safe),
            ExprKind::Call(terms) | ExprKind::Some(terms) => {
                terms.iter_mut().for_each(|term| self.prints_in_term(term, safe));
            }
            ExprKind::Every(every) => {
                self.prints_in_term(&mut every.domain, safe);
                let mut inner = safe.clone();
                inner.extend(every.key.iter().chain([&every.value]).filter_map(Term::as_var).cloned());
                self.prints(&mut every.body, &inner);
            }
            ExprKind::Not { body, .. } => self.prints(body, safe),
            ExprKind::And(pair) | ExprKind::Or(pair) => {
                self.prints(&mut pair.left, safe);
                self.prints(&mut pair.right, safe);
            }
        }
    }

    fn prints_in_term(&mut self, term: &mut Term, safe: &Names) {
        match &mut term.node {
            Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) | Node::Set(terms) => {
                terms.iter_mut().for_each(|term| self.prints_in_term(term, safe));
            }
            Node::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
                self.prints_in_term(key, safe);
                self.prints_in_term(value, safe);
            }),
            Node::ArrayCompr(_, body) | Node::SetCompr(_, body) | Node::ObjectCompr(_, body) => self.prints(body, safe),
            _ => {}
        }
    }
}

fn has_closure(expr: &Expr) -> bool {
    let mut found = false;
    walk::walk(Item::Expr(expr), &mut |item| {
        found |= match item {
            Item::Expr(expr) => {
                matches!(expr.kind, ExprKind::Every(_) | ExprKind::Not { .. } | ExprKind::And(_) | ExprKind::Or(_))
            }
            Item::Term(term) => term.is_comprehension(),
            _ => false,
        };
        found
    });
    found
}
