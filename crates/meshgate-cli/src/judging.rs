//! What `check`, `waivers` and `baseline` have in common: from arguments to an outcome.
//!
//! Deliberately absent: reports.

use crate::args::RunArgs;
use crate::exit::say;
use crate::setup;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use meshgate_core::fault::FaultKind;
use meshgate_engine::{Base, CheckOptions, Config, Listener, Outcome, Progress};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A run that nobody sees for so long gets a progress bar.
const QUIET: Duration = Duration::from_millis(700);

/// What is compared with, and what for.
#[derive(Debug, Default)]
pub struct Against<'a> {
    pub base: Option<&'a str>,
    pub new_only: bool,
    pub changed: bool,
    pub skip_unknown: bool,
}

/// Judges what the arguments name. Notes go to standard error.
pub fn judge(args: &RunArgs, against: &Against<'_>) -> Result<Outcome> {
    let stdin = args.paths.iter().any(|path| path.as_os_str() == "-");
    if stdin && args.paths.len() > 1 {
        bail!("`-` stands alone: standard input is one descriptor");
    }
    if stdin && against.base.is_some() {
        bail!("`-` is compared with nothing: give the file's name");
    }
    let near = args.paths.first().filter(|_| !stdin).map_or(Path::new("."), PathBuf::as_path);
    let here = Config::discover(near);
    if args.setup.config.config.is_none() && !stdin && args.paths.iter().any(|path| Config::discover(path) != here) {
        bail!("the paths belong to different meshgate.yaml files: check them one by one, or name one with --config");
    }
    let config = setup::rules_config(&args.setup, near)?;
    let base = against.base.map(|base| Base::open(base, &args.paths)).transpose();
    let base = base.map_err(|message| anyhow::anyhow!("--against: {message}"))?;
    let mut engine = setup::engine(&config, &args.setup, args.jobs)?;
    if let Some(severity) = args.deny_at {
        engine = engine.deny_at(severity);
    }
    let bar = ProgressBar::no_length();
    let options = CheckOptions {
        mesh_complete: args.mesh,
        allow_hosts: args.allow_host.clone(),
        against: base.map(Arc::new),
        new_only: against.new_only,
        changed: against.changed,
        skip_unknown: against.skip_unknown,
        listener: Some(listener(&bar)),
        ..setup::options(&args.said)
    };
    let outcome = if stdin {
        let bytes = meshgate_engine::reading::standard_input(engine.file_bytes_max());
        let bytes = bytes.context("standard input cannot be read")?;
        engine.install(|engine| engine.check_text("stdin", &bytes, &options))
    } else {
        engine.check(&args.paths, &options)
    };
    // The process is about to end: taking the engine apart would only take time.
    std::mem::forget(engine);
    bar.finish_and_clear();
    outcome.notes.iter().for_each(|note| say(note));
    if against.changed {
        let judged = outcome.report.descriptors.len();
        let files =
            if outcome.left_out == 1 { "1 file is".to_owned() } else { format!("{} files are", outcome.left_out) };
        say(&format!("{judged} descriptors changed or depend on what changed; {files} left out"));
    }
    Ok(outcome)
}

/// Says what kept the job from being done in full, for commands that show no report.
pub fn say_errors(outcome: &Outcome) {
    for fault in outcome.report.faults.iter().filter(|fault| fault.kind == FaultKind::Load) {
        say(&format!("  {}: {}", fault.rule, fault.message));
    }
    outcome.errors.iter().for_each(|error| say(&format!("meshgate failed: {error}")));
}

/// Moves the bar, which is drawn on a terminal only.
fn listener(bar: &ProgressBar) -> Listener {
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} files, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (bar, begun) = (bar.clone(), Instant::now());
    Listener(Arc::new(move |progress: Progress| {
        if begun.elapsed() > QUIET {
            bar.set_length(u64::try_from(progress.total).unwrap_or(u64::MAX));
            bar.set_position(u64::try_from(progress.done).unwrap_or(u64::MAX));
        }
    }))
}
