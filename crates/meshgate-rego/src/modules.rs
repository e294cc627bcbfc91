//! From the texts of modules to a regorus engine: prepared, parsed, annotated, rewritten, and rules that begin with a
//! keyword moved to where regorus takes them. Every place stays known.
//!
//! Deliberately absent: what a rule of ours is; see `bundle`.

use crate::annotations::{self, Annotation};
use crate::error::{self, LoadError};
use crate::lexical::{self, HEAD_MARK, Page};
use crate::options::{Module, Version};
use crate::rewrite::{self, Names, Rewriter, Variant};
use crate::settle::{bodies, heads, negation, objects, shadows, terms};
use crate::syntax::{self, Node};
use crate::text::{Edit, Position, Text};
use regorus::unstable::{Expr, Module as Parsed, Parser, Ref, Rule, RuleHead};
use regorus::{Engine, PolicyLengthConfig, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroUsize};

/// Columns of one line, in regorus' count. A certificate is one long line.
const COLUMNS_MAX: u32 = 65_536;
/// Bytes of one module.
const BYTES_MAX: usize = 4 << 20;
/// Lines of one module.
const LINES_MAX: u32 = 200_000;
/// Nesting of the expressions of one module; chains of operators are nested, too.
const NESTING_MAX: usize = 1_000;

/// How long a policy may be.
pub fn lengths() -> PolicyLengthConfig {
    PolicyLengthConfig {
        max_col: NonZeroU32::new(COLUMNS_MAX).unwrap_or(NonZeroU32::MIN),
        max_file_bytes: NonZeroUsize::new(BYTES_MAX).unwrap_or(NonZeroUsize::MIN),
        max_lines: NonZeroUsize::new(LINES_MAX as usize).unwrap_or(NonZeroUsize::MIN),
    }
}

/// A module as its author wrote it, perhaps with less in it.
#[derive(Debug, Clone)]
pub struct Written {
    pub file: String,
    pub text: Text,
}

impl Written {
    /// All of it.
    pub fn of(module: &Module) -> Self {
        let text = Text::new(module.text.strip_prefix('\u{feff}').unwrap_or(&module.text));
        Self { file: module.file.clone(), text }
    }
}

/// A module that regorus is given.
struct Given {
    /// What regorus calls it.
    name: String,
    /// The file as messages name it.
    file: String,
    text: Text,
    v0: bool,
}

/// The places of all modules, by the name that regorus has for each.
#[derive(Debug, Clone, Default)]
pub struct Places(BTreeMap<String, (String, Text)>);

impl Places {
    /// The file and the place of an offset.
    pub fn at(&self, name: &str, offset: usize) -> Option<(&str, Position)> {
        let (file, text) = self.0.get(name)?;
        Some((file, text.position(offset)))
    }

    /// `file:line:column` of an offset.
    pub fn place(&self, name: &str, offset: usize) -> String {
        match self.at(name, offset) {
            Some((file, Position { line, column })) => format!("{file}:{line}:{column}"),
            None => name.to_owned(),
        }
    }

    /// `file:line:column` of a place as regorus tells it.
    pub fn translate(&self, place: &str) -> String {
        let mut parts = place.rsplitn(3, ':');
        let (column, line, name) = (parts.next(), parts.next(), parts.next());
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
        match (number(line), number(column), name.and_then(|name| self.0.get(name))) {
            (Some(line), Some(column), Some((file, text))) => {
                let Position { line, column } = text.position_of(line, column);
                format!("{file}:{line}:{column}")
            }
            _ => place.to_owned(),
        }
    }

    /// The file and the line of a line as regorus counts it.
    pub fn line(&self, name: &str, line: usize) -> Option<(&str, usize)> {
        let (file, text) = self.0.get(name)?;
        Some((file, text.line(line)))
    }
}

/// What became of the modules.
pub struct Loaded {
    pub engine: Engine,
    /// The package of each module, `data.…`, by file.
    pub packages: Vec<(String, String)>,
    pub places: Places,
    pub annotations: Vec<Annotation>,
    pub warnings: Vec<LoadError>,
}

fn parse_as(name: &str, text: &str, v0: bool) -> anyhow::Result<Parsed> {
    let lengths = lengths();
    let source =
        Source::from_contents_with_limits(name.to_owned(), text.to_owned(), lengths.max_file_bytes, lengths.max_lines)?;
    let mut parser = Parser::new(&source)?;
    parser.set_max_col(lengths.max_col);
    if !v0 {
        parser.enable_rego_v1()?;
    }
    parser.parse()
}

/// Parses a module in the version that it is in.
fn parse(given: &mut Given, version: Version, warnings: &mut Vec<LoadError>) -> Result<Parsed, LoadError> {
    let failed = |given: &Given, error: &anyhow::Error| {
        let (place, message) = error::parts(&error.to_string());
        let places = Places(BTreeMap::from([(given.name.clone(), (given.file.clone(), given.text.clone()))]));
        let place = place.map_or_else(|| given.file.clone(), |place| places.translate(&place));
        LoadError::new(place, format!("rego_parse_error: {message}"))
    };
    match version {
        Version::V0 => {
            if let Some((at, word)) = lexical::word_of_v1(&given.text.now) {
                let Position { line, column } = given.text.position(at);
                let message = format!(
                    "rego_parse_error: `{word}` is a word of Rego v0 only when it is imported: write `import future.keywords.{word}`, or say `\"rego_version\": 1` in the bundle's `.manifest`"
                );
                return Err(LoadError::new(format!("{}:{line}:{column}", given.file), message));
            }
            given.v0 = true;
            parse_as(&given.name, &given.text.now, true).map_err(|error| failed(given, &error))
        }
        Version::V1 => parse_as(&given.name, &given.text.now, false).map_err(|error| failed(given, &error)),
        Version::Either => {
            let error = match parse_as(&given.name, &given.text.now, false) {
                Ok(parsed) => return Ok(parsed),
                Err(error) => failed(given, &error),
            };
            // What is v1 with a mistake in it would be read as v0 without its keywords.
            if given.text.now.contains("import rego.v1") || lexical::word_of_v1(&given.text.now).is_some() {
                return Err(error);
            }
            match parse_as(&given.name, &given.text.now, true) {
                Ok(parsed) => {
                    given.v0 = true;
                    let message = format!(
                        "is Rego v0, not v1 ({}): write `if` and `contains`, or say `\"rego_version\": 0` in the bundle's `.manifest`",
                        error.message
                    );
                    warnings.push(LoadError::new(&given.file, message));
                    Ok(parsed)
                }
                Err(_) => Err(error),
            }
        }
    }
}

/// Makes a module mean in regorus what it means in OPA; see `settle`.
fn settle(given: &mut Given, module: Parsed, variant: Variant, names: &Names) -> Result<Parsed, LoadError> {
    let mut module = module;
    // Operands, patterns and comprehensions within others are settled in rounds of their own.
    let round = |given: &mut Given, module: &mut Parsed, edits: Vec<Edit>| {
        let goes_on = !edits.is_empty();
        if goes_on {
            given.text.edit(edits);
            *module = parse_as(&given.name, &given.text.now, given.v0).map_err(|error| {
                let (_, message) = error::parts(&error.to_string());
                LoadError::new(&given.file, format!("rego_compile_error: a rule could not be rewritten: {message}"))
            })?;
        }
        Ok(goes_on)
    };
    let edits = shadows::edits(&module, names);
    round(given, &mut module, edits)?;
    for _ in 0..=NESTING_MAX {
        let edits = negation::edits(&module, &given.text.now, names).map_err(|unread| {
            let Position { line, column } = given.text.position(unread.0);
            LoadError::new(format!("{}:{line}:{column}", given.file), negation::UNREAD)
        })?;
        if !round(given, &mut module, edits)? {
            break;
        }
    }
    for _ in 0..=NESTING_MAX {
        let edits = objects::edits(&module, &given.text.now, names);
        if !round(given, &mut module, edits)? {
            break;
        }
    }
    let edits = heads::edits(&module, &given.text.now, variant == Variant::Fast);
    round(given, &mut module, edits)?;
    for _ in 0..=NESTING_MAX {
        let edits = if variant == Variant::Fast { terms::edits(&module, &given.text.now, names) } else { Vec::new() };
        if !round(given, &mut module, edits)? {
            break;
        }
    }
    Ok(module)
}

/// The roots of the names of a module's rules.
fn roots(module: &Parsed) -> impl Iterator<Item = String> {
    module.policy.iter().filter_map(|rule| Some(syntax::path(syntax::head(rule))?.0.text().to_owned()))
}

/// The keyword that a rule's head begins with.
fn keyword(rule: &Rule) -> Option<String> {
    let root = syntax::path(syntax::head(rule))?.0.text();
    root.strip_prefix(HEAD_MARK).map(str::to_owned)
}

/// Gives modules to an engine.
///
/// `outside` are builtins that a query mocks.
pub fn load(
    modules: &[Written],
    version: &dyn Fn(&str) -> Version,
    variant: Variant,
    outside: &BTreeSet<String>,
    errors: &mut Vec<LoadError>,
) -> Loaded {
    let mut engine = Engine::new();
    engine.set_policy_length_config(lengths());
    let mut warnings = Vec::new();
    let mut parsed: Vec<(Given, Parsed)> = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (index, module) in modules.iter().enumerate() {
        let mut text = module.text.clone();
        if let Err(refusal) = lexical::prepare(&mut text) {
            let Position { line, column } = text.position(refusal.at);
            let place = format!("{}:{line}:{column}", module.file);
            errors.push(LoadError::new(place, format!("rego_parse_error: {}", refusal.message)));
            continue;
        }
        let further = bodies::edits(&text.now);
        text.edit(further);
        // Two files of one name are told apart.
        let name =
            if names.insert(module.file.clone()) { module.file.clone() } else { format!("{}#{index}", module.file) };
        let mut given = Given { name, file: module.file.clone(), text, v0: false };
        match parse(&mut given, version(&module.file), &mut warnings) {
            Ok(module) => match syntax::depth(&module) {
                depth if depth > NESTING_MAX => {
                    let message =
                        format!("rego_parse_error: an expression is nested {depth} times; at most {NESTING_MAX}");
                    errors.push(LoadError::new(&given.file, message));
                }
                _ => match twice(&given, &module) {
                    Some(error) => errors.push(error),
                    None => parsed.push((given, module)),
                },
            },
            Err(error) => errors.push(error),
        }
    }
    let mut rules: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for (_, module) in &parsed {
        rules.entry(annotations::package(module)).or_default().extend(roots(module));
    }
    let none = BTreeSet::new();
    let own = |module: &Parsed| Names::of(module, rules.get(&annotations::package(module)).unwrap_or(&none));
    let mut settled: Vec<(Given, Parsed)> = Vec::new();
    for (mut given, module) in parsed {
        let names = own(&module);
        match settle(&mut given, module, variant, &names) {
            Ok(module) => settled.push((given, module)),
            Err(error) => errors.push(error),
        }
    }
    let mut annotations = Vec::new();
    let mut mocked = outside.clone();
    for (given, module) in &settled {
        annotations.extend(annotations::read(&given.file, &given.text, module, errors));
        mocked.extend(rewrite::mocked(module, &own(module)));
    }
    let mut ready: Vec<Given> = Vec::new();
    for (mut given, module) in settled {
        let names = own(&module);
        let page = Page::new(&given.text.now);
        let mut rewriter = Rewriter {
            page: &page,
            file: &given.file,
            names: &names,
            mocked: &mocked,
            annotations: &annotations,
            variant,
            locals: BTreeSet::new(),
            edits: Vec::new(),
        };
        rewriter.module(&module);
        let edits = rewriter.edits;
        let keywords: BTreeSet<String> = module.policy.iter().filter_map(|rule| keyword(rule)).collect();
        for keyword in keywords {
            let mut moved = given.text.clone();
            let name = format!("{}#{keyword}", given.name);
            moved.edit(without(only(&module, &keyword, &names, given.text.now.len()), edits.clone()));
            ready.push(Given { name, file: given.file.clone(), text: moved, v0: given.v0 });
        }
        let removed = extents(&module, given.text.now.len()).into_iter();
        let removed = removed.filter(|(rule, _)| keyword(rule).is_some());
        let removed = removed.map(|(_, range)| Edit::new(range, "")).collect();
        given.text.edit(without(removed, edits));
        ready.push(given);
    }
    if !mocked.is_empty() {
        let text = Text::new(&rewrite::standins(&mocked));
        ready.push(Given { name: "<builtins>".to_owned(), file: "<builtins>".to_owned(), text, v0: false });
    }
    let mut packages = Vec::new();
    let mut places = Places::default();
    for given in ready {
        places.0.insert(given.name.clone(), (given.file.clone(), given.text.clone()));
        engine.set_rego_v0(given.v0);
        match engine.add_policy(given.name.clone(), given.text.now) {
            Ok(package) => packages.push((given.name, package)),
            Err(error) => {
                let (place, message) = error::parts(&error.to_string());
                let place = place.map_or_else(|| given.file.clone(), |place| places.translate(&place));
                errors.push(LoadError::new(place, format!("rego_parse_error: {message}")));
            }
        }
    }
    engine.set_rego_v0(false);
    Loaded { engine, packages, places, annotations, warnings }
}

/// A function one of whose arguments has a name twice: OPA compares the two, and regorus does not.
fn twice(given: &Given, module: &Parsed) -> Option<LoadError> {
    for rule in &module.policy {
        let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule.as_ref() else { continue };
        let mut names = BTreeSet::new();
        let mut again = None;
        syntax::visit(args.iter().map(Node::Expr).collect(), |node| {
            if let Node::Expr(expr) = node
                && let Expr::Var { span, .. } = expr.as_ref()
                && span.text() != "_"
                && !names.insert(span.text().to_owned())
            {
                again.get_or_insert_with(|| span.clone());
            }
            true
        });
        if let Some(span) = again {
            let Position { line, column } = given.text.position(syntax::range(&span).start);
            let name = span.text();
            let message = format!(
                "rego_compile_error: the argument `{name}` stands twice: name the two apart, and compare them in the body"
            );
            return Some(LoadError::new(format!("{}:{line}:{column}", given.file), message));
        }
    }
    None
}

/// Where each rule stands: up to the next, since a span does not hold the quote that ends a rule.
fn extents(module: &Parsed, length: usize) -> Vec<(&Ref<Rule>, std::ops::Range<usize>)> {
    let starts: Vec<usize> = module.policy.iter().map(|rule| syntax::range(rule.span()).start).collect();
    let ends = starts.iter().skip(1).copied().chain([length]);
    module.policy.iter().zip(starts.iter().zip(ends)).map(|(rule, (start, end))| (rule, *start..end)).collect()
}

/// Edits, without those of what is removed.
fn without(removing: Vec<Edit>, edits: Vec<Edit>) -> Vec<Edit> {
    let removed: Vec<_> = removing.iter().filter(|edit| edit.removes()).map(|edit| edit.range.clone()).collect();
    let gone = |edit: &Edit| removed.iter().any(|range| range.start <= edit.range.start && edit.range.end <= range.end);
    let kept: Vec<Edit> = edits.into_iter().filter(|edit| !gone(edit)).collect();
    removing.into_iter().chain(kept).collect()
}

/// The edits that leave of a module what rules of one keyword need: package `a` becomes `a.not`, the head `not.x` is `x`,
/// and what they use of their old package is imported.
fn only(module: &Parsed, wanted: &str, names: &Names, length: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (rule, range) in extents(module, length) {
        if keyword(rule).as_deref() != Some(wanted) {
            edits.push(Edit::new(range, ""));
            continue;
        }
        let head = syntax::range(root(syntax::head(rule)).span());
        // The variable and the point behind it.
        edits.push(Edit::new(head.start..head.end + 1, ""));
        syntax::visit(syntax::parts(rule), |node| {
            if let Node::Expr(expr) = node
                && let Expr::Var { span, .. } = expr.as_ref()
            {
                used.insert(span.text().to_owned());
            }
            true
        });
    }
    let own = used.iter().filter(|name| names.rules.contains(*name) && !names.imports.contains(*name));
    let package =
        annotations::package(module).iter().map(|step| format!("[{}]", serde_json::json!(step))).collect::<String>();
    let imports = own.map(|name| format!("\nimport data{package}[{}]", serde_json::json!(name))).collect::<String>();
    let end = syntax::range(&module.package.span).end;
    edits.push(Edit::new(end..end, format!(".{wanted}{imports}")));
    edits
}

/// The variable that a reference begins with.
fn root(refr: &Ref<Expr>) -> &Ref<Expr> {
    let mut at = refr;
    loop {
        match at.as_ref() {
            Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => at = refr,
            _ => return at,
        }
    }
}
