//! `meshgate plugin`: from an empty folder to a plugin that is trusted.
//!
//! Deliberately absent: judgement of its own; a plugin runs here as it runs in `check`, and as alone as there.

mod new;

use crate::args::{
    GrantArgs, ListFormat, PluginBenchArgs, PluginCommand, PluginInspectArgs, PluginRunArgs, PluginTestArgs,
};
use crate::exit::{self, Status, print, print_as_is, say};
use crate::setup;
use anyhow::{Context, Result, bail};
use meshgate_core::shown;
use meshgate_engine::reading::{self, NAMED_BYTES_MAX};
use meshgate_engine::{
    Additions, Called, Capabilities, CheckOptions, Config, Engine, Inspection, Plugin, PluginEntry, PluginLimits,
    PluginTest, SchemaSeverities,
};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub fn run(command: PluginCommand) -> Result<Status> {
    match command {
        PluginCommand::New(args) => new::run(&args),
        PluginCommand::Inspect(args) => inspect(&args),
        PluginCommand::Run(args) => run_on(&args),
        PluginCommand::Test(args) => test(&args),
        PluginCommand::Bench(args) => bench(&args),
    }
}

/// The plugin as the nearest configuration names it, and its bundles, when nothing else is given; otherwise as given.
fn entry(file: &Path, given: &GrantArgs) -> Result<(PluginEntry, Vec<PathBuf>)> {
    let bundles = || given.data.iter().map(|path| absolute(path)).collect();
    let nothing = given.settings.is_none() && given.grant.is_empty() && given.data.is_empty();
    let near = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(found) = Config::discover(near).filter(|_| nothing) else { return Ok((made(file, given)?, bundles())) };
    let config = Config::read(&found)?;
    let folder = absolute(&config.folder);
    let Some(mut entry) = config.plugin_at(file).cloned() else {
        return Ok((made(file, given)?, bundles()));
    };
    say(&format!("with the settings and grants of `{}` in {}", entry.id, found.display()));
    entry.path = absolute(file);
    entry.capabilities.files.values_mut().for_each(|path| *path = folder.join(&*path));
    entry.limits.deadline_ms = given.deadline_ms.or(entry.limits.deadline_ms);
    entry.limits.memory_mib = given.memory_mib.or(entry.limits.memory_mib);
    let wants_data = !entry.capabilities.data.is_empty();
    let bundles = config.bundles.iter().filter(|_| wants_data).map(|bundle| folder.join(&bundle.path)).collect();
    Ok((entry, bundles))
}

/// The plugin with what the command line gives it.
fn made(file: &Path, given: &GrantArgs) -> Result<PluginEntry> {
    let settings = match &given.settings {
        Some(path) => {
            let name = path.display().to_string();
            let bytes = reading::named(path, NAMED_BYTES_MAX).with_context(|| format!("{name} cannot be read"))?;
            meshgate_engine::document(&name, &bytes, NAMED_BYTES_MAX, super::eval::INPUT_VALUES_MAX)?
        }
        None => Value::Null,
    };
    let mut capabilities = Capabilities::default();
    for text in &given.grant {
        match (text.as_str(), text.split_once(':')) {
            ("clock", _) => capabilities.clock = true,
            ("random", _) => capabilities.random = true,
            (_, Some(("data", path))) => capabilities.data.push(path.to_owned()),
            (_, Some(("files", named))) => {
                let Some((name, folder)) = named.split_once('=') else {
                    bail!("`--grant {text}` names no folder: write `--grant files:{named}=FOLDER`");
                };
                capabilities.files.insert(name.to_owned(), absolute(Path::new(folder)));
            }
            _ => bail!("`{text}` is no capability: there are `files:NAME=FOLDER`, `data:PATH`, `clock` and `random`"),
        }
    }
    let limits = PluginLimits { deadline_ms: given.deadline_ms, memory_mib: given.memory_mib };
    Ok(PluginEntry {
        settings,
        capabilities,
        limits,
        id: file.display().to_string(),
        ..PluginEntry::of(absolute(file))
    })
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn inspect(args: &PluginInspectArgs) -> Result<Status> {
    let cache = setup::plugin_cache(&args.cache)?;
    let seen = meshgate_engine::inspect_plugin(&args.file, &cache).map_err(anyhow::Error::msg)?;
    match args.format {
        ListFormat::Json => print(&exit::json(&inspected(&seen)))?,
        ListFormat::Text => print(&described(&args.file, &seen))?,
    }
    for refusal in &seen.refusals {
        say(&format!("meshgate failed: {}: {refusal}", args.file.display()));
    }
    Ok(if seen.refusals.is_empty() { Status::Allowed } else { Status::Failed })
}

fn inspected(seen: &Inspection) -> Value {
    let rules = seen.described.iter().flat_map(|(_, rules)| rules);
    let rule = |rule: &meshgate_core::rule::Rule| {
        json!({
            "id": rule.id.as_str(), "title": rule.title, "severity": rule.severity.to_string(),
            "description": rule.description, "remedy": rule.remedy, "applies_to": rule.applies_to, "related": rule.related,
        })
    };
    let about = seen.described.as_ref().map(|(about, _)| about);
    let schema = about.and_then(|about| about.settings_schema.as_deref());
    json!({
        "id": about.map(|about| &about.id),
        "version": about.map(|about| &about.version),
        "digest": format!("sha256:{}", seen.digest),
        "size": seen.size,
        "imports": seen.imports,
        "exports": seen.exports,
        "capabilities": capabilities(seen),
        "rules": rules.map(rule).collect::<Vec<_>>(),
        "settings_schema": schema.map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))),
        "refusals": seen.refusals,
    })
}

/// What must be granted: what it says that it wants, and what it imports without saying more of it.
fn capabilities(seen: &Inspection) -> Vec<String> {
    let wanted = seen.described.iter().flat_map(|(about, _)| about.capabilities().unwrap_or_default());
    let mut all: Vec<String> = wanted.map(|capability| capability.to_string()).collect();
    for interface in &seen.interfaces {
        if !all.iter().any(|capability| capability.split(':').next() == Some(interface)) {
            all.push(interface.clone());
        }
    }
    all
}

fn described(file: &Path, seen: &Inspection) -> String {
    let mut text = String::new();
    if let Some((about, _)) = &seen.described {
        let _ = writeln!(text, "{} {}", about.id, plain(&about.version));
    }
    let _ = writeln!(text, "  file          {}", file.display());
    let _ = writeln!(text, "  size          {} bytes", seen.size);
    let _ = writeln!(text, "  sha256        {}", seen.digest);
    let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let _ = writeln!(text, "  imports       {}", list(&seen.imports));
    let _ = writeln!(text, "  exports       {}", list(&seen.exports));
    let _ = writeln!(text, "  capabilities  {}", list(&capabilities(seen)));
    let Some((about, rules)) = &seen.described else { return text };
    let settings =
        if about.settings_schema.is_some() { "described by a schema (--format json shows it)" } else { "none" };
    let _ = writeln!(text, "  settings      {settings}");
    let _ = writeln!(text, "rules");
    for rule in rules {
        let _ = writeln!(text, "  {:<8} {}  {}", rule.severity.to_string(), rule.id, plain(&rule.title));
    }
    text
}

/// Text of a plugin's in a line: control characters must not steer the terminal.
fn plain(text: &str) -> String {
    shown::line(text).into_owned()
}

fn run_on(args: &PluginRunArgs) -> Result<Status> {
    let (entry, bundles) = entry(&args.file, &args.given)?;
    let config = Config { plugins: vec![entry], embedded: false, schema: SchemaSeverities::off(), ..Config::default() };
    let heard = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&heard);
    let additions = Additions {
        plugin_cache: setup::plugin_cache(&args.cache)?,
        plugin_listener: Some(Arc::new(move |plugin: &Plugin, called: &Called| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push_str(&call(plugin, called));
        })),
        bundles,
        // What it says is told in order.
        jobs: Some(1),
        root_only: true,
        ..Additions::default()
    };
    let engine = Engine::new(&config, &additions).context("the engine cannot be made")?;
    engine.warnings().iter().for_each(|warning| say(&format!("warning: {warning}")));
    let outcome = engine.check(&args.descriptors, &CheckOptions::default());
    let heard = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
    heard.lines().for_each(say);
    match args.format {
        ListFormat::Json => print_as_is(&meshgate_report::json::render(&outcome.report))?,
        ListFormat::Text => {
            let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
            print_as_is(&meshgate_report::text::render(&outcome.report, colour))?;
        }
    }
    outcome.errors.iter().for_each(|error| say(&format!("meshgate failed: {error}")));
    Ok(if outcome.errors.is_empty() { outcome.report.verdict.into() } else { Status::Failed })
}

/// What is to be said of one call: its log, its time, its memory.
fn call(plugin: &Plugin, called: &Called) -> String {
    let mut text = String::new();
    let id = plugin.id();
    for line in &called.log {
        for part in line.message.lines() {
            let _ = writeln!(text, "{id} {}: {}", line.level, plain(part));
        }
    }
    if called.log_dropped > 0 {
        let _ = writeln!(text, "{id}: {} more lines were dropped", called.log_dropped);
    }
    let (ms, kib) = (called.took.as_secs_f64() * 1e3, called.memory_bytes >> 10);
    let _ = writeln!(text, "{id}: one call took {ms:.2} ms and {kib} KiB of memory");
    text
}

fn test(args: &PluginTestArgs) -> Result<Status> {
    let additions =
        Additions { plugin_cache: setup::plugin_cache(&args.cache)?, root_only: true, ..Additions::default() };
    let tests = meshgate_engine::test_plugins(&args.dir, &additions).context("the examples cannot be run")?;
    let failed = tests.iter().filter(|test| !test.passed).count();
    let text = match args.format {
        ListFormat::Json => {
            let row = |test: &PluginTest| json!({"name": test.name, "file": test.file, "passed": test.passed, "message": test.message});
            exit::json(&json!({"tests": tests.iter().map(row).collect::<Vec<_>>()}))
        }
        ListFormat::Text => {
            let mut text = String::new();
            for test in &tests {
                let word = if test.passed { "PASS" } else { "FAIL" };
                let message = test.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
                let _ = writeln!(text, "{word} {}{message}", test.name);
            }
            let _ = writeln!(text, "{} passed, {failed} failed", tests.len() - failed);
            text
        }
    };
    print(&text)?;
    Ok(if failed == 0 { Status::Allowed } else { Status::Denied })
}

fn bench(args: &PluginBenchArgs) -> Result<Status> {
    let (entry, bundles) = entry(&args.file, &args.given)?;
    let additions = Additions {
        plugin_cache: setup::plugin_cache(&args.cache)?,
        bundles,
        jobs: Some(1),
        root_only: true,
        ..Additions::default()
    };
    let time = Duration::from_millis(args.millis);
    let seen = meshgate_engine::bench_plugin(entry, &args.descriptor, &additions, time)?;
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let text = match args.format {
        ListFormat::Json => exit::json(&json!({
            "load_us": micros(seen.load), "input_bytes": seen.input_bytes, "calls": seen.calls,
            "mean_us": micros(seen.mean), "p50_us": micros(seen.p50), "p99_us": micros(seen.p99),
            "per_second": 1e6 / micros(seen.mean).max(1e-3), "findings": seen.findings,
            "memory_bytes": seen.memory_bytes,
        })),
        ListFormat::Text => format!(
            "load     {:>10.2} ms\n\
             call     {:>10.1} µs in the mean, p50 {:.1} µs, p99 {:.1} µs ({} calls, each in a fresh instance)\n\
             rate     {:>10.0} a second on one thread\n\
             memory   {:>10} KiB of linear memory\n\
             input    {:>10} bytes, findings: {}\n",
            micros(seen.load) / 1e3,
            micros(seen.mean),
            micros(seen.p50),
            micros(seen.p99),
            seen.calls,
            1e6 / micros(seen.mean).max(1e-3),
            seen.memory_bytes >> 10,
            seen.input_bytes,
            seen.findings
        ),
    };
    print(&text)?;
    Ok(Status::Allowed)
}
