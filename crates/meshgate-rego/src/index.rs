//! The rules and functions of a bundle by their paths, and what each calls and refers to.
//!
//! Deliberately absent: references through variables (`data.rules[name]`): they are known up to the variable.

use crate::annotations;
use crate::modules::Places;
use crate::syntax::{self, Node};
use regorus::unstable::{AssignOp, Expr, Literal, Module, Ref, Rule, RuleHead};
use std::collections::{BTreeMap, BTreeSet};

/// A call: what is called, as written and resolved, with how many arguments, and where.
#[derive(Debug, Clone)]
pub struct Call {
    pub written: String,
    pub resolved: String,
    pub arguments: usize,
    pub place: String,
}

/// One definition of a rule or function.
#[derive(Clone)]
pub struct Definition {
    pub rule: Ref<Rule>,
    /// The module it is in, in the engine's order.
    pub module: usize,
    /// `file:line:column`.
    pub place: String,
    /// The number of arguments of a function.
    pub arguments: Option<usize>,
    pub calls: Vec<Call>,
    /// Paths that it refers to, `data.a.b`, as far as they are constant.
    pub references: BTreeSet<String>,
    /// Paths that begin with the name of a variable: where that is not in scope, they are references, too.
    pub hidden: BTreeSet<String>,
}

/// All rules and functions.
#[derive(Clone, Default)]
pub struct Index {
    /// By `data.package.name`, as far as the name is constant.
    pub rules: BTreeMap<String, Vec<Definition>>,
    /// The packages, `data.a.b`.
    pub packages: BTreeSet<String>,
}

impl Index {
    pub fn new(modules: &[Ref<Module>], places: &Places) -> Self {
        let mut index = Self::default();
        for (number, module) in modules.iter().enumerate() {
            let package = package_path(module);
            let aliases = imports(module);
            index.packages.insert(package.clone());
            for rule in &module.policy {
                let Some((root, steps)) = syntax::path(syntax::head(rule)) else { continue };
                let name = std::iter::once(root.text()).chain(steps.iter().map(String::as_str)).collect::<Vec<_>>();
                let path = format!("{package}.{}", name.join("."));
                let span = rule.span();
                let place = places.place(span.source.get_path(), syntax::range(span).start);
                let Contents { calls, references, hidden } = contents(rule, &package, &aliases, places);
                let definition = Definition {
                    rule: rule.clone(),
                    module: number,
                    place,
                    arguments: arguments(rule),
                    calls,
                    references,
                    hidden,
                };
                index.rules.entry(path).or_default().push(definition);
            }
        }
        index
    }

    /// The longest beginning of a path that is a rule.
    pub fn named(&self, path: &str) -> Option<&str> {
        let ends: Vec<usize> = path.match_indices('.').map(|(at, _)| at).chain([path.len()]).collect();
        let beginnings = ends.into_iter().filter_map(|end| path.get(..end));
        beginnings.filter_map(|name| self.rules.get_key_value(name)).map(|(name, _)| name.as_str()).next_back()
    }

    /// The rules below a path: those that a reference to a package, or to a part of a rule's path, takes in.
    pub fn below(&self, path: &str) -> impl Iterator<Item = &str> {
        let start = format!("{path}.");
        self.rules
            .range(start.clone()..)
            .map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(&start))
    }

    /// Is a path that of a package, or of what packages are in? A package without rules is an empty document.
    pub fn has_package(&self, path: &str) -> bool {
        let start = format!("{path}.");
        self.packages.contains(path)
            || self.packages.range(start.clone()..).next().is_some_and(|name| name.starts_with(&start))
    }

    /// What a definition leads to.
    pub fn leads_to(&self, definition: &Definition) -> BTreeSet<&str> {
        self.lead(definition, definition.references.iter())
    }

    /// What a definition may lead to, whatever its variables hide.
    pub fn may_lead_to(&self, definition: &Definition) -> BTreeSet<&str> {
        self.lead(definition, definition.references.iter().chain(&definition.hidden))
    }

    fn lead<'a, 'b>(
        &'a self,
        definition: &Definition,
        references: impl Iterator<Item = &'b String>,
    ) -> BTreeSet<&'a str> {
        let calls = definition.calls.iter().map(|call| call.resolved.as_str());
        let mut found: BTreeSet<&str> =
            calls.filter_map(|name| self.rules.get_key_value(name)).map(|(name, _)| name.as_str()).collect();
        for path in references {
            match self.named(path) {
                Some(name) => {
                    found.insert(name);
                    if name == path {
                        found.extend(self.below(path));
                    }
                }
                None => found.extend(self.below(path)),
            }
        }
        found
    }
    /// The rules that some of them lead to, themselves among them.
    pub fn reached_from<'a>(&'a self, mut open: Vec<&'a str>) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        while let Some(path) = open.pop() {
            if let Some((path, definitions)) = self.rules.get_key_value(path)
                && reached.insert(path.as_str())
            {
                open.extend(definitions.iter().flat_map(|definition| self.may_lead_to(definition)));
            }
        }
        reached
    }

    /// The rules that a path takes in: the one that it is, or is a part of, and those below it.
    pub fn taken_in(&self, path: &str) -> Vec<&str> {
        self.named(path).into_iter().chain(self.below(path)).collect()
    }
}

/// `data.a.b` of a module.
pub fn package_path(module: &Module) -> String {
    let mut path = String::from("data");
    for step in annotations::package(module) {
        path.push('.');
        path.push_str(&step);
    }
    path
}

fn arguments(rule: &Rule) -> Option<usize> {
    match rule {
        Rule::Spec { head: RuleHead::Func { args, .. }, .. } => Some(args.len()),
        Rule::Default { args, .. } if !args.is_empty() => Some(args.len()),
        _ => None,
    }
}

/// What the names of imports stand for.
pub fn imports(module: &Module) -> BTreeMap<String, String> {
    let named = module.imports.iter().filter_map(|import| {
        let (root, steps) = syntax::path(&import.refr)?;
        let path = std::iter::once(root.text()).chain(steps.iter().map(String::as_str)).collect::<Vec<_>>();
        let last = import.r#as.as_ref().map(|alias| alias.text()).or(path.last().copied())?;
        Some((last.to_owned(), path.join(".")))
    });
    named.collect()
}

/// A path as written, with imports and the package put in.
pub fn resolve(text: &str, package: &str, aliases: &BTreeMap<String, String>) -> String {
    let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
    match (first, aliases.get(first), rest) {
        ("data" | "input", _, _) => text.to_owned(),
        (_, Some(path), Some(rest)) => format!("{path}.{rest}"),
        (_, Some(path), None) => path.clone(),
        _ => format!("{package}.{text}"),
    }
}

/// The variables of a pattern.
pub fn variables(pattern: &Ref<Expr>, found: &mut BTreeSet<String>) {
    syntax::visit(vec![Node::Expr(pattern)], |node| {
        let Node::Expr(expr) = node else { return false };
        match expr.as_ref() {
            Expr::Var { span, .. } => {
                found.insert(span.text().to_owned());
            }
            // What is looked up is not bound.
            Expr::RefDot { .. } | Expr::RefBrack { .. } | Expr::Call { .. } => return false,
            _ => {}
        }
        true
    });
}

/// The names that are a rule's own, whatever else is called so.
pub fn locals(rule: &Rule) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } | Rule::Default { args, .. } = rule {
        args.iter().for_each(|argument| variables(argument, &mut found));
    }
    declared(syntax::parts(rule), &mut found);
    found
}

/// The names that are declared below some nodes.
pub fn declared(nodes: Vec<Node<'_>>, found: &mut BTreeSet<String>) {
    syntax::visit(nodes, |node| {
        match node {
            Node::Expr(expr) => {
                if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref() {
                    variables(lhs, found);
                }
            }
            Node::Statement(statement) => match &statement.literal {
                Literal::SomeVars { vars, .. } => found.extend(vars.iter().map(|span| span.text().to_owned())),
                Literal::SomeIn { key, value, .. } => {
                    key.iter().chain([value]).for_each(|pattern| variables(pattern, found));
                }
                Literal::Every { key, value, .. } => {
                    found.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
                }
                _ => {}
            },
            Node::Query(_) => {}
        }
        true
    });
}

/// What a definition calls and refers to.
struct Contents {
    calls: Vec<Call>,
    references: BTreeSet<String>,
    hidden: BTreeSet<String>,
}

fn contents(rule: &Rule, package: &str, aliases: &BTreeMap<String, String>, places: &Places) -> Contents {
    let source = rule.span().source.get_path();
    let mut calls = Vec::new();
    let mut references: BTreeSet<String> = BTreeSet::new();
    let mut functions: BTreeSet<*const Expr> = BTreeSet::new();
    syntax::visit(syntax::parts(rule), |node| {
        let Node::Expr(expr) = node else { return true };
        match expr.as_ref() {
            Expr::Call { span, fcn, params, .. } => {
                functions.extend(steps_of(fcn));
                if let Some(written) = syntax::callee(fcn) {
                    let place = places.place(source, syntax::range(span).start);
                    let resolved = resolve(&written, package, aliases);
                    calls.push(Call { resolved, written, arguments: params.len(), place });
                }
            }
            // A function's own name is no reference to a rule, nor are the parts of a reference; what is in its brackets
            // may be.
            Expr::Var { .. } if functions.contains(&std::ptr::from_ref(expr.as_ref())) => return false,
            Expr::RefDot { .. } | Expr::RefBrack { .. } if functions.contains(&std::ptr::from_ref(expr.as_ref())) => {}
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                if let Some((root, steps)) = syntax::path(expr) {
                    let path = std::iter::once(root.text()).chain(steps.iter().map(String::as_str)).collect::<Vec<_>>();
                    references.insert(path.join("."));
                }
                functions.extend(steps_of(expr).into_iter().skip(1));
            }
            _ => {}
        }
        true
    });
    let local = locals(rule);
    let own = |path: &&String| !local.contains(path.split('.').next().unwrap_or_default());
    let resolved = |path: &String| resolve(path, package, aliases);
    let hidden = references.iter().filter(|path| !own(path)).map(resolved).collect();
    let references = references.iter().filter(own).map(resolved).collect();
    Contents { calls, references, hidden }
}

/// A reference and the references that it goes on from: `a.b.c`, `a.b`, `a`.
fn steps_of(expr: &Ref<Expr>) -> Vec<*const Expr> {
    let mut found = Vec::new();
    let mut at = expr;
    loop {
        found.push(std::ptr::from_ref(at.as_ref()));
        match at.as_ref() {
            Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => at = refr,
            _ => return found,
        }
    }
}
