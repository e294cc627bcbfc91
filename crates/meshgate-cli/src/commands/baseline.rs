//! `meshgate baseline`: what is found today, so that a gate can be put before an old estate on its first day.
//!
//! Deliberately absent: faults and what cannot be read; nobody has judged those, so they cannot be known.

use crate::args::BaselineArgs;
use crate::exit::{Status, say};
use crate::judging::{Against, judge};
use anyhow::{Context, Result};
use meshgate_engine::{Baseline, Outcome};

pub fn run(args: &BaselineArgs) -> Result<Status> {
    let Outcome { report, errors, .. } = judge(&args.run, &Against::default())?;
    if !errors.is_empty() {
        errors.iter().for_each(|error| say(&format!("meshgate failed: {error}")));
        say("no baseline is written: it would not know what was not judged");
        return Ok(Status::Failed);
    }
    let (text, count) = Baseline::write(&report);
    let file = args.output.display();
    std::fs::write(&args.output, text).with_context(|| format!("{file} cannot be written"))?;
    let many = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    say(&format!("wrote {many} to {file}; say `baseline: {file}` in meshgate.yaml, and only what is new denies"));
    if !report.faults.is_empty() {
        say("faults are in no baseline: they deny until they are mended");
    }
    Ok(Status::Allowed)
}
