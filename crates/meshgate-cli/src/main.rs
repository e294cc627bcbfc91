//! The `meshgate` command: arguments in, report on stdout, everything else on stderr, an exit code.
//!
//! Deliberately absent: judgement; see `meshgate-engine`.

mod args;
mod commands;
mod exit;
mod setup;

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Reading and evaluating allocate much and in small pieces.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args = args::Args::parse();
    match commands::run(args.command) {
        Ok(status) => status.into(),
        Err(error) => {
            exit::say(&format!("meshgate failed: {error:#}"));
            exit::Status::Failed.into()
        }
    }
}
