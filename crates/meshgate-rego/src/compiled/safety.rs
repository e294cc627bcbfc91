//! Unsafe variables: those that nothing gives a value, and those that only a negated expression would. regorus finds some
//! of the former when it prepares; the latter it takes for "there is one that does not", where OPA refuses them.
//!
//! Deliberately absent: the order of statements, which the scheduler finds.

pub mod growth;

use crate::builtins;
use crate::error::LoadError;
use crate::index::{self, Index};
use crate::modules::Places;
use crate::syntax::{self, Node};
use regorus::unstable::{AssignOp, Expr, Literal, Module, Ref, Rule, RuleHead, Span};
use std::collections::BTreeSet;

/// Checks every rule of the modules.
pub fn check(modules: &[Ref<Module>], index: &Index, places: &Places) -> Vec<LoadError> {
    let mut errors = Vec::new();
    for module in modules {
        let package = index::package_path(module);
        let mut names: BTreeSet<String> = index::imports(module).into_keys().collect();
        names.extend(index.below(&package).filter_map(|path| {
            let rest = path.get(package.len() + 1..)?;
            rest.split('.').next().map(str::to_owned)
        }));
        names.extend(["input", "data", "_"].map(str::to_owned));
        for rule in &module.policy {
            let bound = bound(rule, index, &names);
            let mut report = |span: &Span, hint: &str| {
                let place = places.place(span.source.get_path(), syntax::range(span).start);
                let message = format!("rego_unsafe_var_error: var `{}` is unsafe{hint}", span.text());
                errors.push(LoadError::new(place, message));
            };
            variables(syntax::parts(rule), &mut |span, negated_step| {
                let name = span.text();
                if name == "_" && negated_step {
                    report(
                        span,
                        ": a negated expression has no values of its own; write `every`, `not x in …` or a rule of its own",
                    );
                } else if !names.contains(name) && !bound.contains(name) {
                    report(span, ": nothing gives it a value");
                }
            });
        }
    }
    errors
}

/// The variables that something gives a value: assignments, `some`, `every`, arguments, and steps of references that are
/// not negated.
fn bound(rule: &Rule, index: &Index, names: &BTreeSet<String>) -> BTreeSet<String> {
    let mut bound = BTreeSet::new();
    if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } | Rule::Default { args, .. } = rule {
        args.iter().for_each(|argument| index::variables(argument, &mut bound));
    }
    let mut open: Vec<(Node<'_>, bool)> = syntax::parts(rule).into_iter().map(|node| (node, false)).collect();
    while let Some((node, negated)) = open.pop() {
        let mut below = negated;
        match node {
            Node::Statement(statement) => match &statement.literal {
                Literal::SomeVars { vars, .. } => bound.extend(vars.iter().map(|span| span.text().to_owned())),
                Literal::SomeIn { key, value, .. } => {
                    key.iter().chain([value]).for_each(|pattern| index::variables(pattern, &mut bound));
                }
                Literal::Every { key, value, .. } => {
                    bound.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
                }
                Literal::NotExpr { .. } => below = true,
                Literal::Expr { expr, .. } => {
                    if let Expr::Call { fcn, params, .. } = expr.as_ref() {
                        output(fcn, params, index, names, &mut bound);
                    }
                }
            },
            // A comprehension's body has values of its own, negated or not.
            Node::Query(_) => below = false,
            Node::Expr(expr) => match expr.as_ref() {
                Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } => index::variables(lhs, &mut bound),
                Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } if !negated => {
                    index::variables(lhs, &mut bound);
                    index::variables(rhs, &mut bound);
                }
                Expr::RefBrack { index, .. } if !negated => index::variables(index, &mut bound),
                _ => {}
            },
        }
        open.extend(syntax::children(node).into_iter().map(|node| (node, below)));
    }
    bound
}

/// `f(x, out)` gives `out` its value.
fn output(
    function: &Expr,
    params: &[Ref<Expr>],
    index: &Index,
    names: &BTreeSet<String>,
    bound: &mut BTreeSet<String>,
) {
    let Some(name) = syntax::callee(function) else { return };
    let own = names.contains(name.split('.').next().unwrap_or_default());
    let arity = if own { None } else { builtins::arguments(&name).map(usize::from) };
    // Of functions of the bundle, the last argument may be the value as well as not; `calls` counts them.
    if (arity.is_none_or(|arity| params.len() == arity + 1) || index.rules.contains_key(&name))
        && let Some(last) = params.last()
    {
        index::variables(last, bound);
    }
}

/// Visits variables; whether one is a step of a reference in a negated expression. Names of functions are none.
fn variables<'a>(nodes: Vec<Node<'a>>, found: &mut dyn FnMut(&'a Span, bool)) {
    let mut open: Vec<(Node<'a>, bool)> = nodes.into_iter().map(|node| (node, false)).collect();
    while let Some((node, negated)) = open.pop() {
        let mut below = negated;
        match node {
            Node::Statement(statement) => {
                if let Literal::NotExpr { expr, .. } = &statement.literal {
                    open.push((Node::Expr(expr), true));
                    for with in &statement.with_mods {
                        open.push((Node::Expr(&with.r#as), false));
                    }
                    continue;
                }
                // What is mocked is no variable.
                let with: Vec<*const Expr> =
                    statement.with_mods.iter().map(|with| std::ptr::from_ref(with.refr.as_ref())).collect();
                for child in syntax::children(node) {
                    match child {
                        Node::Expr(expr) if with.contains(&std::ptr::from_ref(expr.as_ref())) => {}
                        child => open.push((child, negated)),
                    }
                }
                continue;
            }
            Node::Query(_) => below = false,
            Node::Expr(expr) => match expr.as_ref() {
                Expr::Var { span, .. } => found(span, false),
                Expr::Call { params, .. } => {
                    open.extend(params.iter().map(|param| (Node::Expr(param), negated)));
                    continue;
                }
                Expr::RefBrack { index, .. } if negated => {
                    if let Expr::Var { span, .. } = index.as_ref()
                        && span.text() == "_"
                    {
                        found(span, true);
                    }
                }
                _ => {}
            },
        }
        open.extend(syntax::children(node).into_iter().map(|node| (node, below)));
    }
}
