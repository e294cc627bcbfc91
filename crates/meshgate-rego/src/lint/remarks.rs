//! What is odd about what a module says: imports of what is not there, patterns that are none, annotations that nobody reads,
//! conditions that are always so, alternatives that nothing leads to.
//!
//! Deliberately absent: whatever is refused; see `checked`.

use super::Lint;
use crate::builtins;
use crate::checked;
use crate::options::{Module, Options};
use meshgate_regolang::syntax::ast::{self, Expr, ExprKind, Node, Rule, Term};
use meshgate_regolang::syntax::walk::{self, Item};
use meshgate_regolang::{Source, Span};
use regorus::Value;

/// What OPA's annotations are called.
const ANNOTATIONS: &[&str] = &[
    "authors",
    "custom",
    "description",
    "entrypoint",
    "organizations",
    "related_resources",
    "schemas",
    "scope",
    "title",
];

/// What the sidecar adds to the data of every policy; nobody can look it up at a desk.
const SERVED: &str = "data.meshgate";

/// What is odd about modules that load.
pub fn of(modules: &[Module], options: &Options, data: &[Value]) -> Vec<Lint> {
    let sources: Vec<Source> = modules.iter().map(|one| Source::new(&*one.file, &*one.text)).collect();
    let read = |(file, source): (u32, &Source)| checked::read(source, file, options.version_of(&source.name)).ok();
    let parsed: Vec<ast::Module> = (0..).zip(&sources).filter_map(read).collect();
    let mut remarks = Remarks { sources: &sources, found: Vec::new() };
    let known: Vec<String> = parsed.iter().flat_map(paths).collect();
    for module in &parsed {
        remarks.imports(module, &known, data);
        remarks.annotations(module);
        for rule in &module.rules {
            remarks.rule(rule);
        }
    }
    remarks.found
}

/// A path of words with dots between them, as far as it has words.
fn words(steps: &[Term]) -> String {
    let word = |step: &Term| match &step.node {
        Node::Var(word) | Node::String(word) => Some(word.to_string()),
        _ => None,
    };
    steps.iter().map_while(word).collect::<Vec<_>>().join(".")
}

/// The paths of a module: its package and its rules.
fn paths(module: &ast::Module) -> Vec<String> {
    let package = words(&module.package);
    let rules = module.rules.iter().map(|rule| format!("{package}.{}", words(&rule.head.reference)));
    rules.chain([package.clone()]).collect()
}

struct Remarks<'a> {
    sources: &'a [Source],
    found: Vec<Lint>,
}

impl Remarks<'_> {
    fn tell(&mut self, span: Span, code: &str, message: String) {
        if let Some(source) = self.sources.get(span.file as usize) {
            let place = source.place(span.start);
            let place = format!("{}:{}:{}", source.name, place.line, place.column.max(1));
            self.found.push(Lint { code: code.to_owned(), error: false, ..Lint::at(place, message) });
        }
    }

    fn imports(&mut self, module: &ast::Module, known: &[String], data: &[Value]) {
        for import in &module.imports {
            let Some(steps) = import.path.as_ref() else { continue };
            let path = words(steps);
            let is_part = |whole: &str, part: &str| {
                whole.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let is_given = || {
                let steps: Vec<&str> = path.split('.').skip(1).collect();
                data.iter().any(|document| checked::has(document, &steps))
            };
            let is_there = !is_part(&path, "data")
                || path == "data"
                || is_part(&path, SERVED)
                || known.iter().any(|known| is_part(known, &path) || is_part(&path, known))
                || is_given();
            if !is_there {
                let message =
                    format!("nothing here defines `{path}`: mend the path, or give the module or the data that has it");
                self.tell(import.span, "unresolved-import", message);
            }
        }
    }

    /// Comments that stand before something and say what annotations say, without the word that makes them such.
    fn annotations(&mut self, module: &ast::Module) {
        let Some(source) = self.sources.get(module.span.file as usize) else { return };
        let line = |span: Span| source.place(span.start).line;
        let begins: Vec<u32> = module.rules.iter().map(|rule| line(rule.span)).chain([line(module.span)]).collect();
        let mut block: Vec<&ast::Comment> = Vec::new();
        let mut odd: Vec<(Span, String)> = Vec::new();
        let mut comments = module.comments.iter().peekable();
        while let Some(comment) = comments.next() {
            block.push(comment);
            let last = line(comment.span);
            if comments.peek().is_some_and(|next| line(next.span) == last + 1) {
                continue;
            }
            let is_metadata = block.iter().any(|comment| comment.text.trim() == "METADATA");
            let key = |comment: &&&ast::Comment| {
                let key = comment.text.trim_start().split_once(':').map(|(key, _)| key.to_owned());
                key.filter(|key| ANNOTATIONS.contains(&key.as_str())).map(|key| (comment.span, key))
            };
            if !is_metadata && begins.contains(&(last + 1)) {
                odd.extend(block.iter().find_map(|comment| key(&comment)));
            }
            block.clear();
        }
        for (span, key) in odd {
            let message = format!("nobody reads `{key}` here: write `# METADATA` in a line before it");
            self.tell(span, "annotation-without-metadata", message);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let head = &rule.head;
        let terms = head.reference.iter().chain(&head.args).chain(&head.key).chain(&head.value);
        let mut patterns: Vec<(Span, String)> = Vec::new();
        let mut look = |item: Item<'_>| {
            walk::walk(item, &mut |item| {
                let call = match item {
                    Item::Expr(Expr { kind: ExprKind::Call(terms), .. }) => Some(terms),
                    Item::Term(Term { node: Node::Call(terms), .. }) => Some(terms),
                    _ => None,
                };
                patterns.extend(call.and_then(|terms| faulty(terms)));
                false
            });
        };
        terms.for_each(|term| look(Item::Term(term)));
        look(Item::Body(&rule.body));
        for (span, message) in patterns {
            self.tell(span, "invalid-pattern", message);
        }
        let mut constant: Vec<(Span, String)> = Vec::new();
        walk::exprs(Item::Body(&rule.body), &mut |expr| {
            constant.extend(condition(expr));
            false
        });
        for (span, message) in constant {
            self.tell(span, "constant-condition", message);
        }
        if let Some(els) = &rule.els {
            let is_always = !rule.default
                && rule.body.iter().all(|expr| {
                    matches!(expr.kind, ExprKind::Term(Term { node: Node::Bool(true), .. })) && !expr.negated
                })
                && rule.head.args.iter().all(|arg| arg.as_var().is_some())
                && rule.head.value.as_ref().is_none_or(Term::is_constant);
            if is_always {
                let message = "nothing leads to this `else`: what stands before it always holds".to_owned();
                self.tell(els.span, "unreachable-else", message);
            }
            self.rule(els);
        }
    }
}

/// A pattern that is written out, of a call, and is none.
fn faulty(call: &[Term]) -> Option<(Span, String)> {
    let (function, args) = call.split_first()?;
    let name = function.as_ref().map(words)?;
    let at = match name.as_str() {
        "regex.match"
        | "regex.split"
        | "regex.find_n"
        | "regex.find_all_string_submatch_n"
        | "re_match"
        | "glob.match" => 0,
        "regex.replace" => 1,
        _ => return None,
    };
    let pattern = args.get(at)?;
    let Node::String(text) = &pattern.node else { return None };
    let why = builtins::not_a_pattern(name == "glob.match", text)?;
    Some((pattern.span, format!("`{name}` is undefined: {why}")))
}

/// A condition of which the answer is known.
fn condition(expr: &Expr) -> Option<(Span, String)> {
    let holds = |holds: bool| if holds == expr.negated { "never holds" } else { "always holds" };
    match &expr.kind {
        ExprKind::Term(Term { node: Node::Bool(false), .. }) => {
            Some((expr.span, format!("the condition {}", holds(false))))
        }
        ExprKind::Call(terms) => {
            let [operator, left, right] = terms.as_slice() else { return None };
            if !left.is_constant() || !right.is_constant() || expr.is_assignment() {
                return None;
            }
            let order = meshgate_regolang::syntax::compare::terms(left, right);
            let is_so = match operator.as_ref().map(words)?.as_str() {
                "eq" | "equal" => order.is_eq(),
                "neq" => order.is_ne(),
                "lt" => order.is_lt(),
                "lte" => order.is_le(),
                "gt" => order.is_gt(),
                "gte" => order.is_ge(),
                _ => return None,
            };
            Some((expr.span, format!("the condition {}: both sides are written out", holds(is_so))))
        }
        _ => None,
    }
}
