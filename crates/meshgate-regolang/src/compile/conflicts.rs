//! Stages 21, 22 and 31: rules that cannot stand together, functions that are not there, builtins that v1 has no more.
//!
//! Deliberately absent: conflicts of values, which only an evaluation shows.

use super::names::dotted;
use super::{Compiler, ground_prefix, path};
use crate::error::{Code, Error};
use crate::syntax::ast::{Node, RuleKind, Term};
use crate::syntax::print::reference;
use crate::syntax::walk::{self, Item, Names};
use crate::types::{Maybe, show_args, show_list};

impl Compiler<'_> {
    /// Stage 21.
    pub(super) fn check_conflicts(&mut self) {
        let mut errors = Vec::new();
        self.tree.each(0, &mut |place| {
            errors.extend(self.conflict(place));
            true
        });
        if let Some(exists) = self.options.data.clone() {
            self.check_data(0, &mut Vec::new(), &*exists, &mut errors);
        }
        self.check_packages(&mut errors);
        self.tell_all(errors);
    }

    fn conflict(&self, place: &super::tree::Place) -> Option<Error> {
        let nodes: Vec<_> = place.rules.iter().filter_map(|id| self.rules.get(*id)).collect();
        let first = nodes.first()?;
        let name = |node: &super::Node| reference(&self.renamed.reference(&path(&self.units, node)));
        let shown = nodes.last().map(|node| name(node)).unwrap_or_default();
        let ground = |node: &super::Node| node.rule.head.reference.iter().skip(1).all(Term::is_ground);
        if !place.below.is_empty() {
            let whole = nodes.iter().any(|node| ground(node));
            let mut below = Vec::new();
            for child in place.below.values() {
                self.tree.each(*child, &mut |place| {
                    // Functions are no part of an object that is made with keys that vary.
                    let of =
                        |id: &&usize| whole || self.rules.get(**id).is_some_and(|node| !node.rule.head.args.is_empty());
                    below.extend(place.rules.iter().filter(of).copied());
                    true
                });
            }
            if !below.is_empty() {
                let mut lines: Vec<_> = below
                    .iter()
                    .filter_map(|id| self.rules.get(*id))
                    .map(|node| (name(node), node.rule.span))
                    .collect();
                lines.sort();
                let mut error = Error::new(Code::Type, first.rule.span, format!("rule {shown} conflicts with:"));
                error.details = lines.into_iter().map(|(name, _)| format!("  rule {name}")).collect();
                return Some(error);
            }
        }
        let kinds = |kind| nodes.iter().any(|node| node.rule.head.kind() == kind);
        let complete = |node: &super::Node| node.rule.head.kind() == RuleKind::Single && ground(node);
        let arity = first.rule.head.args.len();
        let mixed = kinds(RuleKind::Single) && kinds(RuleKind::Multi);
        let arities = nodes.iter().any(|node| node.rule.head.args.len() != arity);
        let partial = nodes.iter().any(|node| complete(node)) && nodes.iter().any(|node| !complete(node));
        if mixed || arities || partial {
            let message = format!("conflicting rules {shown} found");
            return Some(Error::new(Code::Type, first.rule.span, message));
        }
        let defaults: Vec<_> = nodes.iter().filter(|node| node.rule.default).collect();
        if defaults.len() > 1 {
            let package = defaults.first().and_then(|node| self.units.get(node.module)).map(|unit| unit.span);
            let message = format!("multiple default rules {shown} found");
            return Some(Error::new(Code::Type, package.unwrap_or(first.rule.span), message));
        }
        None
    }

    fn check_data<'t>(
        &'t self,
        at: usize,
        way: &mut Vec<&'t str>,
        exists: &dyn Fn(&[&str]) -> bool,
        errors: &mut Vec<Error>,
    ) {
        let Some(place) = self.tree.place(at) else { return };
        if let Some(first) = place.rules.first().and_then(|id| self.rules.get(*id))
            && exists(way)
        {
            let message = format!("conflicting rule for data path {} found", way.join("/"));
            errors.push(Error::new(Code::Compile, first.rule.span, message));
        }
        for (key, below) in &place.below {
            if at == 0 {
                self.check_data(*below, way, exists, errors);
            } else if let Some(key) = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')) {
                way.push(key);
                self.check_data(*below, way, exists, errors);
                way.pop();
            }
        }
    }

    /// Rules that are named as a package is.
    fn check_packages(&self, errors: &mut Vec<Error>) {
        for other in &self.units {
            let rules = self.tree.exact(&other.package).unwrap_or_default();
            for node in rules.iter().filter_map(|id| self.rules.get(*id)) {
                let steps = path(&self.units, node);
                if let Some(unit) = self.units.get(node.module).filter(|_| ground_prefix(&steps).len() == steps.len()) {
                    let package = reference(other.package.get(1..).unwrap_or_default());
                    let message =
                        format!("package {package} conflicts with rule {}", reference(&node.rule.head.reference));
                    errors.push(Error::new(Code::Type, unit.span, message));
                }
            }
        }
    }

    /// Stage 22.
    pub(super) fn check_functions(&mut self) {
        let (mut errors, mut called) = (Vec::new(), Names::default());
        let mut visit = |item: Item<'_>| {
            let Item::Expr(expr) = item else { return false };
            let Some(steps) = expr.operator() else { return false };
            let operands = expr.operands().len();
            match self.arity(steps) {
                Some(arity) => {
                    let fits = if expr.generated {
                        expr.is_equality() || operands == arity + 1
                    } else {
                        operands == arity || operands == arity + 1
                    };
                    let builtin = dotted(steps).and_then(|name| self.options.builtins.get(&*name));
                    if let Some(builtin) = builtin.filter(|builtin| builtin.deprecated) {
                        called.insert(builtin.name.clone());
                    }
                    let variadic = builtin.is_some_and(|builtin| builtin.function.variadic.is_some());
                    if fits || variadic {
                        return false;
                    }
                    let given = if expr.generated { operands.saturating_sub(1) } else { operands };
                    errors.push(match builtin {
                        Some(builtin) => {
                            let have: Vec<Maybe> = expr.operands().iter().map(constant).collect();
                            let mut error =
                                Error::new(Code::Type, expr.span, format!("{}: arity mismatch", builtin.name));
                            error.details = vec![
                                format!("have: {}", show_list(&have)),
                                format!("want: {}", show_args(&builtin.function, false)),
                            ];
                            error
                        }
                        None => {
                            let name = reference(&self.renamed.reference(steps));
                            let plural = if given == 1 { "" } else { "s" };
                            let message = format!("function {name} has arity {arity}, got {given} argument{plural}");
                            Error::new(Code::Type, expr.span, message)
                        }
                    });
                    true
                }
                None => {
                    let name = reference(&self.renamed.reference(steps));
                    let mut error = Error::new(Code::Type, expr.span, format!("undefined function {name}"));
                    error.help = self.meant(&name);
                    errors.push(error);
                    true
                }
            }
        };
        for node in &self.rules {
            walk::head(&node.rule, &mut visit);
            walk::walk(Item::Body(&node.rule.body), &mut visit);
        }
        self.called.extend(called);
        self.tell_all(errors);
    }

    /// The builtin or function that was probably meant.
    fn meant(&self, name: &str) -> Option<String> {
        let short = name.rsplit('.').next().unwrap_or(name);
        let builtins = self.options.builtins.keys().filter(|other| !other.starts_with("internal."));
        let of_builtins =
            super::near::nearest(name.strip_prefix("data.").unwrap_or(name), builtins.map(|name| &**name))
                .or_else(|| super::near::nearest(short, self.options.builtins.keys().map(|name| &**name)));
        of_builtins.map(|meant| format!("did you mean `{meant}`?"))
    }

    /// Stage 31.
    pub(super) fn check_deprecated(&mut self) {
        if !self.options.builtins.values().any(|builtin| builtin.deprecated && self.called.contains(&builtin.name)) {
            return;
        }
        let mut errors = Vec::new();
        let mut visit = |item: Item<'_>, v1: bool| {
            let name = match item {
                Item::Expr(expr) => expr.operator().and_then(dotted).map(|name| (name, expr.span)),
                Item::Term(Term { node: Node::Call(terms), span }) => {
                    terms.first().and_then(Term::as_ref).and_then(dotted).map(|name| (name, *span))
                }
                _ => None,
            };
            if let Some((name, span)) = name.filter(|_| v1)
                && self.options.builtins.get(&*name).is_some_and(|builtin| builtin.deprecated)
            {
                let message = format!("deprecated built-in function calls in expression: {name}");
                errors.push(Error::new(Code::Type, span, message));
            }
            false
        };
        for node in &self.rules {
            let v1 = self.units.get(node.module).is_some_and(|unit| unit.v1_compatible);
            walk::head(&node.rule, &mut |item| visit(item, v1));
            walk::walk(Item::Body(&node.rule.body), &mut |item| visit(item, v1));
        }
        self.tell_all(errors);
    }
}

fn constant(term: &Term) -> Maybe {
    term.is_constant().then(|| crate::types::of_constant(term))
}
