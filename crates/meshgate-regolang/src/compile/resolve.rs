//! What names mean: rules of the package and imports become references to `data` and `input`.
//!
//! Deliberately absent: local variables; see `locals`.

use super::{ByName, Compiler};
use crate::error::{Code, Error};
use crate::source::Span;
use crate::syntax::ast::{Body, Expr, ExprKind, Import, Name, Node, Part, Rule, Term};
use crate::syntax::compare;
use crate::syntax::walk::{Item, Names, walk};

/// What the names of a module mean.
pub type Globals = ByName<Vec<Term>>;

impl Compiler<'_> {
    /// Stage 1.
    pub(super) fn resolve_refs(&mut self) {
        let mut exports: ByName<Vec<Name>> = ByName::default();
        let packages: Vec<Name> =
            self.units.iter().map(|unit| Name::from(crate::syntax::print::reference(&unit.package))).collect();
        for node in self.rules.iter().filter(|node| !node.follows) {
            if let (Some(package), Some(name)) =
                (packages.get(node.module), node.rule.head.reference.first().and_then(Term::as_var))
            {
                exports.entry(package.clone()).or_default().push(name.clone());
            }
        }
        let mut errors = Vec::new();
        let mut module = None;
        let mut globals = Globals::default();
        for node in &mut self.rules {
            if module != Some(node.module) {
                module = Some(node.module);
                let exported = packages.get(node.module).and_then(|package| exports.get(package));
                globals = match self.units.get(node.module) {
                    Some(unit) => {
                        of_module(&unit.package, exported.map(Vec::as_slice).unwrap_or_default(), &unit.imports)
                    }
                    None => Globals::default(),
                };
            }
            errors.extend(rule(&globals, &mut node.rule));
        }
        self.tell_all(errors);
    }

    /// Stage 4.
    pub(super) fn check_overrides(&mut self) {
        let mut errors = Vec::new();
        for (module, _) in self.units.iter().enumerate().filter(|(_, unit)| unit.v1_compatible) {
            let own = || self.rules.iter().filter(|node| node.module == module);
            for Rule { head, span, .. } in own().filter(|node| !node.follows).map(|node| &node.rule) {
                let name = head.reference.first().and_then(Term::as_var).map(|name| &**name).unwrap_or_default();
                if matches!(name, "input" | "data") {
                    let message = format!("rules must not shadow {name} (use a different rule name)");
                    errors.push(Error::new(Code::Compile, *span, message));
                }
                for arg in head.args.iter().filter(|arg| root(arg).is_some()) {
                    let message = format!("args must not shadow {arg} (use a different variable name)");
                    errors.push(Error::new(Code::Compile, arg.span, message));
                }
            }
            let mut visit = |item: Item<'_>| {
                if let Item::Expr(expr) = item
                    && expr.is_assignment()
                    && let Some(name) = expr.operands().first().and_then(root)
                {
                    let message = format!("variables must not shadow {name} (use a different variable name)");
                    errors.push(Error::new(Code::Compile, expr.span, message));
                }
                false
            };
            for node in own() {
                crate::syntax::walk::head(&node.rule, &mut visit);
                walk(Item::Body(&node.rule.body), &mut visit);
            }
        }
        self.tell_all(errors);
    }

    /// Stage 5.
    pub(super) fn check_imports(&mut self) {
        let mut errors = Vec::new();
        for unit in self.units.iter().filter(|unit| unit.v1_compatible) {
            let mut seen: ByName<&Import> = ByName::default();
            for import in &unit.imports {
                let Some(name) = import.name() else { continue };
                match seen.get(&name) {
                    Some(first) => {
                        let alias = first.alias.as_ref().map(|alias| format!(" as {alias}")).unwrap_or_default();
                        let message = format!("import must not shadow import {}{alias}", first.path);
                        errors.push(Error::new(Code::Compile, import.span, message));
                    }
                    None => drop(seen.insert(name, import)),
                }
            }
        }
        self.tell_all(errors);
    }
}

/// `input` or `data` alone.
pub fn root(term: &Term) -> Option<&str> {
    match term.as_ref() {
        Some([only]) => only.as_var().map(|name| &**name).filter(|name| matches!(*name, "input" | "data")),
        _ => None,
    }
}

/// What the names of a module mean: imports count more than rules.
pub fn of_module(package: &[Term], rules: &[Name], imports: &[Import]) -> Globals {
    let mut globals = Globals::default();
    for name in rules {
        let path = package.iter().cloned().chain([Term::string(Span::NONE, name.clone())]).collect();
        globals.insert(name.clone(), path);
    }
    for import in imports {
        let first = import.steps().first().map(Term::to_string).unwrap_or_default();
        if let Some(name) = import.name().filter(|_| !matches!(first.as_str(), "future" | "rego")) {
            globals.insert(name, import.steps().to_vec());
        }
    }
    globals
}

fn rule(globals: &Globals, rule: &mut Rule) -> Option<Error> {
    let mut scopes = vec![Names::default()];
    let mut wrong = None;
    for arg in &rule.head.args {
        arguments(arg, scopes.last_mut()?, &mut wrong);
    }
    if let Some(name) = wrong {
        let message = format!("args must not shadow {name} (use a different variable name)");
        return Some(Error::new(Code::Compile, rule.span, message));
    }
    scopes.push(declared(&rule.body));
    let mut resolver = Resolver { globals, scopes };
    rule.head.reference.iter_mut().skip(1).for_each(|step| resolver.term(step));
    rule.head.key.iter_mut().for_each(|key| resolver.term(key));
    rule.head.value.iter_mut().for_each(|value| resolver.term(value));
    resolver.body(&mut rule.body);
    None
}

/// The variables that arguments bind.
fn arguments(term: &Term, found: &mut Names, wrong: &mut Option<String>) {
    match &term.node {
        Node::Var(name) => drop(found.insert(name.clone())),
        Node::Object(pairs) => pairs.iter().for_each(|(_, value)| arguments(value, found, wrong)),
        Node::Array(terms) => terms.iter().for_each(|term| arguments(term, found, wrong)),
        Node::Ref(steps) => match root(term) {
            Some(name) => *wrong = wrong.take().or_else(|| Some(name.to_owned())),
            None => steps.iter().for_each(|step| arguments(step, found, wrong)),
        },
        _ => {}
    }
}

/// The variables that a body declares itself, closures left out.
pub fn declared(body: &[Expr]) -> Names {
    let mut found = Names::default();
    body.iter().for_each(|expr| declared_by(expr, &mut found));
    found
}

/// The variables that a statement declares.
pub fn declared_by(expr: &Expr, found: &mut Names) {
    let add = |term: &Term, found: &mut Names| {
        walk(Item::Term(term), &mut |item| {
            if let Item::Term(Term { node: Node::Var(name), .. }) = item {
                found.insert(name.clone());
            }
            false
        });
    };
    walk(Item::Expr(expr), &mut |item| match item {
        Item::Expr(expr) => {
            match &expr.kind {
                ExprKind::Call(_) if expr.is_assignment() => {
                    if let Some((left, _)) = expr.pair() {
                        add(left, found);
                    }
                }
                ExprKind::Some(symbols) => {
                    for symbol in symbols {
                        match &symbol.node {
                            Node::Var(name) => drop(found.insert(name.clone())),
                            Node::Call(terms) => {
                                let patterns = terms.len().saturating_sub(2);
                                terms.iter().skip(1).take(patterns).for_each(|term| add(term, found));
                            }
                            _ => {}
                        }
                    }
                }
                ExprKind::Not { .. } | ExprKind::And(_) | ExprKind::Or(_) => return true,
                _ => {}
            }
            false
        }
        Item::Term(term) => term.is_comprehension(),
        _ => false,
    });
}

/// Replaces names by what they mean, where no scope hides them.
pub struct Resolver<'g> {
    /// What the names mean.
    pub globals: &'g Globals,
    /// Names that are hidden.
    pub scopes: Vec<Names>,
}

impl Resolver<'_> {
    fn global(&self, name: &Name, span: Span) -> Option<Vec<Term>> {
        let path = self.globals.get(name)?;
        if self.scopes.iter().any(|scope| scope.contains(name)) {
            return None;
        }
        Some(path.iter().map(|step| Term::new(span, step.node.clone())).collect())
    }

    /// All statements of a body.
    pub fn body(&mut self, body: &mut Body) {
        body.iter_mut().for_each(|expr| self.expr(expr));
    }

    fn closure(&mut self, body: &mut Body) {
        self.scopes.push(declared(body));
        self.body(body);
        self.scopes.pop();
    }

    fn expr(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.term(term),
            ExprKind::Call(terms) => terms.iter_mut().for_each(|term| self.term(term)),
            ExprKind::Some(symbols) => {
                if let [Term { node: Node::Call(terms), .. }] = symbols.as_mut_slice() {
                    terms.iter_mut().for_each(|term| self.term(term));
                }
            }
            ExprKind::Every(every) => {
                self.term(&mut every.domain);
                let mut own = Names::default();
                own.extend(every.key.iter().chain([&every.value]).filter_map(Term::as_var).cloned());
                self.scopes.push(own);
                // OPA looks at the whole body of the rule for what `every` declares; its own body counts, too.
                self.scopes.push(declared(&every.body));
                self.body(&mut every.body);
                self.scopes.truncate(self.scopes.len().saturating_sub(2));
            }
            ExprKind::Not { body, .. } => self.closure(body),
            ExprKind::And(pair) | ExprKind::Or(pair) => {
                self.closure(&mut pair.left);
                self.closure(&mut pair.right);
            }
        }
        for with in &mut expr.with {
            self.term(&mut with.target);
            self.term(&mut with.value);
        }
    }

    /// A term and all below.
    pub fn term(&mut self, term: &mut Term) {
        let span = term.span;
        match &mut term.node {
            Node::Var(name) => {
                if let Some(path) = self.global(name, span) {
                    term.node = Node::Ref(path);
                }
            }
            Node::Ref(steps) => {
                let mut resolved = Vec::with_capacity(steps.len() + 2);
                for (index, mut step) in std::mem::take(steps).into_iter().enumerate() {
                    let path = step.as_var().and_then(|name| self.global(name, step.span));
                    match path {
                        Some(path) if index == 0 => resolved.extend(path),
                        Some(path) => resolved.push(Term::new(step.span, Node::Ref(path))),
                        None => {
                            if step.as_var().is_none() {
                                self.term(&mut step);
                            }
                            resolved.push(step);
                        }
                    }
                }
                *steps = resolved;
            }
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
            Node::Array(terms) | Node::Call(terms) => terms.iter_mut().for_each(|term| self.term(term)),
            Node::ArrayCompr(inner, body) | Node::SetCompr(inner, body) => {
                self.scopes.push(declared(body));
                self.term(inner);
                self.body(body);
                self.scopes.pop();
            }
            Node::ObjectCompr(pair, body) => {
                self.scopes.push(declared(body));
                self.term(&mut pair.0);
                self.term(&mut pair.1);
                self.body(body);
                self.scopes.pop();
            }
            Node::Template(parts) => {
                for part in parts {
                    if let Part::Expr(expr) = part {
                        self.expr(expr);
                    }
                }
            }
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => {}
        }
    }
}
