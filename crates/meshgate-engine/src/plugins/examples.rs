//! A plugin's examples: `examples/<rule>/fail_*` on which the rule fires, `pass_*` on which it is silent.
//!
//! Deliberately absent: partial credit. A fault, or a file that cannot be read, is a failed test whatever was expected.

use crate::check::CheckOptions;
use crate::config::{Config, SchemaSeverities};
use crate::engine::{Additions, Engine, EngineError};
use meshgate_core::rule::Source;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const NO_EXAMPLES: &str = "has no examples: write `examples/<rule>/fail_<case>.yaml` and `pass_<case>.yaml`";

/// One example, and whether the plugin said of it what it should.
#[derive(Debug, Clone)]
pub struct PluginTest {
    /// `<rule>/<file name>`.
    pub name: String,
    /// The file.
    pub file: String,
    /// Did it say what it should?
    pub passed: bool,
    /// What it said instead.
    pub message: Option<String>,
}

/// Runs the examples of a folder over the plugins of its `meshgate.yaml`, or over its one `.wasm` file.
///
/// # Errors
/// [`EngineError`]: no plugin, one that does not load, no examples, a folder or file of no rule.
pub fn test_plugins(folder: &Path, additions: &Additions) -> Result<Vec<PluginTest>, EngineError> {
    let shown = folder.display();
    let mut config = configuration(folder)?;
    config.embedded = false;
    // Bundles stay: their data may be granted.
    // An example may be a fragment.
    config.schema = SchemaSeverities::off();
    let engine = Engine::new(&config, additions)?;
    if let Some(fault) = engine.load_faults().first() {
        return Err(EngineError::new(&fault.rule, &fault.message));
    }
    let ids: BTreeSet<&str> =
        engine.rules().iter().filter(|rule| rule.source == Source::Plugin).map(|rule| rule.id.as_str()).collect();
    let mut tests = Vec::new();
    let examples = folder.join("examples");
    if !examples.is_dir() {
        return Err(EngineError::new(shown, NO_EXAMPLES));
    }
    for rule in entries(&examples)?.into_iter().filter(|rule| rule.is_dir()) {
        let id = name(&rule);
        if !ids.contains(id.as_str()) {
            let known: Vec<&str> = ids.iter().copied().collect();
            return Err(EngineError::new(
                rule.display(),
                format!("is named for no rule of the plugin; its rules are {}", known.join(", ")),
            ));
        }
        // What explains the examples is none.
        for file in entries(&rule)?.into_iter().filter(|file| name(file) != "README.md") {
            tests.push(test(&engine, &id, &file)?);
        }
    }
    if tests.is_empty() {
        return Err(EngineError::new(shown, NO_EXAMPLES));
    }
    let lacking = |(id, start): (&str, &str)| {
        let none = !tests.iter().any(|test| test.name.starts_with(&format!("{id}/{start}")));
        none.then(|| PluginTest {
            name: format!("{id}/{start}*"),
            file: examples.join(id).display().to_string(),
            passed: false,
            message: Some(format!("the rule has no example that begins with `{start}`")),
        })
    };
    let pairs = ids.iter().flat_map(|id| [(*id, "fail_"), (*id, "pass_")]);
    let lacking: Vec<PluginTest> = pairs.filter_map(lacking).collect();
    tests.extend(lacking);
    Ok(tests)
}

fn configuration(folder: &Path) -> Result<Config, EngineError> {
    let file = folder.join("meshgate.yaml");
    if file.is_file() {
        let config = Config::read(&file).map_err(|error| EngineError::new(error.place, error.message))?;
        if config.plugins.is_empty() {
            return Err(EngineError::new(file.display(), "names no plugin"));
        }
        return Ok(config);
    }
    let components: Vec<PathBuf> =
        entries(folder)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "wasm")).collect();
    let [component] = components.as_slice() else {
        let found = components.len();
        return Err(EngineError::new(
            folder.display(),
            format!(
                "holds no meshgate.yaml and {found} `.wasm` files: build the plugin, or name it in a meshgate.yaml"
            ),
        ));
    };
    let path = std::path::absolute(component).unwrap_or_else(|_| component.clone());
    Ok(Config { plugins: vec![crate::config::PluginEntry::of(path)], ..Config::default() })
}

fn test(engine: &Engine, id: &str, file: &Path) -> Result<PluginTest, EngineError> {
    let name = name(file);
    let should_fire = match (name.starts_with("fail_"), name.starts_with("pass_")) {
        (true, _) => true,
        (_, true) => false,
        _ => return Err(EngineError::new(file.display(), "is named neither `fail_…` nor `pass_…`")),
    };
    let outcome = engine.check(&[file.to_owned()], &CheckOptions::default());
    let report = outcome.report;
    let fired = report.findings.iter().any(|finding| finding.rule.as_str() == id);
    let unread = report.findings.iter().find(|finding| finding.source == Source::Read);
    let message = if let Some(fault) = report.faults.first() {
        Some(format!("fault ({}): {}", fault.kind, fault.message))
    } else if let Some(error) = outcome.errors.first() {
        Some(error.clone())
    } else if let Some(unread) = unread {
        Some(unread.message.clone())
    } else if report.descriptors.iter().any(|descriptor| descriptor.format.is_none_or(|format| format == "generic")) {
        Some("the file is no descriptor of a known standard, so nothing was judged".to_owned())
    } else if fired == should_fire {
        None
    } else if should_fire {
        Some("the rule is silent, and should find something".to_owned())
    } else {
        let said = report.findings.iter().find(|finding| finding.rule.as_str() == id);
        Some(format!("the rule should be silent, and says: {}", said.map_or("", |finding| finding.message.as_str())))
    };
    Ok(PluginTest {
        name: format!("{id}/{name}"),
        file: file.display().to_string(),
        passed: message.is_none(),
        message,
    })
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        paths.retain(|path| !name(path).starts_with('.'));
        paths.sort();
        Ok(paths)
    };
    read().map_err(|error| EngineError::new(folder.display(), format!("cannot be read: {error}")))
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
