//! How large a value can become by being put into others again and again. Values are shared: `y := [x, x]` costs nothing, and
//! forty such lines are a value of a million million parts, which one comparison or one `sprintf` would walk for years.
//! Such rules are refused when they are loaded.
//!
//! Sizes are upper bounds told from the text: what comes from input and data counts as one part, a composite value as the
//! sum of its parts, a function as what it does with its arguments. A size is told apart by where its parts come from: what
//! a loop makes, it makes anew each time; what it takes from around itself is there again and again.
//!
//! Deliberately absent: how often a loop goes around, which only an evaluation knows; each counts as a thousand times for
//! what it repeats.

mod size;

use crate::error::LoadError;
use crate::index::{self, Definition, Index};
use crate::syntax::{self, Node};
use regorus::unstable::{AssignOp, Expr, Literal, Module, Query, Ref, Rule, RuleHead};
use size::{Locals, NONE, Size, Told, told};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Parts of one value.
const PARTS_MAX: f64 = 4_194_304.0;
/// What a loop repeats.
const AROUND: f64 = 1_000.0;
/// How often the statements of a body are gone through, whatever their order.
const PASSES_MAX: usize = 64;
/// How often those of all bodies are.
const WORK_MAX: usize = 2_000_000;
/// A size that is told from one by what it does to others.
const PROBE: f64 = 1_024.0;

/// Builtins whose result holds their arguments, or parts of them. All others give texts, numbers, or what is new.
const HOLDING: &[&str] = &[
    "array.concat",
    "array.flatten",
    "array.reverse",
    "array.slice",
    "graph.reachable",
    "graph.reachable_paths",
    "internal.collection",
    "internal.minus",
    "internal.object",
    "internal.or",
    "internal.and",
    "internal.walk",
    "intersection",
    "json.filter",
    "json.patch",
    "json.remove",
    "max",
    "min",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.union",
    "object.union_n",
    "sort",
    "union",
    "walk",
];

/// Where parts come from: outside of the rule, its arguments, its body, and each comprehension within it.
const OUTSIDE: usize = 0;
const ARGUMENTS: usize = 1;
const BODY: usize = 2;

/// What a rule or function gives: what it makes, what it takes from other rules, and each argument so many times.
#[derive(Debug, Clone, Default)]
struct Form {
    own: f64,
    shared: f64,
    times: Vec<f64>,
}

/// Refuses rules whose values could become too large.
pub fn check(modules: &[Ref<Module>], index: &Index) -> Vec<LoadError> {
    let mut sizes = Sizes {
        index,
        scopes: modules.iter().map(|module| Scope::of(module)).collect(),
        known: HashMap::new(),
        input: 1.0,
        errors: Vec::new(),
        most: PARTS_MAX,
        too_large: None,
        work: 0,
    };
    sizes.input = sizes.replaced_inputs();
    for path in index.rules.keys() {
        sizes.rule(path);
    }
    sizes.errors
}

/// What names mean in a module.
struct Scope {
    package: String,
    aliases: BTreeMap<String, String>,
}

impl Scope {
    fn of(module: &Module) -> Self {
        Self { package: index::package_path(module), aliases: index::imports(module) }
    }
}

struct Sizes<'a> {
    index: &'a Index,
    scopes: Vec<Scope>,
    known: HashMap<String, Form>,
    /// The size of an input, since `with` may put inputs into inputs.
    input: f64,
    errors: Vec<LoadError>,
    /// What a value of the definition at hand may come to, and what comes to more.
    most: f64,
    too_large: Option<String>,
    /// How often the statements of a query were gone through.
    work: usize,
}

impl Sizes<'_> {
    /// By how much `with input as …` may multiply the input.
    fn replaced_inputs(&self) -> f64 {
        let mut factor = 1.0;
        for definition in self.index.rules.values().flatten() {
            syntax::visit(syntax::parts(&definition.rule), |node| {
                if let Node::Statement(statement) = node {
                    for with in &statement.with_mods {
                        let mut uses = 0.0;
                        syntax::visit(vec![Node::Expr(&with.r#as)], |node| {
                            if let Node::Expr(expr) = node
                                && let Expr::Var { span, .. } = expr.as_ref()
                                && matches!(span.text(), "input" | "data")
                            {
                                uses += 1.0;
                            }
                            true
                        });
                        if uses > 1.0 {
                            factor *= uses;
                        }
                    }
                }
                true
            });
        }
        factor
    }

    /// The size of a rule's value, whatever its definitions; rules do not lead back to themselves.
    fn rule(&mut self, path: &str) -> Form {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let (most, too_large) = (self.most, self.too_large.take());
        // Should a rule lead to itself after all, it is asked for no more.
        self.known.insert(path.to_owned(), Form { own: 1.0, ..Form::default() });
        let index = self.index;
        let mut form = Form::default();
        for definition in index.rules.get(path).into_iter().flatten() {
            let of = self.definition(definition);
            form.own = f64::max(form.own, of.own);
            form.shared = f64::max(form.shared, of.shared);
            for (at, times) in of.times.into_iter().enumerate() {
                match form.times.get_mut(at) {
                    Some(known) => *known = f64::max(*known, times),
                    None => form.times.push(times),
                }
            }
        }
        self.known.insert(path.to_owned(), form.clone());
        (self.most, self.too_large) = (most, too_large);
        form
    }

    fn definition(&mut self, definition: &Definition) -> Form {
        let arguments: &[Ref<Expr>] = match definition.rule.as_ref() {
            Rule::Spec { head: RuleHead::Func { args, .. }, .. } | Rule::Default { args, .. } => args,
            Rule::Spec { .. } => &[],
        };
        let size = self.with_arguments(definition, arguments, None);
        // What is there with a large argument and not without is how often it is put in.
        let times = (0..arguments.len()).map(|at| {
            let more = self.with_arguments(definition, arguments, Some(at)).total();
            ((more - size.total()) / (PROBE - 1.0)).max(0.0)
        });
        let times = times.collect();
        Form { own: size.total() - size.at(OUTSIDE), shared: size.at(OUTSIDE), times }
    }

    /// The size of a definition's value when all of its arguments are of one part, but for one of them.
    fn with_arguments(&mut self, definition: &Definition, arguments: &[Ref<Expr>], large: Option<usize>) -> Size {
        let mut scope = BTreeMap::new();
        for (at, argument) in arguments.iter().enumerate() {
            let mut names = BTreeSet::new();
            index::variables(argument, &mut names);
            let size = Size::of(ARGUMENTS, if large == Some(at) { PROBE } else { 1.0 });
            scope.extend(told(names, &size));
        }
        let mut locals = Locals { scopes: vec![BTreeMap::new(), scope], equation: NONE };
        self.most = if large.is_some() { f64::INFINITY } else { PARTS_MAX };
        self.too_large = None;
        let size = self.value(definition.rule.as_ref(), definition.module, &mut locals);
        if size.total() > self.most {
            self.too_large.get_or_insert_with(|| "its value".to_owned());
        }
        let Some(what) = self.too_large.take() else { return size };
        if large.is_none() {
            let message = format!(
                "rego_compile_error: {what} can have more than {PARTS_MAX} parts, since values are put into values again and \
                 again; keep them beside one another, or look them up by a key"
            );
            self.errors.push(LoadError::new(&definition.place, message));
        }
        Size::of(BODY, 1.0)
    }

    fn value(&mut self, rule: &Rule, module: usize, locals: &mut Locals) -> Size {
        let Rule::Spec { head, bodies, .. } = rule else {
            let Rule::Default { value, .. } = rule else { return Size::of(BODY, 1.0) };
            return self.expr(value, module, locals);
        };
        // A set has a member for each way through its body.
        let (assigned, repeats): (Vec<&Ref<Expr>>, bool) = match head {
            RuleHead::Compr { refr, assign, .. } => {
                let keys = syntax::brackets(refr);
                let repeats = !keys.is_empty();
                (keys.into_iter().chain(assign.as_ref().map(|assign| &assign.value)).collect(), repeats)
            }
            RuleHead::Set { refr, key, .. } => (syntax::brackets(refr).into_iter().chain(key).collect(), true),
            RuleHead::Func { assign, .. } => (assign.iter().map(|assign| &assign.value).collect(), false),
        };
        if bodies.is_empty() {
            return self.sum(&assigned, module, locals);
        }
        let mut most = Size::of(BODY, 1.0);
        for body in bodies {
            let own = body.assign.as_ref().map(|own| &own.value);
            let heads: Vec<&Ref<Expr>> = own.map_or_else(|| assigned.clone(), |own| vec![own]);
            let size = self.within(&heads, &body.query, None, module, locals);
            let size = if repeats { size.gathered(BODY) } else { size };
            most.raise(&size);
        }
        most
    }

    fn sum(&mut self, heads: &[&Ref<Expr>], module: usize, locals: &mut Locals) -> Size {
        let mut sum = Size::default();
        for head in heads {
            sum.plus(&self.expr(head, module, locals));
        }
        sum
    }

    /// The size of what stands before a query, with the variables of the query in sight.
    fn within(
        &mut self,
        heads: &[&Ref<Expr>],
        query: &Query,
        given: Option<(BTreeSet<String>, Size)>,
        module: usize,
        locals: &mut Locals,
    ) -> Size {
        let level = locals.scopes.len();
        let own = declared(query, |name| locals.has(name) || self.is_known(name, module));
        let mut scope: BTreeMap<String, Told> = told(own, &Size::of(level, 1.0)).collect();
        if let Some((names, size)) = given {
            scope.extend(told(names, &size));
        }
        let equation = std::mem::replace(&mut locals.equation, NONE);
        locals.scopes.push(scope);
        for pass in 0..=PASSES_MAX {
            if !self.bind(query, module, locals) {
                break;
            }
            if let Some(name) = locals.larger(self.most) {
                self.too_large.get_or_insert_with(|| format!("`{name}`"));
            }
            self.work += 1;
            if self.work > WORK_MAX {
                self.too_large.get_or_insert_with(|| "its value".to_owned());
            }
            // What grows without end and is small by then grows by little: its statements say the same of one another.
            if self.too_large.is_some() || pass == PASSES_MAX {
                break;
            }
        }
        let size = self.sum(heads, module, locals);
        locals.scopes.pop();
        locals.equation = equation;
        size
    }

    /// Goes through the statements of a query; says whether any variable became larger.
    fn bind(&mut self, query: &Query, module: usize, locals: &mut Locals) -> bool {
        let mut changed = false;
        for statement in &query.stmts {
            for with in &statement.with_mods {
                self.checked(&with.r#as, module, locals);
            }
            match &statement.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { key, value, collection, .. } => {
                    let size = self.members(collection, module, locals);
                    for pattern in key.iter().chain([value]) {
                        changed |= give(pattern, &size, locals);
                    }
                }
                Literal::Expr { expr, .. } => match expr.as_ref() {
                    Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => {
                        let size = self.checked(rhs, module, locals);
                        changed |= give(lhs, &size, locals);
                    }
                    Expr::AssignExpr { lhs, rhs, .. } => {
                        locals.equation = std::ptr::from_ref(expr.as_ref()).addr();
                        changed |= self.unify(lhs, rhs, module, locals);
                        locals.equation = NONE;
                    }
                    _ => {
                        self.checked(expr, module, locals);
                    }
                },
                Literal::NotExpr { expr, .. } => {
                    self.checked(expr, module, locals);
                }
                Literal::Every { key, value, domain, query, .. } => {
                    let size = self.members(domain, module, locals);
                    let names = key.iter().chain([value]).map(|span| span.text().to_owned()).collect();
                    self.within(&[], query, Some((names, size)), module, locals);
                }
            }
        }
        changed
    }

    /// Both sides of an equation, part by part as far as both are written out.
    fn unify(&mut self, lhs: &Ref<Expr>, rhs: &Ref<Expr>, module: usize, locals: &mut Locals) -> bool {
        let mut changed = false;
        let mut open = vec![(lhs, rhs)];
        while let Some((lhs, rhs)) = open.pop() {
            match (lhs.as_ref(), rhs.as_ref()) {
                (Expr::Array { items: left, .. }, Expr::Array { items: right, .. }) => {
                    open.extend(left.iter().zip(right));
                }
                (Expr::Object { fields: left, .. }, Expr::Object { fields: right, .. }) => {
                    for (_, key, value) in left {
                        let same = |other: &&(_, Ref<Expr>, Ref<Expr>)| other.1.span().text() == key.span().text();
                        open.extend(right.iter().find(same).map(|(_, _, other)| (value, other)));
                    }
                }
                _ => {
                    let size = self.checked(rhs, module, locals);
                    changed |= give(lhs, &size, locals);
                    let size = self.checked(lhs, module, locals);
                    changed |= give(rhs, &size, locals);
                }
            }
        }
        changed
    }

    /// The size of a value that must not be too large.
    fn checked(&mut self, expr: &Ref<Expr>, module: usize, locals: &mut Locals) -> Size {
        let size = self.expr(expr, module, locals);
        if size.total() > self.most {
            self.too_large.get_or_insert_with(|| "a value of it".to_owned());
        }
        size
    }

    /// The size of one member of a collection, and of all of them together: each is another one, wherever it comes from.
    fn members(&mut self, expr: &Ref<Expr>, module: usize, locals: &mut Locals) -> Size {
        let size = self.checked(expr, module, locals).total();
        Size::of(locals.level(), size)
    }

    fn expr(&mut self, expr: &Ref<Expr>, module: usize, locals: &mut Locals) -> Size {
        let level = locals.level();
        let mut sum = Size::default();
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            match expr.as_ref() {
                Expr::Array { items, .. } | Expr::Set { items, .. } => {
                    sum.add(level, 1.0);
                    open.extend(items);
                }
                Expr::Object { fields, .. } => {
                    sum.add(level, 1.0);
                    open.extend(fields.iter().flat_map(|(_, key, value)| [key, value]));
                }
                Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                    let size = self.within(&[term], query, None, module, locals);
                    sum.plus(&size.gathered(level + 1));
                }
                Expr::ObjectCompr { key, value, query, .. } => {
                    let size = self.within(&[key, value], query, None, module, locals);
                    sum.plus(&size.gathered(level + 1));
                }
                Expr::Call { fcn, params, .. } => sum.plus(&self.call(fcn, params, module, locals)),
                Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                    let size = self.reference(expr, module, locals);
                    sum.plus(&size);
                }
                Expr::BinExpr { lhs, rhs, .. } => open.extend([lhs, rhs]),
                // The difference of two sets.
                Expr::ArithExpr { lhs, .. } => open.push(lhs),
                Expr::BoolExpr { lhs, rhs, .. } => {
                    sum.add(level, 1.0);
                    self.checked(lhs, module, locals);
                    self.checked(rhs, module, locals);
                }
                Expr::Membership { value, collection, .. } => {
                    sum.add(level, 1.0);
                    self.checked(value, module, locals);
                    self.checked(collection, module, locals);
                }
                _ => sum.add(level, 1.0),
            }
        }
        sum
    }

    /// The size of what a reference leads to; where a variable is one of its steps, it leads to one member after another.
    fn reference(&mut self, expr: &Ref<Expr>, module: usize, locals: &mut Locals) -> Size {
        let mut at = expr;
        let mut steps_by_variable = false;
        while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = at.as_ref() {
            if let Expr::RefBrack { index, .. } = at.as_ref() {
                steps_by_variable |= matches!(index.as_ref(), Expr::Var { .. });
            }
            at = refr;
        }
        let size = match (at.as_ref(), syntax::path(expr)) {
            (Expr::Var { .. }, Some((root, steps))) => match locals.size(root.text()) {
                Some(size) => size,
                None => {
                    let steps = std::iter::once(root.text()).chain(steps.iter().map(String::as_str));
                    let written = steps.collect::<Vec<_>>().join(".");
                    Size::of(OUTSIDE, self.named(&written, module))
                }
            },
            // A step of something that was made on the spot.
            _ => self.expr(at, module, locals),
        };
        if steps_by_variable { Size::of(locals.level(), size.total()) } else { size }
    }

    fn call(&mut self, function: &Ref<Expr>, params: &[Ref<Expr>], module: usize, locals: &mut Locals) -> Size {
        let level = locals.level();
        let Some(written) = syntax::callee(function) else { return Size::of(level, 1.0) };
        let resolved = self.scopes.get(module).map(|scope| index::resolve(&written, &scope.package, &scope.aliases));
        let known = resolved.filter(|path| self.index.rules.contains_key(path));
        let given: Vec<Size> = params.iter().map(|param| self.checked(param, module, locals)).collect();
        let mut size = Size::of(level, 1.0);
        match known {
            Some(path) => {
                let form = self.rule(&path);
                size = Size::of(level, form.own);
                size.add(OUTSIDE, form.shared);
                for (times, given) in form.times.iter().zip(given) {
                    given.0.iter().enumerate().for_each(|(level, parts)| size.add(level, parts * times));
                }
            }
            None if HOLDING.contains(&written.as_str()) => given.iter().for_each(|given| size.plus(given)),
            None => {}
        }
        size
    }

    /// Does a name mean something outside of a rule?
    fn is_known(&self, name: &str, module: usize) -> bool {
        let Some(scope) = self.scopes.get(module) else { return false };
        let path = index::resolve(name, &scope.package, &scope.aliases);
        matches!(name, "input" | "data")
            || scope.aliases.contains_key(name)
            || self.index.named(&path).is_some()
            || self.index.below(&path).next().is_some()
    }

    /// The size of what a name means outside of a rule.
    fn named(&mut self, written: &str, module: usize) -> f64 {
        if written == "input" || written.starts_with("input.") {
            return self.input;
        }
        let Some(scope) = self.scopes.get(module) else { return 1.0 };
        let path = index::resolve(written, &scope.package, &scope.aliases);
        let index = self.index;
        let taken: Vec<&str> = index.taken_in(&path);
        if taken.is_empty() {
            return if path.starts_with("data") { self.input } else { 1.0 };
        }
        let each = taken.into_iter().map(|path| {
            let form = self.rule(path);
            form.own + form.shared
        });
        each.sum()
    }
}

/// Gives the variables of a pattern a size, those of the innermost scope; says whether any became larger.
fn give(pattern: &Ref<Expr>, size: &Size, locals: &mut Locals) -> bool {
    let mut names = BTreeSet::new();
    index::variables(pattern, &mut names);
    // Every name is set.
    names.iter().map(|name| locals.set(name, size)).filter(|changed| *changed).count() > 0
}

/// The variables that a query has of its own: those that it declares, and those that nobody around it knows.
fn declared(query: &Query, is_known: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { vars, .. } => own.extend(vars.iter().map(|span| span.text().to_owned())),
            Literal::SomeIn { key, value, .. } => {
                key.iter().chain([value]).for_each(|pattern| index::variables(pattern, &mut own));
            }
            Literal::Expr { expr, .. } => match expr.as_ref() {
                Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } => index::variables(lhs, &mut own),
                Expr::AssignExpr { lhs, rhs, .. } => {
                    index::variables(lhs, &mut others);
                    index::variables(rhs, &mut others);
                }
                _ => {}
            },
            Literal::NotExpr { .. } | Literal::Every { .. } => {}
        }
    }
    own.extend(others.into_iter().filter(|name| !is_known(name)));
    own
}

#[cfg(test)]
mod tests;
