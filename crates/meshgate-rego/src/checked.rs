//! What OPA refuses is refused before anything is evaluated, in OPA's words and with our help: modules and queries are
//! read and checked by `meshgate-regolang`.
//!
//! Deliberately absent: what OPA takes and we do not; see `calls`, `growth` and `metadata`.

use crate::error::LoadError;
use crate::modules::Written;
use crate::options::{Types, Version};
use meshgate_regolang::compile::Options as Checking;
use meshgate_regolang::syntax::walk::{self, Item};
use meshgate_regolang::syntax::{self, ast, compare};
use meshgate_regolang::types::declarations::{Table, declaration, opa};
use meshgate_regolang::{Code, Error, Source, check};
use regorus::Value;
use std::sync::{Arc, LazyLock};

/// Functions of ours beside OPA's.
const OWN: &[&str] = &[
    "meshgate.decide(question: any) => decision: any",
    "meshgate.check(descriptor: any) => report: any",
    // The suite's own.
    "test.sleep(duration: string) => null",
];

static BUILTINS: LazyLock<Arc<Table>> = LazyLock::new(|| {
    let mut table = Table::clone(&opa());
    table.extend(OWN.iter().filter_map(|line| declaration(line)).map(|one| (one.name.clone(), one)));
    Arc::new(table)
});

/// What was found.
#[derive(Default)]
pub struct Found {
    pub errors: Vec<LoadError>,
    pub warnings: Vec<LoadError>,
}

/// A module, read in the Rego that it is in.
pub fn read(source: &Source, file: u32, version: Version) -> Result<ast::Module, Vec<Error>> {
    let first = match version {
        Version::V0 => syntax::Version::V0,
        Version::V1 | Version::Either => syntax::Version::V1,
    };
    let text = source.text();
    syntax::module(source, file, first).or_else(|mut errors| {
        if version == Version::V0
            && let (Some((_, word)), Some(error)) = (crate::lexical::word_of_v1(text), errors.first_mut())
        {
            error.help = Some(format!(
                "`{word}` is a word of Rego v0 only when it is imported: write `import future.keywords.{word}`, or say `\"rego_version\": 1` in the bundle's `.manifest`"
            ));
        }
        // What is v1 with a mistake in it is not read as v0 without its keywords.
        let v0 = version == Version::Either
            && !text.contains("import rego.v1")
            && crate::lexical::word_of_v1(text).is_none();
        if v0 { syntax::module(source, file, syntax::Version::V0).map_err(|_| errors) } else { Err(errors) }
    })
}

/// Checks modules together with the data that they stand beside.
pub fn modules(written: &[Written], version: &dyn Fn(&str) -> Version, data: &[Value], types: &Types) -> Found {
    let mut order: Vec<&Written> = written.iter().collect();
    order.sort_by(|a, b| a.file.cmp(&b.file));
    let sources: Vec<Source> = order.iter().map(|one| Source::new(&*one.file, one.text.original())).collect();
    let (mut modules, mut errors) = (Vec::with_capacity(sources.len()), Vec::new());
    for (file, source) in (0..).zip(&sources) {
        match read(source, file, version(&source.name)) {
            Ok(module) => modules.push(module),
            // One a file is enough: what follows is mostly its consequence.
            Err(found) => errors.extend(found.into_iter().next()),
        }
    }
    let mut warnings = Vec::new();
    if errors.is_empty() {
        let twice: Vec<Error> = modules.iter().flat_map(|module| &module.rules).flat_map(replaced_twice).collect();
        let data: Vec<Value> = data.to_vec();
        let options = Checking {
            builtins: BUILTINS.clone(),
            documents: types.documents.clone(),
            data: Some(Arc::new(move |path: &[&str]| data.iter().any(|document| has(document, path)))),
            notes: Vec::new(),
            thorough: true,
            advice: types.warn,
        };
        let checked = check(&sources, modules, &options);
        (errors, warnings) = (checked.errors, checked.warnings);
        errors.extend(twice);
    }
    // Each rule of a circle is told by OPA; the circle is one mistake.
    let mut circles = std::collections::BTreeSet::new();
    errors.retain(|error| {
        let mut rules: Vec<_> = error.message.rsplit(": ").next().unwrap_or_default().split(" -> ").collect();
        rules.sort_unstable();
        rules.dedup();
        error.code != Code::Recursion || circles.insert(rules.join(" "))
    });
    let told = |all: Vec<Error>| all.iter().map(|error| of_error(error, &sources)).collect();
    Found { errors: told(errors), warnings: told(warnings) }
}

/// What `with` replaces twice in one statement: the engine forgets the first value, also where it is undefined. OPA takes it.
fn replaced_twice(rule: &ast::Rule) -> Vec<Error> {
    let mut found = Vec::new();
    let mut look = |item: Item<'_>| {
        walk::exprs(item, &mut |expr| {
            let mut before: Vec<&ast::Term> = Vec::new();
            for with in &expr.with {
                if before.iter().any(|other| compare::same(other, &with.target)) {
                    let message = format!("`with` replaces `{}` twice: write it once", with.target);
                    found.push(Error::new(Code::Compile, with.span, message));
                }
                before.push(&with.target);
            }
            false
        });
    };
    let mut next = Some(rule);
    while let Some(rule) = next {
        let head = &rule.head;
        let terms = head.reference.iter().chain(&head.args).chain(&head.key).chain(&head.value);
        terms.for_each(|term| look(Item::Term(term)));
        look(Item::Body(&rule.body));
        next = rule.els.as_deref();
    }
    found
}

/// Has a document something at a path?
pub fn has(document: &Value, path: &[&str]) -> bool {
    let mut at = document;
    for step in path {
        match at.as_object().ok().and_then(|object| object.get(&Value::from(*step))) {
            Some(below) => at = below,
            None => return false,
        }
    }
    true
}

/// A message without the names that the compiler gave to what has none.
fn written(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, behind)) = rest.split_once("__local") {
        out.push_str(before);
        let digits = behind.trim_start_matches(|char: char| char.is_ascii_digit());
        match digits.strip_prefix("__").filter(|_| digits.len() < behind.len()) {
            Some(behind) => {
                out.push('_');
                rest = behind;
            }
            None => {
                out.push_str("__local");
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// An error with its place and, in one line, what OPA adds and what we add.
fn of_error(error: &Error, sources: &[Source]) -> LoadError {
    let span = error.word.unwrap_or(error.span);
    let place = match sources.get(span.file as usize) {
        Some(source) => {
            let place = source.place(span.start);
            format!("{}:{}:{}", source.name, place.line, place.column.max(1))
        }
        None => "bundle".to_owned(),
    };
    let mut message = format!("{}: {}", error.code.as_str(), written(&error.message));
    let details = error.details.iter().map(|line| line.trim()).filter(|line| {
        // The reference stands in the message, the mark in the place.
        !line.starts_with('^') && !error.message.ends_with(line)
    });
    let details: Vec<String> = match &error.help {
        Some(_) if error.message.starts_with("undefined ref") => Vec::new(),
        _ => details.map(written).collect(),
    };
    if !details.is_empty() {
        message.push_str(" (");
        message.push_str(&details.join("; "));
        message.push(')');
    }
    if let Some(help) = &error.help {
        message.push_str("; ");
        message.push_str(help);
    }
    LoadError::new(place, message)
}
