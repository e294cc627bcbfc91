//! The `meshgate` command: arguments in, report on stdout, everything else on stderr, an exit code.
//!
//! Deliberately absent: judgement; see `meshgate-engine`.

mod args;
mod commands;
mod decisions;
mod exit;
mod judging;
mod setup;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic is caught where it happens and becomes a fault or a diagnostic: one line on stderr is for its reporter.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        exit::say(&format!(
            "meshgate: internal failure at {place}: {}",
            panic.payload_as_str().unwrap_or("no reason given")
        ));
    }));
    let args = args::Args::parse();
    match commands::run(args.command) {
        Ok(status) => status.into(),
        Err(error) => {
            exit::say(&format!("meshgate failed: {error:#}"));
            exit::Status::Failed.into()
        }
    }
}
