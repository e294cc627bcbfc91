//! What is wrong with modules together: OPA's compiler stages, in OPA's order. A stage that finds errors ends it.
//!
//! Deliberately absent: indices and plans; nothing is evaluated.

mod annotate;
mod conflicts;
mod dynamics;
mod expand;
mod graph;
mod heads;
mod locals;
mod names;
mod near;
mod prints;
mod query;
mod resolve;
mod safety;
mod tree;
mod typing;
mod withs;

pub use annotate::{Note, Scope};
pub use query::check_query;

use crate::error::{Code, ERRORS_MAX, Error};
use crate::source::{Source, Span};
use crate::syntax::ast::{Expr, Import, Module, Name, Rule, Term};
use crate::syntax::walk::Names;
use crate::types::declarations::Table;
use crate::types::{Maybe, Type};
use foldhash::fast::RandomState;
use names::{Fresh, Renamed};
use std::collections::HashMap;
use std::sync::Arc;
use tree::Tree;

/// Whether there is something at a path of base data.
pub type HasData = Arc<dyn Fn(&[&str]) -> bool + Send + Sync>;

/// What the compiler is told.
#[derive(Clone)]
pub struct Options {
    /// The functions that there are beside those of policies.
    pub builtins: Arc<Table>,
    /// What is known of documents, beginning with `input` or `data`: a path and its type, for the packages that begin
    /// with one of these prefixes.
    pub documents: Vec<Document>,
    /// Whether base data has something at a path below `data`.
    pub data: Option<HasData>,
    /// What METADATA says of documents.
    pub notes: Vec<Note>,
    /// Is what OPA tells only when the errors before it are mended told at once, behind them? The first error is OPA's
    /// either way.
    pub thorough: bool,
    /// Are errors of types advice in all modules, as they are in those of v0?
    pub advice: bool,
}

/// What is known of a document.
#[derive(Debug, Clone)]
pub struct Document {
    /// The packages whose rules see it so: those that begin so.
    pub packages: Vec<String>,
    /// Its path: `input` or `data.a.b`.
    pub path: Vec<String>,
    /// Its type.
    pub of: Type,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            builtins: crate::types::declarations::opa(),
            documents: Vec::new(),
            data: None,
            notes: Vec::new(),
            thorough: false,
            advice: false,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Why OPA refuses it.
    pub errors: Vec<Error>,
    /// Errors of types where they are only advice.
    pub warnings: Vec<Error>,
}

/// A stage of the compiler.
type Stage<'a> = fn(&mut Compiler<'a>);

/// The rules that go through the stages together.
const RULES_AT_ONCE: usize = 32;

/// What is told where more errors are not.
const LIMIT: &str = "error limit reached";

/// A rule among those of all modules.
pub(crate) struct Node {
    /// The rule, without what follows `else`.
    pub rule: Rule,
    /// The index of its module.
    pub module: usize,
    /// The rule behind `else`.
    pub els: Option<usize>,
    /// Does it follow `else` itself?
    pub follows: bool,
}

/// A module without its rules.
pub(crate) struct Unit {
    pub span: Span,
    pub package: Vec<Term>,
    pub imports: Vec<Import>,
    pub v1_compatible: bool,
}

/// What the stages share.
pub(crate) struct Compiler<'a> {
    pub options: &'a Options,
    pub units: Vec<Unit>,
    /// All rules, in the order of their modules, each followed by what follows `else`.
    pub rules: Vec<Node>,
    pub tree: Tree,
    pub fresh: Fresh,
    pub renamed: Renamed,
    pub errors: Vec<Error>,
    pub warnings: Vec<Error>,
    /// What the rules are, once that was checked.
    pub types: typing::Env,
    /// The deprecated builtins that are called.
    pub called: Names,
    /// The numbers of arguments of all rules.
    pub arities: Vec<usize>,
    /// The rules that have errors.
    pub failed: Vec<Span>,
    limit: bool,
}

/// Checks modules, in the order of the names of their files; the index of a module is that of its source.
pub fn check(sources: &[Source], modules: Vec<Module>, options: &Options) -> Checked {
    let mut compiler = Compiler::new(sources, modules, options);
    compiler.run();
    Checked { errors: compiler.errors, warnings: compiler.warnings }
}

impl<'a> Compiler<'a> {
    fn new(sources: &[Source], modules: Vec<Module>, options: &'a Options) -> Self {
        let mut units = Vec::with_capacity(modules.len());
        let mut rules = Vec::new();
        for (index, module) in modules.into_iter().enumerate() {
            let Module { span, package, imports, rules: own, v1_compatible, .. } = module;
            units.push(Unit { span, package, imports, v1_compatible });
            for rule in own {
                let mut next = Some(rule);
                let mut follows = false;
                while let Some(mut rule) = next {
                    next = rule.els.take().map(|els| *els);
                    let els = next.is_some().then_some(rules.len() + 1);
                    rules.push(Node { rule, module: index, els, follows });
                    follows = true;
                }
            }
        }
        Self {
            options,
            units,
            rules,
            tree: Tree::default(),
            fresh: Fresh::new(sources),
            renamed: Renamed::default(),
            errors: Vec::new(),
            warnings: Vec::new(),
            types: typing::Env::new(),
            called: Names::default(),
            arities: Vec::new(),
            failed: Vec::new(),
            limit: false,
        }
    }

    fn run(&mut self) {
        let stages: [Stage<'a>; 5] =
            [Self::resolve_refs, Self::rewrite_head_refs, Self::check_overrides, Self::check_imports, Self::set_tree];
        for stage in stages {
            stage(self);
            if !self.errors.is_empty() {
                return;
            }
        }
        self.arities = self.rules.iter().map(|node| node.rule.head.args.len()).collect();
        if !self.run_by_parts() && !self.options.thorough {
            return;
        }
        let graph = self.graph();
        let told = self.errors.len();
        self.check_recursion(&graph);
        if self.errors.len() > told {
            return;
        }
        self.check_types(&graph);
        if self.errors.is_empty() {
            self.check_deprecated();
        }
    }

    /// The stages that look at one rule after the other, over a few rules at a time: what was just read is still near.
    /// The errors are those of the first stage that has any, as if each had run over all rules. False: there are errors.
    fn run_by_parts(&mut self) -> bool {
        let before: [Stage<'a>; 8] = [
            Self::rewrite_locals,
            Self::rewrite_templates,
            Self::check_void_calls,
            Self::rewrite_prints,
            Self::expand_terms,
            Self::rewrite_comprehension_terms,
            Self::rewrite_heads,
            Self::rewrite_withs,
        ];
        let after: [Stage<'a>; 5] = [
            Self::check_functions,
            Self::check_safety_of_heads,
            Self::check_safety,
            Self::rewrite_equals,
            Self::rewrite_dynamics,
        ];
        let conflicts = before.len();
        let mut found: Vec<Vec<Error>> = vec![Vec::new(); conflicts + 1 + after.len()];
        let all = std::mem::take(&mut self.rules);
        let mut done = Vec::with_capacity(all.len());
        let mut all = all.into_iter().peekable();
        while all.peek().is_some() {
            self.rules.extend(all.by_ref().take(RULES_AT_ONCE));
            // What follows `else` stays with its rule.
            while let Some(node) = all.next_if(|node| node.follows) {
                self.rules.push(node);
            }
            let stages = before
                .iter()
                .enumerate()
                .chain(after.iter().enumerate().map(|(at, stage)| (conflicts + 1 + at, stage)));
            for (at, stage) in stages {
                stage(self);
                if !self.errors.is_empty() {
                    self.set_aside(&mut found, at);
                    if !self.options.thorough {
                        break;
                    }
                }
            }
            done.append(&mut self.rules);
        }
        self.rules = done;
        self.check_conflicts();
        self.set_aside(&mut found, conflicts);
        let stages = found.into_iter().filter(|found| !found.is_empty());
        for errors in stages.take(if self.options.thorough { usize::MAX } else { 1 }) {
            self.tell_all(errors.into_iter().filter(|error| error.span.is_written() || error.message != LIMIT));
        }
        self.errors.is_empty()
    }

    /// Keeps what a stage found in rules that had no errors so far.
    fn set_aside(&mut self, found: &mut [Vec<Error>], stage: usize) {
        self.limit = false;
        let mut errors = std::mem::take(&mut self.errors);
        if self.options.thorough {
            errors.retain(|error| !self.failed.iter().any(|rule| rule.has(error.span)));
            let fails = |node: &&Node| errors.iter().any(|error| node.rule.span.has(error.span));
            self.failed.extend(self.rules.iter().filter(fails).map(|node| node.rule.span));
        }
        found.get_mut(stage).into_iter().for_each(|found| found.append(&mut errors));
    }

    /// Adds an error, if there may be more.
    pub(crate) fn tell(&mut self, error: Error) {
        if self.limit {
            return;
        }
        self.errors.push(error);
        if self.errors.len() == ERRORS_MAX {
            self.limit = true;
            self.errors.push(Error::new(Code::Compile, Span::NONE, LIMIT));
        }
    }

    pub(crate) fn tell_all(&mut self, errors: impl IntoIterator<Item = Error>) {
        errors.into_iter().for_each(|error| self.tell(error));
    }

    fn set_tree(&mut self) {
        self.tree = Tree::of(&self.units, &self.rules);
    }

    /// The number of arguments that a function takes, if there is one.
    pub(crate) fn arity(&self, steps: &[Term]) -> Option<usize> {
        let name = names::dotted(steps)?;
        if let Some(builtin) = self.options.builtins.get(&*name) {
            return Some(builtin.arity());
        }
        self.arities.get(*self.tree.exact(steps)?.first()?).copied()
    }
}

/// The path of a rule: its package and its reference, the name being a string.
pub(crate) fn path(units: &[Unit], node: &Node) -> Vec<Term> {
    let package = units.get(node.module).map(|unit| unit.package.as_slice()).unwrap_or_default();
    let mut steps = node.rule.head.reference.iter();
    let name = steps.next().map(|name| match name.as_var() {
        Some(text) => Term::string(name.span, text.clone()),
        None => name.clone(),
    });
    package.iter().cloned().chain(name).chain(steps.cloned()).collect()
}

/// The steps before the first that is not constant.
pub(crate) fn ground_prefix(path: &[Term]) -> &[Term] {
    let ground = path.iter().enumerate().take_while(|(index, step)| *index == 0 || step.is_ground()).count();
    path.get(..ground).unwrap_or_default()
}

/// Statements, moved out to be changed.
pub(crate) fn taken(body: &mut Vec<Expr>) -> Vec<Expr> {
    std::mem::take(body)
}

/// A map by name.
pub(crate) type ByName<T> = HashMap<Name, T, RandomState>;

/// The type of a document for the rules of a package.
pub(crate) fn documents_of<'o>(options: &'o Options, package: &str) -> impl Iterator<Item = (&'o [String], Maybe)> {
    let package = package.to_owned();
    let sees = move |document: &&Document| {
        document.packages.iter().any(|prefix| {
            package.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    options.documents.iter().filter(sees).map(|document| (document.path.as_slice(), Some(document.of.clone())))
}
