//! `meshgate rules pages`: a page for each rule of a bundle, written beside it, and a table of all of them. What a page says
//! comes from the rule's METADATA and its examples; what an example's findings are, the rule itself says.
//!
//! Deliberately absent: HTML; the pages are Markdown, which the places where code lives show.

use crate::args::PagesArgs;
use crate::exit::{Status, print, say};
use anyhow::{Context, Result, bail, ensure};
use meshgate_core::rule::Rule;
use meshgate_engine::{Additions, CheckOptions, Config, Engine};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The first line of every page: what has it may be written again.
const MARK: &str = "<!-- Written by `meshgate rules pages`: change the rule's METADATA and examples instead. -->";
/// The table's file.
const TABLE: &str = "RULES.md";

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
        let before = match std::fs::read_to_string(path) {
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
        std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
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
    let mut table = format!("{MARK}\n# Rules\n\n| rule | severity | looks for | at |\n|---|---|---|---|\n");
    for rule in engine.rules() {
        let folder = folder(rule);
        // Rules that share a folder have pages by their own names.
        let name = match folders.get(folder.as_path()) {
            Some(1) => "README.md".to_owned(),
            _ => format!("{}.md", rule.id),
        };
        let path = folder.join(name);
        let link = path.strip_prefix(dir).unwrap_or(&path).display().to_string().replace('\\', "/");
        let _ = writeln!(
            table,
            "| [`{}`]({link}) | {} | {} | {} |",
            rule.id,
            rule.severity,
            cell(&rule.title),
            kinds(rule)
        );
        pages.insert(path, page(engine, rule, &folder)?);
    }
    pages.insert(dir.join(TABLE), table);
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

fn page(engine: &Engine, rule: &Rule, folder: &Path) -> Result<String> {
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
    for (prefix, title) in [("fail_", "What it finds"), ("pass_", "What it is content with")] {
        let examples = examples(folder, prefix)?;
        if !examples.is_empty() {
            let _ = write!(text, "\n## {title}\n");
        }
        for (name, content) in examples {
            text.push_str(&example(engine, rule, &name, &content));
        }
    }
    if !rule.related.is_empty() {
        let links: String = rule.related.iter().map(|link| format!("- <{link}>\n")).collect();
        let _ = write!(text, "\n## Read more\n\n{links}");
    }
    let _ = write!(text, "\n---\nThe rule is [{file}]({file}).\n");
    Ok(text)
}

/// The examples that begin with a word, by name.
fn examples(folder: &Path, prefix: &str) -> Result<BTreeMap<String, String>> {
    let folder = folder.join("examples");
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    let entries = std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("{} cannot be read", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(prefix) && path.is_file() {
            let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            found.insert(name, text);
        }
    }
    Ok(found)
}

/// An example, and what the rule says of it.
fn example(engine: &Engine, rule: &Rule, name: &str, content: &str) -> String {
    let options = CheckOptions::default();
    let outcome = engine.install(|engine| engine.check_text(name, content.as_bytes(), &options));
    let language = if name.ends_with(".json") { "json" } else { "yaml" };
    // A fence is longer than any in the example.
    let longest = content.lines().map(|line| line.trim_start().bytes().take_while(|byte| *byte == b'`').count()).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    let mut text = format!("\n[{name}](examples/{name})\n\n{fence}{language}\n{}\n{fence}\n", content.trim_end());
    let own = outcome.report.findings.iter().filter(|finding| finding.rule == rule.id);
    let said: String =
        own.map(|finding| format!("- line {}: {}\n", finding.location.range.start.line, finding.message)).collect();
    if !said.is_empty() {
        let _ = write!(text, "\n{said}");
    }
    text
}
