//! METADATA comments of every scope, as OPA's compiler has them: blocks of YAML above packages and rules.
//!
//! Deliberately absent: what the keys of a rule of ours mean; see `metadata`.

use crate::error::LoadError;
use crate::syntax;
use crate::text::Text;
use crate::yaml;
use regorus::unstable::Module;
use serde_json::{Map, Value as Json, json};

/// The keys that a block may have.
pub const KEYS: &[&str] = &[
    "title",
    "description",
    "related_resources",
    "custom",
    "authors",
    "organizations",
    "scope",
    "schemas",
    "entrypoint",
    "labels",
    "compile",
];

/// What a block is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Rule,
    Document,
    Package,
    Subpackages,
}

impl Scope {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "rule" => Self::Rule,
            "document" => Self::Document,
            "package" => Self::Package,
            "subpackages" => Self::Subpackages,
            _ => return None,
        })
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Document => "document",
            Self::Package => "package",
            Self::Subpackages => "subpackages",
        }
    }
}

/// One block.
#[derive(Debug, Clone)]
pub struct Annotation {
    pub scope: Scope,
    /// The package, and the rule behind it for the scopes of rules.
    pub path: Vec<String>,
    /// The offset of the rule, in the text that was parsed.
    pub rule: Option<usize>,
    /// `file:line` of the block.
    pub place: String,
    /// What it says, with `scope`, in the shape of `rego.metadata.chain`.
    pub value: Map<String, Json>,
}

/// A block as it stands in the text.
struct Block {
    /// The offset of its first line.
    start: usize,
    end: usize,
    line: usize,
    yaml: String,
}

/// Blocks begin with a line `# METADATA` and end with the last comment below it.
fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut offset = 0;
    let mut open = false;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let start = offset;
        offset += line.len();
        let trimmed = line.trim();
        if trimmed.trim_start_matches('#').trim() == "METADATA" && trimmed.starts_with('#') {
            found.push(Block { start, end: offset, line: index + 1, yaml: String::new() });
            open = true;
        } else if let (true, Some(comment), Some(block)) = (open, trimmed.strip_prefix('#'), found.last_mut()) {
            block.yaml.push_str(comment.strip_prefix(' ').unwrap_or(comment));
            block.yaml.push('\n');
            block.end = offset;
        } else {
            open = false;
        }
    }
    found
}

/// Reads the blocks of a module.
pub fn read(file: &str, text: &Text, module: &Module, errors: &mut Vec<LoadError>) -> Vec<Annotation> {
    let package = package(module);
    let package_at = syntax::range(&module.package.span).start;
    let mut found = Vec::new();
    for block in blocks(&text.now) {
        let line = text.line(block.line);
        let place = format!("{file}:{line}");
        let mut failed = |message: String| errors.push(LoadError::new(&place, message));
        let value = match yaml::read(&block.yaml).and_then(|value| Ok(serde_json::to_value(&value)?)) {
            Ok(Json::Object(map)) => map,
            Ok(_) => {
                failed("rego_parse_error: METADATA is not a mapping".to_owned());
                continue;
            }
            Err(error) => {
                failed(format!("rego_parse_error: METADATA is not YAML: {}", error.to_string().trim()));
                continue;
            }
        };
        if let Some(message) = unknown(&value, KEYS, "METADATA") {
            failed(message);
            continue;
        }
        let above_package = block.start < package_at;
        let next = module.policy.iter().map(|rule| (syntax::range(rule.span()).start, rule));
        let next = next.filter(|(start, _)| *start >= block.end).min_by_key(|(start, _)| *start);
        let default = if above_package { Scope::Package } else { Scope::Rule };
        let scope = match value.get("scope") {
            None => default,
            Some(named) => match named.as_str().and_then(Scope::parse) {
                Some(scope) => scope,
                None => {
                    failed(format!(
                        "rego_parse_error: METADATA has the scope `{named}`; it is rule, document, package or subpackages"
                    ));
                    continue;
                }
            },
        };
        let of_package = matches!(scope, Scope::Package | Scope::Subpackages);
        if of_package != above_package {
            let wanted = if above_package { "a package" } else { "a rule" };
            failed(format!("rego_parse_error: METADATA of the scope `{}` stands above {wanted}", scope.as_str()));
            continue;
        }
        let (mut path, mut rule) = (package.clone(), None);
        if !of_package {
            let Some((start, next)) = next else {
                failed("rego_parse_error: METADATA stands above nothing".to_owned());
                continue;
            };
            rule = Some(start);
            if let Some((root, steps)) = syntax::path(syntax::head(next)) {
                path.push(root.text().to_owned());
                path.extend(steps);
            }
        }
        found.push(Annotation { scope, path, rule, place, value: normal(value, scope) });
    }
    found
}

/// The path of a module's package, without `data`.
pub fn package(module: &Module) -> Vec<String> {
    let path = syntax::path(&module.package.refr);
    let path = path.map(|(root, steps)| std::iter::once(root.text().to_owned()).chain(steps).collect());
    path.unwrap_or_default()
}

/// Says what key is unknown, and which was meant.
pub fn unknown(map: &Map<String, Json>, known: &[&str], what: &str) -> Option<String> {
    let key = map.keys().find(|key| !known.contains(&key.as_str()))?;
    let close = known.iter().map(|known| (strsim::damerau_levenshtein(key, known), known));
    let close = close.filter(|(distance, _)| *distance <= 3).min_by_key(|(distance, _)| *distance);
    Some(match close {
        Some((_, close)) => format!("{what} has the unknown key `{key}`; did you mean `{close}`?"),
        None => format!("{what} has the unknown key `{key}`; known are {}", known.join(", ")),
    })
}

/// The shape that OPA gives: people with names and addresses, resources with `ref`.
fn normal(mut map: Map<String, Json>, scope: Scope) -> Map<String, Json> {
    map.insert("scope".to_owned(), json!(scope.as_str()));
    if let Some(Json::Array(authors)) = map.get_mut("authors") {
        for author in authors {
            if let Some(text) = author.as_str() {
                *author = match text.rsplit_once('<') {
                    Some((name, email)) if email.ends_with('>') => {
                        json!({"name": name.trim(), "email": email.trim_end_matches('>')})
                    }
                    _ => json!({"name": text}),
                };
            }
        }
    }
    if let Some(Json::Array(resources)) = map.get_mut("related_resources") {
        for resource in resources {
            if let Some(text) = resource.as_str() {
                *resource = json!({"ref": text});
            }
        }
    }
    map
}

/// What `rego.metadata.chain()` is for a rule: its own blocks, and those of what it is in, from near to far.
pub fn chain(all: &[Annotation], path: &[String], rule: usize, file: &str) -> Json {
    let entry = |path: &[String], value: Option<&Map<String, Json>>| {
        let path: Vec<Json> = path.iter().map(|step| json!(step)).collect();
        match value {
            Some(value) => json!({"annotations": value, "path": path}),
            None => json!({"path": path}),
        }
    };
    let package = path.split_last().map_or(path, |(_, package)| package);
    let mut chain = Vec::new();
    let own = own(all, path, rule, file);
    chain.push(entry(path, own));
    for annotation in all.iter().filter(|one| one.scope == Scope::Document && one.path == path) {
        chain.push(entry(path, Some(&annotation.value)));
    }
    for annotation in all.iter().filter(|one| one.scope == Scope::Package && one.path == package) {
        chain.push(entry(package, Some(&annotation.value)));
    }
    for length in (0..=package.len()).rev() {
        let above = package.get(..length).unwrap_or_default();
        for annotation in all.iter().filter(|one| one.scope == Scope::Subpackages && one.path == above) {
            chain.push(entry(above, Some(&annotation.value)));
        }
    }
    Json::Array(chain)
}

/// The block of the scope `rule` right above a rule.
pub fn own<'a>(all: &'a [Annotation], path: &[String], rule: usize, file: &str) -> Option<&'a Map<String, Json>> {
    let here = |one: &&Annotation| {
        one.scope == Scope::Rule
            && one.rule == Some(rule)
            && one.path == path
            && one.place.rsplit_once(':').is_some_and(|(known, _)| known == file)
    };
    all.iter().find(here).map(|one| &one.value)
}
