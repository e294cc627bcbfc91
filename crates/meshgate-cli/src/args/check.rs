//! The arguments of commands that judge: `check`, `waivers`, `baseline`. Each may stand in the environment instead, as
//! `MESHGATE_…`.
//!
//! Deliberately absent: the configuration's own keys.

use super::{ListFormat, SetupArgs, bare_host};
use clap::Args as ClapArgs;
use meshgate_core::date::Date;
use meshgate_core::severity::Severity;
use meshgate_report::Format;
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
pub struct CheckArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// How to report: to standard output, or `=FILE`; may be given several times. One of text, concise, json, sarif, junit,
    /// github, gitlab, markdown, html, tap
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", env = "MESHGATE_FORMAT", value_delimiter = ',', value_parser = target)]
    pub format: Vec<Target>,
    /// What to compare with: a file or folder, or a revision of git. Rules see it as `input.previous`
    #[arg(long, value_name = "PATH|REVISION", env = "MESHGATE_AGAINST")]
    pub against: Option<String>,
    /// Only findings deny that are not there in what is compared with
    #[arg(long, requires = "against")]
    pub new_only: bool,
    /// Pass over named files of no known format, as in a folder: for hooks that are handed every changed file
    #[arg(long)]
    pub skip_unknown: bool,
    /// Judge only files that differ from what is compared with, and those that depend on them
    #[arg(long, requires = "against")]
    pub changed: bool,
}

/// What every command takes that judges.
#[derive(Debug, ClapArgs)]
pub struct RunArgs {
    /// Files, folders, or `-` for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub setup: SetupArgs,
    #[command(flatten)]
    pub said: SaidArgs,
    /// These paths are the whole mesh: rules may argue from what is not there
    #[arg(long, env = "MESHGATE_MESH")]
    pub mesh: bool,
    /// A host that references in descriptors may lead to, over https; may be given several times
    #[arg(long, value_name = "HOST", value_parser = bare_host)]
    pub allow_host: Vec<String>,
    /// The lowest severity that denies: error, warning or info
    #[arg(long, value_name = "SEVERITY", env = "MESHGATE_DENY_AT", value_parser = str::parse::<Severity>)]
    pub deny_at: Option<Severity>,
    /// How many descriptors are judged at once; the number of cores when not given
    #[arg(long, value_name = "N", env = "MESHGATE_JOBS")]
    pub jobs: Option<usize>,
}

/// What is said of a run.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct SaidArgs {
    /// The stage of the deployment, given to rules as `input.context.stage`
    #[arg(long, env = "MESHGATE_STAGE")]
    pub stage: Option<String>,
    /// The event that asks, given to rules as `input.context.event`
    #[arg(long, env = "MESHGATE_EVENT")]
    pub event: Option<String>,
    /// What else is known of the run, given to rules as `input.context.labels`; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    pub label: Vec<(String, String)>,
    /// Judge for another day than today: what will waivers and enforcement be then?
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub at: Option<Date>,
}

#[derive(Debug, ClapArgs)]
pub struct WaiversArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Exit with 1 when a waiver is expired, refused or unused
    #[arg(long)]
    pub strict: bool,
    /// How to report
    #[arg(long, default_value = "text")]
    pub format: ListFormat,
}

#[derive(Debug, ClapArgs)]
pub struct BaselineArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// The file to write; name it as `baseline:` in meshgate.yaml
    #[arg(long, short, value_name = "FILE", default_value = "meshgate-baseline.json")]
    pub output: PathBuf,
}

/// A report to write.
#[derive(Debug, Clone)]
pub struct Target {
    /// How.
    pub format: Format,
    /// Where; standard output when there is none.
    pub file: Option<PathBuf>,
}

fn target(text: &str) -> Result<Target, String> {
    let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(PathBuf::from(file))));
    if file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
        return Err(format!("`{text}` names no file"));
    }
    match Format::named(name) {
        Some(format) => Ok(Target { format, file }),
        None => {
            let known: Vec<String> = Format::ALL.iter().map(|(name, _)| format!("`{name}`")).collect();
            Err(format!("format `{name}` is not one of {}", known.join(", ")))
        }
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write `KEY=VALUE`, as in `team=checkout`".to_owned()),
    }
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|error| error.to_string())
}
