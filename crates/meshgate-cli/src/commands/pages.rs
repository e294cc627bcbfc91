//! `meshgate rules pages`: a page for each rule of a bundle, written beside it, and a table of all of them. What a page says
//! comes from the rule's METADATA and its examples; what an example's findings are, the rule itself says.
//!
//! Deliberately absent: HTML; the pages are Markdown, which the places where code lives show.

use crate::args::PagesArgs;
use crate::exit::{Status, print, say};
use anyhow::{Context, Result, bail, ensure};
use meshgate_core::rule::Rule;
use meshgate_engine::reading::NAMED_BYTES_MAX;
use meshgate_engine::{Additions, CheckOptions, Config, Engine, writing};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The first line of every page: what has it may be written again.
const MARK: &str = "<!-- Written by `meshgate rules pages`: change the rule's METADATA and examples instead. -->";
/// The table's file.
const TABLE: &str = "RULES.md";
/// Examples of each kind that a page has in full; it has links to the others.
const IN_FULL: usize = 2;

pub fn run(args: &PagesArgs) -> Result<Status> {
    let additions = Additions {
        bundles: vec![args.dir.clone()],
        profiles: vec!["all".to_owned()],
        no_embedded: true,
        root_only: true,
        ..Additions::default()
    };
    let engine = Engine::new(&Config::default(), &additions).context("the engine cannot be made")?;
    let faults: Vec<String> = engine.load_faults().iter().map(|fault| format!("  {}", fault.message)).collect();
    ensure!(faults.is_empty(), "not everything could be loaded:\n{}", faults.join("\n"));
    ensure!(!engine.rules().is_empty(), "{} holds no rule", args.dir.display());
    let pages = pages(&engine, &args.dir)?;
    let mut stale = Vec::new();
    for (path, text) in &pages {
        let before = match meshgate_engine::reading::text(path, NAMED_BYTES_MAX) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        if before.as_ref() == Some(text) {
            continue;
        }
        if args.check {
            stale.push(path.display().to_string());
            continue;
        }
        if before.is_some_and(|before| !before.starts_with(MARK)) {
            bail!("{} was not written by this command: move it, and the page can be", path.display());
        }
        writing::file_of(&args.dir, path, text.as_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))?;
        say(&format!("wrote {}", path.display()));
    }
    if !stale.is_empty() {
        print(&format!("not current: {}\nrun `meshgate rules pages {}`\n", stale.join(", "), args.dir.display()))?;
        return Ok(Status::Denied);
    }
    let rules = engine.rules().len();
    print(&format!("{rules} rule{}, {} pages are current\n", if rules == 1 { "" } else { "s" }, pages.len()))?;
    Ok(Status::Allowed)
}

/// All pages, by their files.
fn pages(engine: &Engine, dir: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut folders: BTreeMap<&Path, usize> = BTreeMap::new();
    let folder = |rule: &Rule| Path::new(&rule.origin).parent().map(Path::to_path_buf).unwrap_or_default();
    for rule in engine.rules() {
        *folders.entry(Path::new(&rule.origin).parent().unwrap_or(dir)).or_default() += 1;
    }
    let mut pages = BTreeMap::new();
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    for rule in engine.rules() {
        let folder = folder(rule);
        // Rules that share a folder have pages by their own names.
        let name = match folders.get(folder.as_path()) {
            Some(1) => "README.md".to_owned(),
            _ => format!("{}.md", rule.id),
        };
        let path = folder.join(name);
        let link = path.strip_prefix(dir).unwrap_or(&path).display().to_string().replace('\\', "/");
        let examples = tried(engine, rule, &folder, &mut wrong)?;
        pages.insert(path, page(rule, &examples)?);
        rows.push((rule, link, examples));
    }
    ensure!(wrong.is_empty(), "examples that do not do what their names say:\n  {}", wrong.join("\n  "));
    pages.insert(dir.join(TABLE), table(&rows));
    Ok(pages)
}

/// A text in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A default, which may be long, in a table.
fn values(json: &str) -> String {
    /// Characters that a row has room for.
    const MOST: usize = 160;
    let short: String = json.chars().take(MOST).collect();
    let more = if short.len() < json.len() { " …" } else { "" };
    format!("`{}`{more}", cell(&short).replace('`', "'"))
}

fn profiles(rule: &Rule) -> String {
    if rule.profiles.is_empty() { String::new() } else { format!(" · in {}", rule.profiles.join(", ")) }
}

fn kinds(rule: &Rule) -> String {
    if rule.applies_to.is_empty() { "every descriptor".to_owned() } else { rule.applies_to.join(", ") }
}

fn page(rule: &Rule, examples: &[Example]) -> Result<String> {
    let file = Path::new(&rule.origin).file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!(
        "{MARK}\n# {}\n\n`{}` · {} · looks at {}{}\n",
        rule.title,
        rule.id,
        rule.severity,
        kinds(rule),
        profiles(rule)
    );
    if !rule.description.is_empty() {
        let _ = write!(text, "\n## Why\n\n{}\n", rule.description);
    }
    if let Some(remedy) = &rule.remedy {
        let _ = write!(text, "\n## What to do\n\n{remedy}\n");
    }
    if let Some(note) = &rule.note {
        let _ = write!(text, "\n## Note\n\n{note}\n");
    }
    if !rule.params.is_empty() {
        let rows = rule
            .params
            .iter()
            .map(|param| format!("| `{}` | {} | {} |\n", param.name, cell(&param.description), values(&param.default)));
        let head = "| parameter | for | default |\n|---|---|---|\n";
        let _ = write!(
            text,
            "\n## What can be set\n\nUnder `params: {{ {}: … }}` in `meshgate.yaml`.\n\n{head}{}",
            rule.id,
            rows.collect::<String>()
        );
    }
    for (is_bad, title) in [(true, "What it finds"), (false, "What it is content with")] {
        let examples: Vec<&Example> = examples.iter().filter(|example| example.is_bad == is_bad).collect();
        if !examples.is_empty() {
            let _ = write!(text, "\n## {title}\n");
        }
        examples.iter().take(IN_FULL).for_each(|example| text.push_str(&in_full(example)));
        let links = examples.iter().skip(IN_FULL).map(|one| format!("[{0}](examples/{0})", one.name));
        let links: Vec<String> = links.collect();
        if !links.is_empty() {
            let _ = write!(text, "\nAlso: {}.\n", links.join(", "));
        }
    }
    if !rule.related.is_empty() {
        let links: String = rule.related.iter().map(|link| format!("- <{link}>\n")).collect();
        let _ = write!(text, "\n## Read more\n\n{links}");
    }
    let _ = write!(text, "\n---\nThe rule is [{file}]({file}).\n");
    Ok(text)
}

/// An example, and what the rule said of it.
struct Example {
    name: String,
    text: String,
    is_bad: bool,
    /// The standard of its first descriptor.
    format: String,
    /// `line 3: …`
    said: Vec<String>,
}

/// Tries the rule on its examples, by name.
fn tried(engine: &Engine, rule: &Rule, folder: &Path, wrong: &mut Vec<String>) -> Result<Vec<Example>> {
    let folder = folder.join("examples");
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    // A rule may ask for the whole mesh, or for the last stage.
    let options = CheckOptions { mesh_complete: true, stage: Some("prod".to_owned()), ..CheckOptions::default() };
    let entries = std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("{} cannot be read", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_bad = name.starts_with("fail_");
        if !path.is_file() || (!is_bad && !name.starts_with("pass_")) {
            continue;
        }
        let text = meshgate_engine::reading::text(&path, NAMED_BYTES_MAX)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let report = engine.install(|engine| engine.check(std::slice::from_ref(&path), &options)).report;
        let own = report.findings.iter().filter(|finding| finding.rule == rule.id);
        let said: Vec<String> =
            own.map(|finding| format!("line {}: {}", finding.location.range.start.line, finding.message)).collect();
        if is_bad == said.is_empty() {
            let what = if is_bad { "is to fail, and the rule finds nothing" } else { "is to pass, and the rule finds" };
            wrong.push(format!("{} {what} {}", path.display(), said.join("; ")).trim_end().to_owned());
        }
        // Of several documents, the one that the file is named after: `fail_x.odps.yaml` may have its contract beside it.
        let formats: Vec<&str> = report.descriptors.iter().filter_map(|descriptor| descriptor.format).collect();
        let named = formats.iter().find(|format| name.contains(&format!(".{format}."))).or_else(|| formats.first());
        let format = named.copied().unwrap_or("generic");
        found.push(Example { name, text, is_bad, format: format.to_owned(), said });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A rule, the link to its page, and its examples.
type Row<'a> = (&'a Rule, String, Vec<Example>);

/// An example as a page has it in full.
fn in_full(example: &Example) -> String {
    let Example { name, text, said, .. } = example;
    let language = if name.ends_with(".json") { "json" } else { "yaml" };
    // A fence is longer than any in the example.
    let longest = text.lines().map(|line| line.trim_start().bytes().take_while(|byte| *byte == b'`').count()).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    let mut page = format!("\n[{name}](examples/{name})\n\n{fence}{language}\n{}\n{fence}\n", text.trim_end());
    if !said.is_empty() {
        let said: String = said.iter().map(|said| format!("- {said}\n")).collect();
        let _ = write!(page, "\n{said}");
    }
    page
}

/// The table of all rules: by category, and by the standards in which their examples show them at work.
fn table(rows: &[Row<'_>]) -> String {
    let formats: BTreeSet<&str> =
        rows.iter().flat_map(|(.., examples)| examples.iter().map(|example| example.format.as_str())).collect();
    let mut text = format!(
        "{MARK}\n# Rules\n\nA rule is known to work in a standard where its page has an example of that standard that it finds, and one that it does not (●); ○ is a standard with examples of one kind only.\n"
    );
    let mut categories: BTreeMap<&str, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        let category = row.0.id.as_str().split('.').next().unwrap_or_default();
        categories.entry(category).or_default().push(row);
    }
    for (category, rows) in categories {
        let heads: String = formats.iter().map(|format| format!(" {format} |")).collect();
        let lines = "---|".repeat(formats.len());
        let _ = write!(
            text,
            "\n## {category}\n\n| rule | severity | looks for | at | profiles |{heads}\n|---|---|---|---|---|{lines}\n"
        );
        for (rule, link, examples) in rows {
            let mark = |format: &&str| {
                let of = |bad: bool| examples.iter().any(|one| one.is_bad == bad && one.format == *format);
                match (of(true), of(false)) {
                    (true, true) => " ● |",
                    (false, false) => "  |",
                    _ => " ○ |",
                }
            };
            let marks: String = formats.iter().map(mark).collect();
            let _ = writeln!(
                text,
                "| [`{}`]({link}) | {} | {} | {} | {} |{marks}",
                rule.id,
                rule.severity,
                cell(&rule.title),
                kinds(rule),
                rule.profiles.join(", ")
            );
        }
    }
    let _ = write!(text, "\n{} rules.\n", rows.len());
    text
}
