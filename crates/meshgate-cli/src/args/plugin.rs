//! The arguments of `meshgate plugin`.
//!
//! Deliberately absent: grants by default; what a plugin may do is said by whoever runs it.

use super::ListFormat;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What every command that loads plugins takes.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct CacheArgs {
    /// Where compiled plugins are kept: `off`, `on` for the user's cache folder, or a folder of mode 0700. When not given:
    /// `on`, but `off` where the variable CI is set
    #[arg(long, value_name = "off|on|DIR", env = "MESHGATE_PLUGIN_CACHE", global = true)]
    pub plugin_cache: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub struct PluginArgs {
    #[command(subcommand)]
    pub command: PluginCommand,
}

#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Begin a plugin: a folder that builds, and passes its test
    New(PluginNewArgs),
    /// Say what a component is: its rules, what it imports and wants, its size and digest
    Inspect(PluginInspectArgs),
    /// Run a plugin on descriptors and show what it says, its log and its time
    Run(PluginRunArgs),
    /// Run a plugin's examples: `examples/<rule>/fail_*` must be found, `pass_*` must not
    Test(PluginTestArgs),
    /// Time a plugin on a descriptor
    Bench(PluginBenchArgs),
}

/// The language of a new plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PluginLanguage {
    Rust,
    Python,
    #[value(alias = "ts", alias = "js", alias = "javascript")]
    Typescript,
    C,
}

#[derive(Debug, ClapArgs)]
pub struct PluginNewArgs {
    /// The plugin's id, and the name of the folder that is made here: lower case letters, digits and `-`
    #[arg(value_name = "NAME", value_parser = plugin_name)]
    pub name: String,
    /// The language to write it in
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: PluginLanguage,
    /// What it needs: `files:NAME`, `data:PATH`, `clock`, `random`; may be given several times
    #[arg(long, value_name = "CAPABILITY")]
    pub capability: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub struct PluginInspectArgs {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
    #[command(flatten)]
    pub cache: CacheArgs,
    /// How to report
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

/// What a plugin is given. With none of these, what the nearest meshgate.yaml that names the component gives it.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct GrantArgs {
    /// Its settings: a file, JSON or YAML
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// What it may do: `files:NAME=FOLDER`, `data:PATH`, `clock`, `random`; may be given several times
    #[arg(long, value_name = "CAPABILITY")]
    pub grant: Vec<String>,
    /// A bundle whose data `data:PATH` leads to; may be given several times
    #[arg(long, value_name = "DIR")]
    pub data: Vec<PathBuf>,
    /// Wall clock of one call, in milliseconds
    #[arg(long, value_name = "N")]
    pub deadline_ms: Option<u64>,
    /// Linear memory, in MiB
    #[arg(long, value_name = "N")]
    pub memory_mib: Option<usize>,
}

#[derive(Debug, ClapArgs)]
pub struct PluginRunArgs {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
    /// Descriptors: files or folders
    #[arg(value_name = "DESCRIPTOR", required = true)]
    pub descriptors: Vec<PathBuf>,
    #[command(flatten)]
    pub given: GrantArgs,
    #[command(flatten)]
    pub cache: CacheArgs,
    /// How to report
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

#[derive(Debug, ClapArgs)]
pub struct PluginTestArgs {
    /// The plugin's folder: `examples/`, and a meshgate.yaml that names the plugin, or one `.wasm` file
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    #[command(flatten)]
    pub cache: CacheArgs,
    /// How to report
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

#[derive(Debug, ClapArgs)]
pub struct PluginBenchArgs {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
    /// The descriptor
    #[arg(value_name = "DESCRIPTOR")]
    pub descriptor: PathBuf,
    #[command(flatten)]
    pub given: GrantArgs,
    #[command(flatten)]
    pub cache: CacheArgs,
    /// How long it is timed, in milliseconds
    #[arg(long, default_value = "2000")]
    pub millis: u64,
    /// How to report
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

/// A name that is an id, a folder, a package of Rust and a word of WIT.
fn plugin_name(text: &str) -> Result<String, String> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if text.len() <= 60 && text.split('-').all(word) {
        return Ok(text.to_owned());
    }
    Err("write words of lower case letters and digits, joined by `-`, as in `sample-data`".to_owned())
}
