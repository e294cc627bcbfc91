//! What a policy author is told beyond what is refused: imports that nothing uses, names that hide others, rules that no
//! entry point reaches.
//!
//! Deliberately absent: style; and whatever is an error, which loading tells.

mod remarks;

use crate::annotations::{Annotation, Scope};
use crate::builtins;
use crate::compiled::{Compiled, compile};
use crate::error::LoadError;
use crate::index::{self, Index};
use crate::options::{Module, Options};
use crate::syntax::{self, Node};
use crate::text::Position;
use meshgate_regolang::Source;
use meshgate_regolang::syntax::tokens;
use regorus::unstable::{Expr, Module as Parsed, Ref};
use std::collections::BTreeSet;

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// `file:line:column`.
    pub place: String,
    /// `unused-import`, `unresolved-import`, `shadowing`, `unreachable-rule`, `unreachable-else`, `invalid-pattern`,
    /// `constant-condition`, `annotation-without-metadata`, `rego-v0`; OPA's code for an error.
    pub code: String,
    /// Does it keep the bundle from loading?
    pub error: bool,
    /// What is odd, and what to do.
    pub message: String,
    /// What to do, where it stands apart from what is odd.
    pub help: Option<String>,
    /// Where the word begins and ends, where it is known.
    pub span: Option<(Position, Position)>,
}

impl Lint {
    fn at(place: String, message: String) -> Self {
        Self { place, code: String::new(), error: false, message, help: None, span: None }
    }
}

/// Looks at modules; tests among them count as users of what they test.
#[must_use]
pub fn lint(modules: &[Module], data: &[regorus::Value], options: &Options) -> Vec<Lint> {
    let mut errors = Vec::new();
    let all: Vec<&Module> = modules.iter().collect();
    let options = Options { world: true, ..options.clone() };
    let mut compiled = compile(&all, data, &options, &BTreeSet::new(), &mut errors);
    let mut found: Vec<Lint> = errors.into_iter().map(of_error).collect();
    found.extend(compiled.warnings.iter().map(|warning| match of_error(warning.clone()) {
        lint if warning.message.starts_with("rego_") => Lint { error: false, ..lint },
        lint => Lint { code: "rego-v0".to_owned(), error: false, ..lint },
    }));
    let parsed: Vec<Ref<Parsed>> = compiled.engine.get_modules().clone();
    for module in &parsed {
        imports(module, &compiled, &mut found);
        shadows(module, &compiled, &mut found);
    }
    found.extend(remarks::of(modules, &options, &all_data(data, &options)));
    if !found.iter().any(|lint| lint.error) {
        unreachable(&parsed, &compiled, modules, &mut found);
    }
    found.sort_by_cached_key(|lint| (position(&lint.place), lint.code.clone(), lint.message.clone()));
    found.dedup();
    let sources: Vec<Source> = modules.iter().map(|one| Source::new(&*one.file, &*one.text)).collect();
    for lint in &mut found {
        lint.span = span(&lint.place, &sources);
        if let Some((message, help)) = lint.message.split_once("; did you mean") {
            lint.help = Some(format!("did you mean{help}"));
            lint.message = message.to_owned();
        }
    }
    found
}

/// The bundle's own documents, and those that there are beside it.
fn all_data(data: &[regorus::Value], options: &Options) -> Vec<regorus::Value> {
    data.iter().chain(options.documents.iter()).cloned().collect()
}

/// From where the word at a place begins to where it ends.
fn span(place: &str, sources: &[Source]) -> Option<(Position, Position)> {
    let (file, line, column) = position(place);
    let source = sources.iter().find(|source| *source.name == *file)?;
    let text = source.text();
    let begin = match line.checked_sub(2) {
        None => 0,
        Some(feeds) => text.match_indices('\n').nth(feeds)?.0 + 1,
    };
    let rest = text.get(begin..)?;
    let start = begin + rest.char_indices().nth(column.checked_sub(1)?)?.0;
    let word = tokens(text.get(start..)?.lines().next()?, true);
    let length = word.first().map_or(0, |token| token.end);
    let characters = text.get(start..start + length)?.chars().count();
    Some((Position { line, column }, Position { line, column: column + characters }))
}

/// A place to sort by: line 3 is before line 14.
fn position(place: &str) -> (String, usize, usize) {
    let mut parts = place.rsplitn(3, ':');
    let number = |part: Option<&str>| part.and_then(|part| part.parse().ok());
    match (number(parts.next()), number(parts.next()), parts.next()) {
        (Some(column), Some(line), Some(file)) => (file.to_owned(), line, column),
        _ => (place.to_owned(), 0, 0),
    }
}

/// The code stands before the message.
fn of_error(error: LoadError) -> Lint {
    let LoadError { place, message } = error;
    match message.split_once(": ") {
        Some((code, rest)) if code.starts_with("rego_") => {
            Lint { code: code.to_owned(), error: true, ..Lint::at(place, rest.to_owned()) }
        }
        _ => Lint { code: "rego_compile_error".to_owned(), error: true, ..Lint::at(place, message) },
    }
}

/// Modules that rewriting made are nobody's to mend.
fn place(compiled: &Compiled, module: &Parsed, offset: usize) -> Option<String> {
    let name = module.package.span.source.get_path();
    (!name.contains('#') && !name.starts_with('<')).then(|| compiled.places.place(name, offset))
}

fn imports(module: &Ref<Parsed>, compiled: &Compiled, found: &mut Vec<Lint>) {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for rule in &module.policy {
        syntax::visit(syntax::parts(rule), |node| {
            if let Node::Expr(expr) = node
                && let Expr::Var { span, .. } = expr.as_ref()
            {
                used.insert(span.text().to_owned());
            }
            true
        });
    }
    for import in &module.imports {
        let Some((root, steps)) = syntax::path(&import.refr) else { continue };
        // `rego.v1` and `future.keywords` change the language, and are not used by name.
        if matches!(root.text(), "rego" | "future") {
            continue;
        }
        let name = import.r#as.as_ref().map(|alias| alias.text().to_owned()).or_else(|| steps.last().cloned());
        let Some(name) = name.filter(|name| !used.contains(name)) else { continue };
        if let Some(place) = place(compiled, module, syntax::range(&import.span).start) {
            let message = format!("the import `{name}` is not used: take it out");
            found.push(Lint { code: "unused-import".to_owned(), ..Lint::at(place, message) });
        }
    }
}

fn shadows(module: &Ref<Parsed>, compiled: &Compiled, found: &mut Vec<Lint>) {
    let package = index::package_path(module);
    let rules: BTreeSet<&str> =
        compiled.index.below(&package).filter_map(|path| path.get(package.len() + 1..)?.split('.').next()).collect();
    let imports = index::imports(module);
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for rule in &module.policy {
        let name = syntax::path(syntax::head(rule)).map(|(root, _)| root.text()).filter(|name| builtins::is_root(name));
        if let Some(name) = name.filter(|name| named.insert(name))
            && let Some(place) = place(compiled, module, syntax::range(rule.span()).start)
        {
            let message = format!("the rule `{name}` hides a builtin of that name: call it something else");
            found.push(Lint { code: "shadowing".to_owned(), ..Lint::at(place, message) });
        }
        for name in index::locals(rule) {
            let what = if imports.contains_key(&name) {
                "an import"
            } else if rules.contains(name.as_str()) {
                "a rule of its package"
            } else if builtins::is_root(&name) {
                "a builtin"
            } else if ["input", "data"].contains(&name.as_str()) {
                "the document"
            } else {
                continue;
            };
            if let Some(place) = place(compiled, module, syntax::range(rule.span()).start) {
                let message = format!("the variable `{name}` hides {what} of that name: call it something else");
                found.push(Lint { code: "shadowing".to_owned(), ..Lint::at(place, message) });
            }
        }
    }
}

/// Rules that somebody outside asks for.
fn is_entry(path: &str, annotations: &[Annotation]) -> bool {
    let steps: Vec<&str> = path.split('.').skip(1).collect();
    let name = steps.last().copied().unwrap_or_default();
    let asked = ["allow", "main", "findings", "grants", "denials", "masks", "row_filters", "obligations", "decision"];
    let conftest = ["deny", "violation", "warn", "exception"]
        .iter()
        .any(|word| name == *word || name.strip_prefix(word).is_some_and(|rest| rest.starts_with('_')));
    let marked = annotations.iter().any(|one| {
        let is_entrypoint = one.value.get("entrypoint").and_then(serde_json::Value::as_bool) == Some(true);
        let own = one.path.iter().map(String::as_str).eq(steps.iter().copied());
        let of_package = one.scope == Scope::Package
            && one.path.iter().map(String::as_str).eq(steps.iter().copied().take(steps.len().saturating_sub(1)));
        is_entrypoint && (own || of_package)
    });
    asked.contains(&name)
        || conftest
        || marked
        || name.starts_with("test_")
        || name.starts_with("todo_test_")
        || steps.first() == Some(&"system")
        || steps.first() == Some(&"authzen")
}

fn unreachable(parsed: &[Ref<Parsed>], compiled: &Compiled, modules: &[Module], found: &mut Vec<Lint>) {
    let index: &Index = &compiled.index;
    let open: Vec<&str> =
        index.rules.keys().map(String::as_str).filter(|path| is_entry(path, &compiled.annotations)).collect();
    // A bundle without any entry point is a library, or is asked by names that are nobody else's to know.
    if open.iter().all(|path| path.rsplit('.').next().is_some_and(|name| name.starts_with("test_"))) {
        return;
    }
    let reached = index.reached_from(open);
    for (path, definitions) in index.rules.iter().filter(|(path, _)| !reached.contains(path.as_str())) {
        let Some(first) = definitions.first() else { continue };
        let file = parsed.get(first.module).map(|module| module.package.span.source.get_path().clone());
        let is_own = file.is_some_and(|file| modules.iter().any(|module| module.file == file && !module.is_test()));
        if is_own {
            let message =
                format!("no entry point leads to `{path}`: use it, take it out, or mark it with `entrypoint: true`");
            found.push(Lint { code: "unreachable-rule".to_owned(), ..Lint::at(first.place.clone(), message) });
        }
    }
}
