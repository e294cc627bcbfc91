//! `meshgate baseline`: what is found today, so that a gate can be put before an old estate on its first day.
//!
//! Deliberately absent: faults and what cannot be read; nobody has judged those, so they cannot be known.

use crate::args::BaselineArgs;
use crate::exit::{Status, say};
use crate::judging::{Against, judge, say_errors};
use anyhow::{Context, Result};
use meshgate_core::rule::Source;
use meshgate_engine::{Baseline, Outcome, writing};

pub fn run(args: &BaselineArgs) -> Result<Status> {
    let outcome = judge(&args.run, &Against::default())?;
    let Outcome { report, errors, .. } = &outcome;
    if !errors.is_empty() {
        say_errors(&outcome);
        say("no baseline is written: it would not know what was not judged");
        return Ok(Status::Failed);
    }
    let (text, count) = Baseline::write(report);
    let file = args.output.display();
    writing::file(&args.output, text.as_bytes()).with_context(|| format!("{file} cannot be written"))?;
    let many = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    say(&format!("wrote {many} to {file}; say `baseline: {file}` in meshgate.yaml, and only what is new denies"));
    let never = |source| matches!(source, Source::Read | Source::Governance);
    let left = report.findings.iter().filter(|finding| finding.denies && never(finding.source)).count();
    if left > 0 {
        say(&format!("{left} of `read.…` and `governance.…` are in no baseline: they deny until they are mended"));
    }
    if !report.faults.is_empty() {
        say("faults are in no baseline: they deny until they are mended");
    }
    Ok(Status::Allowed)
}
