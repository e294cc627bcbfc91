//! `meshgate decisions`: what was decided, for people and for analysts.
//!
//! Deliberately absent: deciding.

use crate::args::{DecisionsArgs, DecisionsCommand, DecisionsFormat, FromArgs, WhichArgs};
use crate::decisions::decision::{Decision, Wanted};
use crate::decisions::parquet::Export;
use crate::decisions::{explain, read};
use crate::exit::{Status, print, say};
use anyhow::{Context, Result, bail};
use meshgate_core::shown;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is looked for more.
const LOOK: Duration = Duration::from_millis(250);

pub fn run(args: &DecisionsArgs) -> Result<Status> {
    match &args.command {
        DecisionsCommand::Show { from, which, limit, format } => show(from, which, *limit, *format),
        DecisionsCommand::Tail { from, which, lines, no_follow, format } => {
            tail(from, which, *lines, !no_follow, *format)
        }
        DecisionsCommand::Explain { id, from } => explained(from, id),
        DecisionsCommand::Export { from, which, output } => export(from, which, output),
    }
}

/// The latest that are wanted.
fn latest(files: &[PathBuf], wanted: &Wanted, limit: usize) -> Result<(VecDeque<Decision>, usize)> {
    let (mut kept, mut all) = (VecDeque::new(), 0);
    let broken = read::each(files, |decision| {
        if wanted.has(&decision) {
            all += 1;
            kept.push_back(decision);
            if limit > 0 && kept.len() > limit {
                kept.pop_front();
            }
        }
        Ok(())
    })?;
    tell_broken(broken);
    Ok((kept, all))
}

fn tell_broken(broken: usize) {
    if broken > 0 {
        let lines = if broken == 1 { "1 line is" } else { &format!("{broken} lines are") };
        say(&format!("{lines} no event: what was written when a process or a disk ended"));
    }
}

fn told(decision: &Decision, format: DecisionsFormat) -> String {
    match format {
        DecisionsFormat::Text => decision.row() + "\n",
        DecisionsFormat::Jsonl => shown::json(format!("{}\n", decision.line)),
    }
}

fn show(from: &FromArgs, which: &WhichArgs, limit: usize, format: DecisionsFormat) -> Result<Status> {
    let (kept, all) = latest(&read::files(from)?, &Wanted::of(which)?, limit)?;
    print(&kept.iter().map(|decision| told(decision, format)).collect::<String>())?;
    if kept.is_empty() {
        say("no such decision");
    } else if kept.len() < all {
        say(&format!("the latest {} of {all}; `--limit 0` shows all", kept.len()));
    }
    Ok(Status::Allowed)
}

fn tail(from: &FromArgs, which: &WhichArgs, lines: usize, follow: bool, format: DecisionsFormat) -> Result<Status> {
    let files = read::files(from)?;
    let wanted = Wanted::of(which)?;
    let Some(path) = files.last() else { bail!("nothing has been written yet") };
    // What comes from here on is shown as it comes; what is there by then belongs to the beginning.
    let mut at = std::fs::metadata(path)?.len();
    if lines > 0 {
        let (kept, _) = latest(&files, &wanted, lines)?;
        print(&kept.iter().map(|decision| told(decision, format)).collect::<String>())?;
    }
    if !follow {
        return Ok(Status::Allowed);
    }
    let mut rest = Vec::new();
    loop {
        std::thread::sleep(LOOK);
        let Ok(mut file) = File::open(path) else { continue };
        // A file that was begun anew is read from its beginning.
        if file.metadata()?.len() < at {
            at = 0;
            rest.clear();
        }
        file.seek(SeekFrom::Start(at))?;
        let before = rest.len();
        file.read_to_end(&mut rest)?;
        at += u64::try_from(rest.len() - before)?;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let decision = std::str::from_utf8(&line).ok().and_then(|line| Decision::read(line.trim_end()));
            if let Some(decision) = decision.filter(|decision| wanted.has(decision)) {
                print(&told(&decision, format))?;
            }
        }
    }
}

fn explained(from: &FromArgs, id: &str) -> Result<Status> {
    if id.len() < 4 {
        bail!("`{id}` is too short: the first 4 letters of an id are wanted at least");
    }
    let mut found: Vec<Decision> = Vec::new();
    read::each(&read::files(from)?, |decision| {
        if decision.id().starts_with(id) && !found.iter().any(|other| other.id() == decision.id()) {
            found.push(decision);
        }
        Ok(())
    })?;
    match found.as_slice() {
        [] => bail!("there is no decision `{id}` in the log"),
        [one] => print(&explain::text(one)).map(|()| Status::Allowed),
        several => {
            let ids: Vec<&str> = several.iter().take(5).map(Decision::id).collect();
            bail!("`{id}` is the beginning of {} ids: {}", several.len(), ids.join(", "))
        }
    }
}

fn export(from: &FromArgs, which: &WhichArgs, output: &Path) -> Result<Status> {
    let files = read::files(from)?;
    let wanted = Wanted::of(which)?;
    if files.iter().any(|file| same(file, output)) {
        bail!("{} is a decision log: it is not written over", output.display());
    }
    let mut count = 0_usize;
    let broken = match output.extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => {
            let mut export = Export::begin(output)?;
            let broken = read::each(&files, |decision| {
                if wanted.has(&decision) {
                    count += 1;
                    export.add(decision)?;
                }
                Ok(())
            })?;
            export.end()?;
            broken
        }
        Some("jsonl" | "ndjson") => {
            let named = || format!("{} cannot be written", output.display());
            let mut file = BufWriter::new(meshgate_engine::writing::create(output).with_context(named)?);
            let broken = read::each(&files, |decision| {
                if wanted.has(&decision) {
                    count += 1;
                    writeln!(file, "{}", decision.line).with_context(named)?;
                }
                Ok(())
            })?;
            file.flush().with_context(named)?;
            broken
        }
        _ => bail!("{} ends neither in .parquet nor in .jsonl", output.display()),
    };
    tell_broken(broken);
    say(&format!("{count} decisions written to {}", output.display()));
    Ok(Status::Allowed)
}

fn same(a: &Path, b: &Path) -> bool {
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
