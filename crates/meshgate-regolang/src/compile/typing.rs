//! Stage 29: what can never fit.
//!
//! Deliberately absent: where schemas come from; see `annotate` and [`Options`](super::Options).

mod env;
mod unify;

use super::annotate::Annotations;
use super::graph::Graph;
use super::names::{Renamed, dotted};
use super::near::nearest;
use super::{Compiler, Options, documents_of, ground_prefix, path};
use crate::error::{Code, Error};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Node, Rule, RuleKind, Term};
use crate::syntax::print::reference;
use crate::syntax::walk::{self, Item};
use crate::types::{self, Function, Maybe, Type, show, show_args, show_list};
use env::At;
pub use env::Env;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use unify::unifies;

/// Checks types.
pub struct Checker<'c> {
    env: Env,
    renamed: &'c Renamed,
    /// The types of comprehensions, each looked at once for a rule.
    closures: HashMap<usize, Maybe, RandomState>,
    /// What was probably meant by references that lead nowhere, by their first steps.
    meant: HashMap<usize, Vec<Term>, RandomState>,
    thorough: bool,
}

impl Compiler<'_> {
    /// Stage 29.
    pub(super) fn check_types(&mut self, graph: &Graph) {
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        let packages: Vec<_> =
            self.units.iter().map(|unit| reference(unit.package.get(1..).unwrap_or_default())).collect();
        let annotations =
            Annotations::new(&self.options.notes, &self.rules, &|node| path(&self.units, node), &packages);
        let mut checker = Checker::new(self.options, &self.renamed);
        for id in graph.sorted() {
            let Some(node) = self.rules.get(id) else { continue };
            if self.failed.iter().any(|rule| rule.has(node.rule.span)) {
                checker.unknown(&path(&self.units, node));
                continue;
            }
            let package = packages.get(node.module).map(String::as_str).unwrap_or_default();
            let mut known: Vec<(Vec<Term>, Maybe)> =
                documents_of(self.options, package).map(|(path, of)| (document(path), of)).collect();
            let (schemas, wrong) = annotations.of(node.rule.span, &path(&self.units, node), package);
            known.extend(schemas);
            let mut found = wrong;
            found.extend(checker.rule(&node.rule, &path(&self.units, node), known));
            let v1 = self.units.get(node.module).is_some_and(|unit| unit.v1_compatible);
            if v1 && !self.options.advice { errors.append(&mut found) } else { warnings.append(&mut found) }
        }
        errors.sort_by_key(|error| error.span);
        warnings.sort_by_key(|error| error.span);
        let env = checker.env;
        self.types = env;
        self.tell_all(errors);
        self.warnings.extend(warnings);
    }
}

/// A path of words as a reference.
fn document(path: &[String]) -> Vec<Term> {
    let mut words = path.iter();
    let head = words.next().map(|word| Term::var(Span::NONE, word.as_str()));
    head.into_iter().chain(words.map(|word| Term::string(Span::NONE, word.as_str()))).collect()
}

impl<'c> Checker<'c> {
    pub fn new(options: &Options, renamed: &'c Renamed) -> Self {
        let mut env = Env::new();
        for builtin in options.builtins.values() {
            let steps = Term::function(Span::NONE, &builtin.name);
            if let Some(steps) = steps.as_ref() {
                env.put(steps, Some(Type::Function(builtin.function.clone())));
            }
        }
        Self { thorough: options.thorough, ..Self::with(env, renamed) }
    }

    /// With what is known already.
    pub fn with(env: Env, renamed: &'c Renamed) -> Self {
        Self { env, renamed, closures: HashMap::default(), meant: HashMap::default(), thorough: false }
    }

    /// Of a rule nothing is known.
    fn unknown(&mut self, path: &[Term]) {
        self.env.put(path, Some(Type::any()));
    }

    /// Checks a rule, and remembers what it is.
    pub fn rule(&mut self, rule: &Rule, path: &[Term], known: Vec<(Vec<Term>, Maybe)>) -> Vec<Error> {
        self.closures.clear();
        self.meant.clear();
        self.env.push();
        for (path, of) in known {
            self.known(&path, of);
        }
        let errors = self.body(&rule.body);
        let of = if errors.is_empty() { self.type_of_rule(rule, path) } else { None };
        self.env.pop();
        self.env.pop();
        if errors.is_empty() {
            if let Some(of) = of {
                self.env.insert(ground_prefix(path), &of);
            }
        } else {
            self.unknown(path);
        }
        errors
    }

    /// Says what a document is, also within one that is known.
    fn known(&mut self, path: &[Term], of: Maybe) {
        let outer = (1..path.len()).find_map(|length| {
            let prefix = path.get(..length)?;
            Some((prefix.to_vec(), self.env.reference(prefix)?))
        });
        match outer.filter(|_| path.len() > 1) {
            Some((prefix, within)) => {
                let rest = path.get(prefix.len()..).unwrap_or_default();
                self.env.put(&prefix, overridden(rest, &within, of));
            }
            None => self.env.put(path, of),
        }
    }

    fn type_of_rule(&mut self, rule: &Rule, path: &[Term]) -> Maybe {
        let head = &rule.head;
        if !head.args.is_empty() {
            for arg in &head.args {
                walk::terms(Item::Term(arg), &mut |term| {
                    if let Some(name) = term.as_var()
                        && self.env.var(name).is_none()
                    {
                        self.env.put_var(term, Some(Type::any()));
                    }
                    false
                });
            }
            let args = head.args.iter().map(|arg| self.of(arg)).collect();
            let result = head.value.as_ref().and_then(|value| self.of(value));
            return Some(Type::function(args, result));
        }
        let mut of = match head.kind() {
            RuleKind::Multi => Type::set_of(Some(head.key.as_ref().and_then(|key| self.of(key))?)),
            RuleKind::Single => head.value.as_ref().and_then(|value| self.of(value))?,
        };
        // What stands behind steps that vary is in objects.
        for step in path.get(ground_prefix(path).len()..).unwrap_or_default().iter().rev() {
            let key = self.of(step)?;
            of = Type::object(Vec::new(), Some((Some(key), Some(of))));
        }
        Some(of)
    }

    /// Checks statements in a scope of their own, which stays.
    pub fn body(&mut self, body: &[Expr]) -> Vec<Error> {
        self.env.push();
        let mut errors = Vec::new();
        for expr in body {
            let before = errors.len();
            self.check_closures(expr, &mut errors);
            self.check_references(Item::Expr(expr), &mut errors);
            if let Some(error) = self.expr(expr)
                && (errors.len() == before || !is_caused(&error))
            {
                errors.push(error);
            }
        }
        errors
    }

    fn check_closures(&mut self, expr: &Expr, errors: &mut Vec<Error>) {
        let mut found: Vec<&Term> = Vec::new();
        walk::walk(Item::Expr(expr), &mut |item| match item {
            Item::Term(term) if term.is_comprehension() => {
                found.push(term);
                true
            }
            _ => false,
        });
        for term in found {
            let (of, wrong) = self.comprehension(term);
            self.closures.insert(place(term), of);
            if !wrong.is_empty() {
                errors.extend(wrong);
                break;
            }
        }
    }

    fn comprehension(&mut self, term: &Term) -> (Maybe, Vec<Error>) {
        let (Node::ArrayCompr(_, body) | Node::SetCompr(_, body) | Node::ObjectCompr(_, body)) = &term.node else {
            return (None, Vec::new());
        };
        let wrong = self.body(body);
        let of = match &term.node {
            _ if !wrong.is_empty() => None,
            Node::ArrayCompr(inner, _) => Some(Type::array_of(self.of(inner))),
            Node::SetCompr(inner, _) => Some(Type::set_of(self.of(inner))),
            Node::ObjectCompr(pair, _) => Some(Type::object(Vec::new(), Some((self.of(&pair.0), self.of(&pair.1))))),
            _ => None,
        };
        self.env.pop();
        (of, wrong)
    }

    /// What a term is.
    pub fn of(&mut self, term: &Term) -> Maybe {
        match &term.node {
            Node::Null => Some(Type::Null),
            Node::Bool(_) => Some(Type::Bool),
            Node::Number(_) => Some(Type::Number),
            Node::String(_) => Some(Type::String),
            Node::Var(name) => self.env.var(name),
            Node::Ref(steps) => match self.meant.get(&place_of(steps)) {
                Some(meant) => self.env.reference(meant),
                None => self.env.reference(steps),
            },
            Node::Array(terms) => {
                let fixed: Vec<_> = terms.iter().map(|term| self.of(term)).collect();
                let rest = fixed.is_empty().then(Type::any);
                Some(Type::array(fixed, rest))
            }
            Node::Set(terms) => {
                let of = terms.iter().fold(None, |all, term| types::or(all, self.of(term)));
                Some(Type::set_of(of.or_else(|| Some(Type::any()))))
            }
            Node::Object(pairs) => {
                let (mut fixed, mut dynamic) = (Vec::new(), None);
                for (key, value) in pairs {
                    let value = self.of(value);
                    if key.is_constant() {
                        fixed.push((key.clone(), value));
                    } else {
                        dynamic = Some((self.of(key), value));
                    }
                }
                if fixed.is_empty() && dynamic.is_none() {
                    dynamic = Some((Some(Type::any()), Some(Type::any())));
                }
                Some(Type::object(fixed, dynamic))
            }
            Node::ArrayCompr(..) | Node::SetCompr(..) | Node::ObjectCompr(..) => {
                if let Some(of) = self.closures.get(&place(term)) {
                    return of.clone();
                }
                self.comprehension(term).0
            }
            Node::Call(_) | Node::Template(_) => None,
        }
    }

    fn list(&mut self, terms: &[Term]) -> Vec<Maybe> {
        terms.iter().map(|term| self.of(term)).collect()
    }

    fn expr(&mut self, expr: &Expr) -> Option<Error> {
        for with in &expr.with {
            let (target, value) = (self.of(&with.target), self.of(&with.value));
            if let (Some(Type::Function(wanted)), Some(given @ Type::Function(by))) = (&target, &value)
                && !unifies(target.as_ref(), Some(given))
            {
                let name = with.target.as_ref().map(reference).unwrap_or_default();
                let have: Vec<_> = by.args.iter().map(|arg| arg.of.clone()).collect();
                return Some(argument_error(with.span, &name, "arity mismatch", &have, wanted, false));
            }
        }
        let ExprKind::Call(terms) = &expr.kind else { return None };
        let args = terms.get(1..).unwrap_or_default();
        if expr.is_equality() {
            return self.equation(expr, args);
        }
        let steps = expr.operator()?;
        let name = dotted(steps)?.into_owned();
        let function = match self.env.reference(steps) {
            Some(Type::Function(function)) => function,
            Some(Type::Any(_)) => return None,
            _ => return Some(Error::new(Code::Type, expr.span, format!("undefined function {name}"))),
        };
        let mut wanted: Vec<Maybe> = function.args.iter().map(|arg| arg.of.clone()).collect();
        wanted.extend(function.result.as_ref().map(|result| result.of.clone()));
        let problem = if args.len() > wanted.len() && function.variadic.is_none() {
            "too many arguments"
        } else if args.len() < function.args.len() {
            "too few arguments"
        } else {
            let mut fits = true;
            for (index, arg) in args.iter().enumerate() {
                let want = wanted.get(index).cloned().unwrap_or_else(|| function.variadic.clone());
                fits = self.unify1(arg, want.as_ref(), false);
                if !fits {
                    break;
                }
            }
            if fits {
                return None;
            }
            "invalid argument(s)"
        };
        let have = self.list(args);
        Some(argument_error(expr.span, &name, problem, &have, &function, true))
    }

    fn equation(&mut self, expr: &Expr, args: &[Term]) -> Option<Error> {
        let [a, b] = args else {
            let problem = if args.len() < 2 { "too few arguments" } else { "too many arguments" };
            return Some(Error::new(Code::Type, expr.span, format!("eq: {problem}")));
        };
        let (left, right) = (self.of(a), self.of(b));
        if self.unify2(a, left.as_ref(), b, right.as_ref()) {
            return None;
        }
        let mut error = Error::new(Code::Type, expr.span, "match error");
        error.details = vec![format!("left  : {}", show(left.as_ref())), format!("right : {}", show(right.as_ref()))];
        Some(error)
    }

    /// Checks the references of an item, closures left out.
    fn check_references(&mut self, item: Item<'_>, errors: &mut Vec<Error>) {
        let mut open: Vec<&[Term]> = Vec::new();
        walk::walk(item, &mut |item| match item {
            Item::Expr(Expr { kind: ExprKind::Call(terms), .. }) => {
                for term in terms.iter().skip(1) {
                    references(term, &mut open);
                }
                true
            }
            Item::Expr(Expr { kind: ExprKind::Term(term), .. }) => {
                references(term, &mut open);
                true
            }
            Item::Term(term) => {
                references(term, &mut open);
                true
            }
            _ => false,
        });
        for steps in open {
            if let Some(Type::Function(function)) = self.env.reference(steps) {
                errors.push(self.unsupported(
                    steps,
                    steps.len().saturating_sub(1),
                    Some(&Type::Function(function)),
                    true,
                ));
                continue;
            }
            let mut meant: Option<Vec<Term>> = None;
            while let Some(error) = self.whole(meant.as_deref().unwrap_or(steps)) {
                // What stands behind a word that is misspelt is looked at as if it were not.
                let right = supposed(meant.as_deref().unwrap_or(steps), &error).filter(|_| self.thorough);
                errors.push(error);
                meant = right;
                if meant.is_none() {
                    break;
                }
            }
            self.meant.extend(meant.map(|meant| (place_of(steps), meant)));
        }
    }

    fn whole(&mut self, steps: &[Term]) -> Option<Error> {
        let scope = self.env.innermost();
        self.env.root(scope).and_then(|at| self.reference(at, steps, 0))
    }

    fn reference(&mut self, at: At, steps: &[Term], index: usize) -> Option<Error> {
        let step = steps.get(index)?;
        if (index == 1 || index == 2) && !matches!(step.node, Node::Var(_) | Node::String(_)) {
            let have = self.of(step);
            return Some(self.invalid(steps, index, have, Some(Type::String), self.keys_below(at)));
        }
        if let Some(name) = step.as_var().filter(|_| index > 0) {
            let keys = self.env.extent(at).and_then(|of| types::keys(&of));
            match self.env.var(name) {
                Some(have) => {
                    if !unifies(keys.as_ref(), Some(&have)) {
                        return Some(self.invalid(steps, index, Some(have), keys, self.keys_below(at)));
                    }
                }
                None => self.env.put_var(step, keys),
            }
        }
        let Some(child) = self.env.child(at, step) else {
            if let Some(outer) = at.scope.checked_sub(1) {
                return self.env.root(outer).and_then(|root| self.reference(root, steps, 0));
            }
            let document = steps.first().and_then(Term::as_var).is_some_and(|name| matches!(&**name, "input" | "data"));
            if !document {
                return self.leaf(Some(Type::any()), steps, 0);
            }
            if index == 0 {
                return self.leaf(Some(Type::any()), steps, 1);
            }
            if step.is_constant() {
                return self.leaf(Some(Type::any()), steps, index);
            }
            // A step that varies can be any of those that are known.
            for child in self.env.children(at) {
                self.reference(child, steps, index + 1);
            }
            return None;
        };
        if let Some(of) = self.env.place(child).and_then(|place| place.of.clone()) {
            return self.leaf(Some(of), steps, index + 1);
        }
        self.reference(child, steps, index + 1)
    }

    fn leaf(&mut self, of: Maybe, steps: &[Term], index: usize) -> Option<Error> {
        let mut of = of;
        for (at, step) in steps.iter().enumerate().skip(index) {
            let Some(keys) = of.as_ref().and_then(types::keys) else {
                return Some(self.unsupported(steps, at.saturating_sub(1), of.as_ref(), false));
            };
            match &step.node {
                Node::Var(name) => match self.env.var(name) {
                    Some(have) => {
                        if !unifies(Some(&have), Some(&keys)) {
                            return Some(self.invalid(steps, at, Some(have), Some(keys), one_of(of.as_ref())));
                        }
                    }
                    None => self.env.put_var(step, Some(keys)),
                },
                Node::Ref(inner) => {
                    if let Some(have) = self.env.reference(inner)
                        && !unifies(Some(&have), Some(&keys))
                    {
                        return Some(self.invalid(steps, at, Some(have), Some(keys), one_of(of.as_ref())));
                    }
                }
                Node::Array(_) | Node::Object(_) | Node::Set(_) => {
                    if !self.unify1(step, Some(&keys), false) {
                        let have = self.of(step);
                        return Some(self.invalid(steps, at, have, Some(keys), Vec::new()));
                    }
                }
                _ => {
                    let Some(child) = of.as_ref().and_then(|of| types::select(of, step)) else {
                        return Some(self.invalid(steps, at, None, Some(keys), one_of(of.as_ref())));
                    };
                    of = Some(child);
                    continue;
                }
            }
            of = of.as_ref().and_then(types::values);
        }
        None
    }

    fn keys_below(&self, at: At) -> Vec<Term> {
        let places = self.env.children(at).into_iter().filter_map(|at| self.env.place(at));
        let mut keys: Vec<_> = places.map(|place| place.step.clone()).collect();
        keys.sort_by(crate::syntax::compare::terms);
        keys
    }

    fn undefined(&self, steps: &[Term]) -> (Vec<Term>, Error) {
        let steps = self.renamed.reference(steps);
        let span = steps.first().map_or(Span::NONE, |step| step.span);
        let error = Error::new(Code::Type, span, format!("undefined ref: {}", reference(&steps)));
        (steps, error)
    }

    fn unsupported(&self, steps: &[Term], at: usize, have: Option<&Type>, called: bool) -> Error {
        let (steps, mut error) = self.undefined(steps);
        let name = reference(&steps);
        if called {
            error.message = format!("function {name} used as reference, not called");
        }
        let mark = "^".repeat(reference(steps.get(..=at).unwrap_or_default()).chars().count());
        error.details = vec![name, mark, format!("have: {}", show(have))];
        error
    }

    fn invalid(&self, steps: &[Term], at: usize, have: Maybe, want: Maybe, one_of: Vec<Term>) -> Error {
        let (steps, mut error) = self.undefined(steps);
        let pad = " ".repeat(reference(steps.get(..at).unwrap_or_default()).chars().count() + 1);
        let step = steps.get(at);
        let shown = step.map(Term::to_string).unwrap_or_default();
        error.details = vec![reference(&steps), format!("{pad}^")];
        error.details.push(match &have {
            Some(have) => format!("{pad}have (type): {have}"),
            None => format!("{pad}have: {shown}"),
        });
        if one_of.is_empty() {
            error.details.push(format!("{pad}want (type): {}", show(want.as_ref())));
        } else {
            let keys: Vec<_> = one_of.iter().map(Term::to_string).collect();
            error.details.push(format!("{pad}want (one of): [{}]", keys.join(" ")));
        }
        if let Some(step) = step {
            error.word = Some(step.span).filter(|span| span.is_written() && span.file == error.span.file);
            if let Node::String(word) = &step.node {
                let words = one_of.iter().filter_map(|key| match &key.node {
                    Node::String(word) => Some(&**word),
                    _ => None,
                });
                error.meant = nearest(word, words).map(str::to_owned);
                error.help = error.meant.as_ref().map(|meant| format!("did you mean `{meant}`?"));
            }
        }
        error
    }
}

/// A type that has another at a path.
fn overridden(path: &[Term], of: &Type, with: Maybe) -> Maybe {
    let Some((step, rest)) = path.split_first() else { return with };
    let any = || Some((Some(Type::any()), Some(Type::any())));
    let (mut fixed, dynamic) = match of {
        Type::Object(object) => (object.fixed.clone(), object.dynamic.clone()),
        _ => (Vec::new(), any()),
    };
    match fixed.iter_mut().find(|(key, _)| crate::syntax::compare::same(key, step)) {
        Some((_, value)) => {
            let within = value.clone().unwrap_or_else(Type::any);
            *value = overridden(rest, &within, with);
        }
        None => {
            let within = Type::object(Vec::new(), dynamic.clone());
            fixed.push((step.clone(), overridden(rest, &within, with)));
        }
    }
    Some(Type::object(fixed, dynamic))
}

/// The references in a term, outer ones first, closures left out.
fn references<'t>(term: &'t Term, found: &mut Vec<&'t [Term]>) {
    walk::terms(Item::Term(term), &mut |term| {
        if term.is_comprehension() {
            return true;
        }
        if let Node::Ref(steps) = &term.node {
            found.push(steps);
        }
        false
    });
}

/// A comprehension, as itself: nothing moves while types are checked.
fn place(term: &Term) -> usize {
    std::ptr::from_ref(term).addr()
}

/// A reference with the name that was probably meant.
fn supposed(steps: &[Term], error: &Error) -> Option<Vec<Term>> {
    let meant = error.meant.as_deref()?;
    let mut right = steps.to_vec();
    let step = right.iter_mut().find(|step| Some(step.span) == error.word)?;
    *step = Term::string(step.span, meant);
    Some(right)
}

/// A reference, likewise.
fn place_of(steps: &[Term]) -> usize {
    steps.as_ptr().addr()
}

/// The keys that an object has for certain, or objects among alternatives.
fn one_of(of: Option<&Type>) -> Vec<Term> {
    let mut found = Vec::new();
    match of {
        Some(Type::Object(object)) => found.extend(object.fixed.iter().map(|(key, _)| key.clone())),
        Some(Type::Any(of)) => of.iter().for_each(|one| found.extend(one_of(Some(one)))),
        _ => {}
    }
    found.sort_by(crate::syntax::compare::terms);
    found.dedup_by(|a, b| crate::syntax::compare::same(a, b));
    found
}

fn argument_error(span: Span, name: &str, problem: &str, have: &[Maybe], want: &Function, whole: bool) -> Error {
    let mut error = Error::new(Code::Type, span, format!("{name}: {problem}"));
    error.details = vec![format!("have: {}", show_list(have)), format!("want: {}", show_args(want, whole))];
    error
}

/// Is an error perhaps only the consequence of another: is something in it not known?
fn is_caused(error: &Error) -> bool {
    error.details.iter().any(|line| line.contains("???"))
}
