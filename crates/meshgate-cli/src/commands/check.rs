//! `meshgate check`.
//!
//! Deliberately absent: partial reports; each is written whole, or the command fails.

use crate::args::{CheckArgs, DenyAt};
use crate::exit::{Status, print, say};
use crate::setup;
use anyhow::{Context, Result, bail};
use meshgate_core::report::Report;
use meshgate_core::severity::Severity;
use meshgate_engine::{CheckOptions, Config, Outcome};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// A report to write.
struct Target {
    json: bool,
    file: Option<PathBuf>,
}

pub fn run(args: &CheckArgs) -> Result<Status> {
    let targets: Vec<Target> = args.format.iter().map(|text| target(text)).collect::<Result<_>>()?;
    if targets.iter().filter(|target| target.file.is_none()).count() > 1 {
        bail!("two formats for standard output: give one of them a file, as in `--format json=report.json`");
    }
    let stdin = args.paths.iter().any(|path| path.as_os_str() == "-");
    if stdin && args.paths.len() > 1 {
        bail!("`-` stands alone: standard input is one descriptor");
    }
    let near = args.paths.first().filter(|_| !stdin).map_or(Path::new("."), PathBuf::as_path);
    let here = Config::discover(near);
    if args.setup.config.config.is_none() && !stdin && args.paths.iter().any(|path| Config::discover(path) != here) {
        bail!("the paths belong to different meshgate.yaml files: check them one by one, or name one with --config");
    }
    let config = setup::rules_config(&args.setup, near)?;
    let mut engine = setup::engine(&config, &args.setup, args.jobs)?;
    if let Some(severity) = args.deny_at {
        engine = engine.deny_at(match severity {
            DenyAt::Error => Severity::Error,
            DenyAt::Warning => Severity::Warning,
            DenyAt::Info => Severity::Info,
        });
    }
    let options = CheckOptions {
        stage: args.stage.clone(),
        event: args.event.clone(),
        mesh_complete: args.mesh,
        allow_hosts: args.allow_host.clone(),
    };
    let Outcome { report, errors } = if stdin {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
        engine.install(|engine| engine.check_text("stdin", &bytes, &options))
    } else {
        engine.check(&args.paths, &options)
    };
    for target in &targets {
        write(&report, target)?;
    }
    for error in &errors {
        say(&format!("meshgate failed: {error}"));
    }
    Ok(if errors.is_empty() { report.verdict.into() } else { Status::Failed })
}

fn target(text: &str) -> Result<Target> {
    let (format, file) =
        text.split_once('=').map_or((text, None), |(format, file)| (format, Some(PathBuf::from(file))));
    let json = match format {
        "text" => false,
        "json" => true,
        other => bail!("format `{other}` is not one of `text`, `json`"),
    };
    Ok(Target { json, file })
}

fn write(report: &Report, target: &Target) -> Result<()> {
    let terminal = target.file.is_none() && std::io::stdout().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let text =
        if target.json { meshgate_report::json::render(report) } else { meshgate_report::text::render(report, colour) };
    match &target.file {
        Some(file) => std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display())),
        None => print(&text),
    }
}
