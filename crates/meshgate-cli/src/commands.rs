//! One module a command.
//!
//! Deliberately absent: anything but the way to them.

mod baseline;
mod bench;
mod check;
mod decisions;
mod eval;
mod init;
mod lint;
mod pages;
mod plugin;
mod rules;
mod schema;
mod serve;
mod show;
mod test;
mod waivers;

use crate::args::Command;
use crate::exit::Status;
use anyhow::Result;

/// Runs a command.
pub fn run(command: Command) -> Result<Status> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Decisions(args) => decisions::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Plugin(args) => plugin::run(args.command),
        Command::Rules(args) => rules::run(&args.command),
        Command::Explain { rule, of, setup } => rules::show(&rule, of.as_deref(), &setup),
        Command::Waivers(args) => waivers::run(&args),
        Command::Baseline(args) => baseline::run(&args),
        Command::Init => init::run(),
        Command::Schema { of } => schema::run(of),
    }
}
