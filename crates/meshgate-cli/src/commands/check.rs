//! `meshgate check`.
//!
//! Deliberately absent: partial reports; each is written whole, or the command fails.

use crate::args::{CheckArgs, Target};
use crate::exit::{Status, print_as_is, say};
use crate::judging::{Against, judge};
use anyhow::{Context, Result, bail};
use meshgate_core::report::Report;
use meshgate_engine::{Outcome, writing};
use meshgate_report::Format;
use std::io::{IsTerminal, Write};

pub fn run(args: &CheckArgs) -> Result<Status> {
    if args.format.iter().filter(|target| target.file.is_none()).count() > 1 {
        bail!("two formats for standard output: give one of them a file, as in `--format json=report.json`");
    }
    let against = Against {
        base: args.against.as_deref(),
        new_only: args.new_only,
        changed: args.changed,
        skip_unknown: args.skip_unknown,
    };
    let Outcome { report, errors, .. } = judge(&args.run, &against)?;
    for target in &args.format {
        write(&report, target)?;
    }
    for error in &errors {
        say(&format!("meshgate failed: {error}"));
    }
    Ok(if errors.is_empty() { report.verdict.into() } else { Status::Failed })
}

fn write(report: &Report, target: &Target) -> Result<()> {
    let terminal = target.file.is_none() && std::io::stdout().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let text = target.format.render(report, colour);
    if target.format == Format::Github {
        summarise(report)?;
    }
    match &target.file {
        Some(file) => {
            writing::file(file, text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))
        }
        None => print_as_is(&text),
    }
}

/// GitHub shows what a step adds to this file beside its log.
fn summarise(report: &Report) -> Result<()> {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else { return Ok(()) };
    let text = Format::Markdown.render(report, false);
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(&file);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("GITHUB_STEP_SUMMARY: {} cannot be written", file.display()))
}
