//! From arguments to an engine: which configuration speaks, what the command line adds.
//!
//! Deliberately absent: silence. What was used and was not asked for is said on stderr.

use crate::args::{CacheArgs, ConfigArgs, SaidArgs, SetupArgs};
use crate::exit::say;
use anyhow::{Context, Result, bail};
use meshgate_engine::{Additions, CONFIG_FILE, CheckOptions, Config, Engine, PluginCache, shown};
use std::path::{Path, PathBuf};

/// Reads the configuration: the one named, or the nearest `meshgate.yaml` from `near` upwards, or the defaults.
pub fn config(args: &ConfigArgs, near: &Path) -> Result<Config> {
    if let Some(path) = &args.config {
        return Ok(Config::read_root(path)?);
    }
    match Config::discover(near) {
        Some(path) => {
            let config = Config::read_root(&path)?;
            // Whoever may change the tree may change this file: a gate names its configuration.
            let trust =
                if config.base.is_some() { "" } else { " as the root: no --config or MESHGATE_CONFIG names one" };
            say(&format!("using {}{trust}", shown(&path)));
            Ok(config)
        }
        None => match Config::misnamed(near) {
            Some(path) => bail!("{} is not read under this name: call it {CONFIG_FILE}", shown(&path)),
            None => Ok(Config::default()),
        },
    }
}

/// The same, for a command that loads rules: says so when they are the embedded ones.
pub fn rules_config(setup: &SetupArgs, near: &Path) -> Result<Config> {
    let found = setup.config.config.is_some() || Config::discover(near).is_some();
    if !found && setup.bundle.is_empty() && !setup.no_embedded {
        say("no meshgate.yaml found: using the embedded rules");
    }
    config(&setup.config, near)
}

/// What the arguments say of a run.
pub fn options(said: &SaidArgs) -> CheckOptions {
    CheckOptions {
        stage: said.stage.clone(),
        event: said.event.clone(),
        labels: said.label.iter().cloned().collect(),
        at: said.at,
        ..CheckOptions::default()
    }
}

/// Makes the engine.
pub fn engine(config: &Config, setup: &SetupArgs, jobs: Option<usize>) -> Result<Engine> {
    let engine = Engine::new(config, &additions(setup, jobs)?).context("the engine cannot be made")?;
    engine.warnings().iter().for_each(|warning| say(&format!("warning: {warning}")));
    Ok(engine)
}

/// What the command line adds to the configuration.
pub fn additions(setup: &SetupArgs, jobs: Option<usize>) -> Result<Additions> {
    Ok(Additions {
        bundles: setup.bundle.clone(),
        policies: setup.policy.clone(),
        namespaces: setup.conftest_namespace.clone(),
        plugins: setup.plugin.clone(),
        plugin_cache: plugin_cache(&setup.cache)?,
        plugin_listener: None,
        profiles: setup.profile.clone(),
        no_embedded: setup.no_embedded,
        root_only: false,
        jobs,
        serving: None,
        before: None,
    })
}

/// Where plugins' compiled code is kept: what was asked for; otherwise the user's cache folder, and nothing in CI, whose
/// folders may be filled by one job and run by another.
pub fn plugin_cache(args: &CacheArgs) -> Result<PluginCache> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let usual = || {
        // A relative one would lie in the tree that is judged.
        let absolute = |name| variable(name).filter(|path| path.is_absolute());
        let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
        base.map(|base| base.join("meshgate").join("plugins"))
    };
    match args.plugin_cache.as_deref() {
        Some("off") => Ok(PluginCache::Off),
        Some("on") => usual().map(PluginCache::Folder).context("no cache folder is known: set HOME, or name a folder"),
        Some(folder) => Ok(PluginCache::Folder(folder.into())),
        None if std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false")) => {
            Ok(PluginCache::Off)
        }
        None => Ok(usual().map_or(PluginCache::Off, PluginCache::Try)),
    }
}

/// Makes an engine in which everything loaded; otherwise says what did not.
pub fn complete_engine(config: &Config, setup: &SetupArgs) -> Result<Engine> {
    complete(engine(config, setup, None)?)
}

/// The same of an engine that is made.
pub fn complete(engine: Engine) -> Result<Engine> {
    let faults: Vec<String> = engine.load_faults().iter().map(|f| format!("  {}: {}", f.rule, f.message)).collect();
    anyhow::ensure!(faults.is_empty(), "not everything could be loaded:\n{}", faults.join("\n"));
    Ok(engine)
}
