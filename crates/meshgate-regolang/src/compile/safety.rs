//! Stages 23 and 24: every variable gets a value before it is needed; statements are put into that order.
//!
//! Deliberately absent: what the order costs.

use super::names::reserved;
use super::{Compiler, taken};
use crate::error::{Code, Error};
use crate::source::Span;
use crate::syntax::ast::{self, Body, Expr, ExprKind, Name, Node, Term};
use crate::syntax::compare;
use crate::syntax::walk::{self, Item, Names, SAFETY, Skip, terms, vars_of};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The number of arguments of a function.
pub type Arity<'a> = &'a dyn Fn(&[Term]) -> Option<usize>;

/// What is only bound in patterns: keys of objects are not.
const PATTERN: Skip =
    Skip { ref_head: true, call_head: false, object_keys: true, closures: true, sets: false, bare_with: false };
/// The same for arguments of functions.
const ARGUMENT: Skip = Skip { sets: true, ..PATTERN };
/// The variables of the steps of references.
const STEPS: Skip =
    Skip { ref_head: true, call_head: false, object_keys: false, closures: false, sets: false, bare_with: false };

/// Statements with variables that have no value, by their place in the text.
type Unsafe = Vec<(Span, Names)>;

impl Compiler<'_> {
    /// Stage 23.
    pub(super) fn check_safety_of_heads(&mut self) {
        let mut errors = Vec::new();
        for node in &self.rules {
            let rule = &node.rule;
            let head = &rule.head;
            let mut needed = Names::default();
            let steps = head.reference.iter().skip(1);
            let parts = head.args.iter().chain(&head.key).chain(&head.value).chain(steps);
            parts
                .filter(|part| !part.is_scalar())
                .for_each(|part| walk::vars(Item::Term(part), Skip::default(), &mut needed));
            if needed.is_empty() {
                continue;
            }
            let mut safe = vars_of(Item::Body(&rule.body), SAFETY);
            head.args.iter().for_each(|arg| walk::vars(Item::Term(arg), Skip::default(), &mut safe));
            let mut missing: Vec<_> = needed.iter().filter(|name| !safe.contains(*name)).collect();
            missing.sort_unstable();
            for made in missing {
                let name = self.renamed.written(made);
                if !ast::is_generated(name) {
                    let at = place_in_head(head, made).unwrap_or(rule.span);
                    errors.push(Error::new(Code::UnsafeVar, at, format!("var {} is unsafe", shown(name))));
                }
            }
        }
        self.tell_all(errors);
    }

    /// Stage 24.
    pub(super) fn check_safety(&mut self) {
        let mut rules = std::mem::take(&mut self.rules);
        let mut errors = Vec::new();
        {
            let arity = |steps: &[Term]| self.arity(steps);
            for node in &mut rules {
                let mut globals = reserved();
                let args = &node.rule.head.args;
                args.iter().for_each(|arg| walk::vars(Item::Term(arg), Skip::default(), &mut globals));
                let mut missing = Unsafe::new();
                let reordered = reordered(taken(&mut node.rule.body), &arity, &globals, &mut missing);
                node.rule.body = reordered;
                errors.extend(told(missing, &|name| self.renamed.written(name).clone()));
            }
        }
        self.rules = rules;
        self.tell_all(errors);
    }
}

/// Where a variable stands in a head.
fn place_in_head(head: &ast::Head, name: &Name) -> Option<Span> {
    let parts = head.args.iter().chain(&head.key).chain(&head.value).chain(head.reference.iter().skip(1));
    let mut found: Option<Span> = None;
    for part in parts {
        terms(Item::Term(part), &mut |term| {
            if term.as_var() == Some(name) && term.span.is_written() {
                found = Some(found.map_or(term.span, |span| span.min(term.span)));
            }
            false
        });
    }
    found
}

fn shown(name: &str) -> &str {
    if ast::is_wildcard(name) { "_" } else { name }
}

/// The errors for variables without a value: each is told once, where it stands first.
pub fn told(missing: Unsafe, written: &dyn Fn(&Name) -> Name) -> Vec<Error> {
    let mut first: HashMap<Name, Span, RandomState> = HashMap::default();
    for (span, names) in &missing {
        for name in names {
            let at = first.entry(name.clone()).or_insert(*span);
            *at = (*at).min(*span);
        }
    }
    let mut ordered: Vec<_> = first.into_iter().collect();
    ordered.sort_unstable_by(|(a, at), (b, other)| at.cmp(other).then_with(|| a.cmp(b)));
    let named = ordered.into_iter().filter_map(|(name, at)| {
        let name = written(&name);
        if ast::is_generated(&name) {
            return None;
        }
        let hint = match &*name {
            "in" | "every" | "contains" | "if" | "not" | "and" | "or" => {
                format!(" (hint: `import future.keywords.{name}` to import a future keyword)")
            }
            _ => String::new(),
        };
        Some(Error::new(Code::UnsafeVar, at, format!("var {} is unsafe{hint}", shown(&name))))
    });
    let errors: Vec<_> = named.collect();
    if !errors.is_empty() {
        return errors;
    }
    let mut missing = missing;
    missing.sort_by_key(|(span, _)| *span);
    let mut seen = Names::default();
    missing
        .into_iter()
        .filter(|(_, names)| {
            let before = seen.len();
            seen.extend(names.iter().filter(|name| ast::is_generated(name)).cloned());
            seen.len() > before
        })
        .map(|(span, _)| Error::new(Code::UnsafeVar, span, "expression is unsafe"))
        .collect()
}

/// What is known of a statement that is not yet placed.
struct Waiting {
    expr: Expr,
    /// Variables without a value.
    missing: Names,
    /// The variables that its closures use.
    closed: Names,
}

/// Puts statements into the order in which each finds its variables bound, close to the order of the text.
pub fn reordered(body: Body, arity: Arity<'_>, globals: &Names, missing: &mut Unsafe) -> Body {
    let all = vars_of(Item::Body(&body), SAFETY);
    let mut safe: Names = all.iter().filter(|name| globals.contains(*name)).cloned().collect();
    let mut waiting: Vec<Waiting> = body
        .into_iter()
        .map(|expr| {
            let missing = vars_of(Item::Expr(&expr), SAFETY).into_iter().filter(|name| !safe.contains(name)).collect();
            let mut closed = closed_over(&expr);
            closed.retain(|name| all.contains(name) && !globals.contains(name));
            Waiting { expr, missing, closed }
        })
        .collect();
    let mut placed: Body = Vec::with_capacity(waiting.len());
    // What the placed statements bind.
    let mut bound = Names::default();
    let mut carried = Names::default();
    loop {
        let before = placed.len();
        let mut left = Vec::with_capacity(waiting.len());
        for mut one in waiting {
            let outputs = outputs(&one.expr, arity, &safe, &mut carried);
            if one.closed.iter().any(|name| !bound.contains(name)) {
                let open: Names = one.closed.iter().filter(|name| !bound.contains(*name)).cloned().collect();
                if open == outputs {
                    left.push(one);
                    continue;
                }
                one.missing = open;
            }
            one.missing.retain(|name| !outputs.contains(name) && !safe.contains(name));
            if one.missing.is_empty() {
                bound.extend(outputs.iter().cloned());
                safe.extend(outputs);
                placed.push(one.expr);
            } else {
                left.push(one);
            }
        }
        waiting = left;
        if placed.len() == before || waiting.is_empty() {
            break;
        }
    }
    // What could not be placed is told; its closures are not looked at.
    missing.extend(waiting.into_iter().map(|one| {
        let names = if one.missing.is_empty() { one.closed } else { one.missing };
        (one.expr.span, names)
    }));
    let mut known = globals.clone();
    let mut previous: Option<Names> = None;
    for expr in &mut placed {
        known.extend(previous.take().into_iter().flatten());
        previous = Some(vars_of(Item::Expr(expr), SAFETY));
        let span = expr.span;
        closures(expr, arity, &mut known, missing, span);
    }
    placed
}

/// Orders the bodies of a statement's closures.
fn closures(expr: &mut Expr, arity: Arity<'_>, known: &mut Names, missing: &mut Unsafe, span: Span) {
    match &mut expr.kind {
        ExprKind::Term(term) => closures_of(term, arity, known, missing, span),
        ExprKind::Call(terms) | ExprKind::Some(terms) => {
            terms.iter_mut().for_each(|term| closures_of(term, arity, known, missing, span));
        }
        ExprKind::Every(every) => {
            known.extend(every.key.iter().chain([&every.value]).filter_map(Term::as_var).cloned());
            every.body = reordered(taken(&mut every.body), arity, known, missing);
            return;
        }
        ExprKind::Not { body, .. } => *body = reordered(taken(body), arity, known, missing),
        ExprKind::And(pair) | ExprKind::Or(pair) => {
            pair.left = reordered(taken(&mut pair.left), arity, known, missing);
            pair.right = reordered(taken(&mut pair.right), arity, known, missing);
        }
    }
    for with in &mut expr.with {
        closures_of(&mut with.value, arity, known, missing, span);
    }
}

fn closures_of(term: &mut Term, arity: Arity<'_>, known: &mut Names, missing: &mut Unsafe, span: Span) {
    let mut inner = |heads: &[&Term], body: &mut Body, known: &Names| {
        let mut inside = vars_of(Item::Body(body), SAFETY);
        inside.extend(known.iter().cloned());
        let mut open = Names::default();
        heads.iter().for_each(|head| walk::vars(Item::Term(head), Skip::default(), &mut open));
        open.retain(|name| !inside.contains(name));
        if !open.is_empty() {
            missing.push((span, open));
        }
        *body = reordered(taken(body), arity, known, missing);
    };
    match &mut term.node {
        Node::ArrayCompr(head, body) | Node::SetCompr(head, body) => inner(&[head], body, known),
        Node::ObjectCompr(pair, body) => inner(&[&pair.0, &pair.1], body, known),
        Node::Ref(terms) | Node::Call(terms) | Node::Array(terms) | Node::Set(terms) => {
            terms.iter_mut().for_each(|term| closures_of(term, arity, known, missing, span));
        }
        Node::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            closures_of(key, arity, known, missing, span);
            closures_of(value, arity, known, missing, span);
        }),
        Node::Template(_) | Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) | Node::Var(_) => {}
    }
}

/// The variables in a statement's closures.
fn closed_over(expr: &Expr) -> Names {
    let mut found = Names::default();
    walk::walk(Item::Expr(expr), &mut |item| match item {
        Item::Expr(inner) => match &inner.kind {
            ExprKind::Every(every) => {
                walk::vars(Item::Body(&every.body), Skip::default(), &mut found);
                true
            }
            ExprKind::Not { body, .. } => {
                walk::vars(Item::Body(body), Skip::default(), &mut found);
                true
            }
            ExprKind::And(pair) | ExprKind::Or(pair) => {
                walk::vars(Item::Body(&pair.left), Skip::default(), &mut found);
                walk::vars(Item::Body(&pair.right), Skip::default(), &mut found);
                true
            }
            _ => false,
        },
        Item::Term(term) if term.is_comprehension() => {
            walk::vars(Item::Term(term), Skip::default(), &mut found);
            true
        }
        _ => false,
    });
    found
}

/// What statements bind, one after the other, beyond what is safe already.
pub fn outputs_of_body(body: &[Expr], arity: Arity<'_>, safe: &Names) -> Names {
    let (mut known, mut carried) = (safe.clone(), Names::default());
    for expr in body {
        let more = outputs(expr, arity, &known, &mut carried);
        known.extend(more);
    }
    known.retain(|name| !safe.contains(name));
    known
}

/// What a statement binds. As in OPA, what a call binds counts for an equation right behind it, also where the call itself
/// has to wait: `carried` is that.
pub fn outputs(expr: &Expr, arity: Arity<'_>, safe: &Names, carried: &mut Names) -> Names {
    if expr.negated {
        return Names::default();
    }
    let ready = |with| vars_of(Item::With(with), SAFETY).iter().all(|name| safe.contains(name));
    if !expr.with.iter().all(ready) {
        return Names::default();
    }
    let mut found = Names::default();
    match &expr.kind {
        ExprKind::Term(_) => of_references(Item::Expr(expr), safe, &mut found),
        ExprKind::Call(_) if expr.is_equality() => return equation(expr, safe, std::mem::take(carried)),
        ExprKind::Call(all) => {
            let Some(count) = expr.operator().and_then(arity) else { return found };
            of_references(Item::Expr(expr), safe, &mut found);
            carried.clone_from(&found);
            let inputs = count + 1;
            if inputs >= all.len() {
                return found;
            }
            let mut needed = Names::default();
            all.iter().take(inputs).for_each(|term| walk::vars(Item::Term(term), ARGUMENT, &mut needed));
            if needed.iter().any(|name| !found.contains(name) && !safe.contains(name)) {
                return Names::default();
            }
            all.iter().skip(inputs).for_each(|term| walk::vars(Item::Term(term), ARGUMENT, &mut found));
            carried.clone_from(&found);
        }
        ExprKind::Every(every) => {
            of_references(Item::Term(&every.domain), safe, carried);
            found.clone_from(carried);
        }
        ExprKind::Some(_) | ExprKind::Not { .. } | ExprKind::And(_) | ExprKind::Or(_) => {}
    }
    found
}

/// What `left = right` binds.
pub fn outputs_of_equation(expr: &Expr, safe: &Names) -> Names {
    equation(expr, safe, Names::default())
}

fn equation(expr: &Expr, safe: &Names, mut found: Names) -> Names {
    let Some((left, right)) = expr.pair() else { return safe.clone() };
    of_references(Item::Expr(expr), safe, &mut found);
    found.extend(safe.iter().cloned());
    // `:=` gives values to its left side only.
    if expr.assigned {
        let mut given = Names::default();
        assigned(left, right, &found, &mut given);
        found.extend(given);
        found.retain(|name| !safe.contains(name));
        return found;
    }
    let mut unifier = Unifier { safe: &found, unified: Names::default(), unknown: HashMap::default() };
    unifier.unify(left, right);
    let unified = unifier.unified;
    found.extend(unified);
    found.retain(|name| !safe.contains(name));
    found
}

/// What a pattern gets of a value whose variables are known, part by part.
fn assigned(pattern: &Term, value: &Term, known: &Names, given: &mut Names) {
    match (&pattern.node, &value.node) {
        (Node::Array(to), Node::Array(from)) if to.len() == from.len() => {
            to.iter().zip(from).for_each(|(to, from)| assigned(to, from, known, given));
        }
        (Node::Object(to), Node::Object(from)) if to.len() == from.len() => {
            for (key, to) in to {
                if let Some((_, from)) = from.iter().find(|(other, _)| compare::same(key, other)) {
                    assigned(to, from, known, given);
                }
            }
        }
        _ if vars_of(Item::Term(value), PATTERN).iter().all(|name| known.contains(name)) => {
            given.extend(vars_of(Item::Term(pattern), PATTERN));
        }
        _ => {}
    }
}

/// The variables in the steps of references that have a beginning.
fn of_references(item: Item<'_>, safe: &Names, found: &mut Names) {
    terms(item, &mut |term| match &term.node {
        Node::SetCompr(..) | Node::ArrayCompr(..) | Node::ObjectCompr(..) | Node::Template(_) => true,
        Node::Ref(steps) => {
            if !is_safe(steps, safe) {
                return true;
            }
            steps.iter().skip(1).for_each(|step| walk::vars(Item::Term(step), STEPS, found));
            false
        }
        _ => false,
    });
}

fn is_safe(steps: &[Term], safe: &Names) -> bool {
    match steps.first() {
        Some(head) => match head.as_var() {
            Some(name) => safe.contains(name),
            None => vars_of(Item::Term(head), SAFETY).iter().all(|name| safe.contains(name)),
        },
        None => true,
    }
}

/// Follows what an equation makes known.
struct Unifier<'s> {
    safe: &'s Names,
    unified: Names,
    unknown: HashMap<Name, Names, RandomState>,
}

impl Unifier<'_> {
    fn is_known(&self, name: &Name) -> bool {
        self.safe.contains(name) || self.unified.contains(name)
    }

    /// Is what a reference or a call begins with known?
    fn is_ready(&self, term: &Term) -> bool {
        match &term.node {
            Node::Ref(steps) => is_safe(steps, self.safe),
            Node::Call(_) => vars_of(Item::Term(term), SAFETY).iter().all(|name| self.safe.contains(name)),
            _ => true,
        }
    }

    fn unify(&mut self, a: &Term, b: &Term) {
        match (&a.node, &b.node) {
            (Node::Var(x), Node::Var(y)) => {
                if self.is_known(y) {
                    self.mark(x);
                } else if self.is_known(x) {
                    self.mark(y);
                } else {
                    self.unknown.entry(x.clone()).or_default().insert(y.clone());
                    self.unknown.entry(y.clone()).or_default().insert(x.clone());
                }
            }
            (Node::Var(name), Node::Array(_) | Node::Object(_)) => self.all(name, b),
            (Node::Array(_) | Node::Object(_), Node::Var(name)) => self.all(name, a),
            (Node::Var(name), Node::Ref(_) | Node::Call(_)) => self.one_of(name, b),
            (Node::Ref(_) | Node::Call(_), Node::Var(name)) => self.one_of(name, a),
            (Node::Var(name), _) | (_, Node::Var(name)) => self.mark(name),
            (Node::Ref(_) | Node::Call(_), Node::Array(_) | Node::Object(_)) => self.pattern_of(b, a),
            (Node::Array(_) | Node::Object(_), Node::Ref(_) | Node::Call(_)) => self.pattern_of(a, b),
            (Node::ArrayCompr(..), Node::Array(_)) | (Node::ObjectCompr(..), Node::Object(_)) => self.mark_all(b),
            (Node::Array(_), Node::ArrayCompr(..) | Node::ObjectCompr(..) | Node::SetCompr(..)) => self.mark_all(a),
            (Node::Array(x), Node::Array(y)) if x.len() == y.len() => {
                x.iter().zip(y).for_each(|(a, b)| self.unify(a, b));
            }
            (Node::Object(x), Node::Object(y)) if x.len() == y.len() => {
                for (key, value) in x {
                    if let Some((_, other)) = y.iter().find(|(other, _)| compare::same(key, other)) {
                        self.unify(value, other);
                    }
                }
            }
            _ => {}
        }
    }

    /// A name, if what it is to be is ready.
    fn one_of(&mut self, name: &Name, value: &Term) {
        if self.is_ready(value) {
            self.mark(name);
        }
    }

    /// The names of a pattern, likewise.
    fn pattern_of(&mut self, pattern: &Term, value: &Term) {
        if self.is_ready(value) {
            self.mark_all(pattern);
        }
    }

    fn mark_all(&mut self, term: &Term) {
        for name in vars_of(Item::Term(term), PATTERN) {
            self.mark(&name);
        }
    }

    fn mark(&mut self, name: &Name) {
        let mut open = vec![name.clone()];
        while let Some(name) = open.pop() {
            self.unified.insert(name.clone());
            open.extend(self.unknown.remove(&name).into_iter().flatten());
            let mut done = Vec::new();
            for (other, needs) in &mut self.unknown {
                if needs.remove(&name) && needs.is_empty() {
                    done.push(other.clone());
                }
            }
            for other in done {
                self.unknown.remove(&other);
                open.push(other);
            }
        }
    }

    fn all(&mut self, name: &Name, term: &Term) {
        if self.is_known(name) {
            self.mark_all(term);
            return;
        }
        let open: Vec<_> = vars_of(Item::Term(term), PATTERN).into_iter().filter(|name| !self.is_known(name)).collect();
        if open.is_empty() {
            self.mark(name);
        } else {
            self.unknown.entry(name.clone()).or_default().extend(open);
        }
    }
}
