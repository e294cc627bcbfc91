//! `cargo xtask tidy`: what the compiler does not check. `cargo test` runs the same.
//! `cargo xtask oracle [--seconds N] [--cases N] [--seed S|fresh] [--only KIND] [--format text|json] [--report-only] | --self-test`: our
//! engine beside OPA's own library.
//! `cargo xtask conformance FOLDER [--format text|json]`: cases of OPA's compliance suite through our own evaluation.
//!
//! Deliberately absent: anything that is shipped.

mod conformance;
mod entrances;
mod library;
mod oracle;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy\n       cargo xtask conformance FOLDER [--format text|json]\n       \
    cargo xtask oracle [--seconds N] [--cases N] [--seed S|fresh] [--only KIND] [--format text|json] [--report-only] | --self-test\n\
    KIND: policies, builtins, numbers, patterns, syntax or corpora";

#[expect(clippy::print_stderr, reason = "a tool for developers, which talks to a terminal")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["tidy"] => {
            let remarks = tidy::check();
            remarks.iter().for_each(|remark| eprintln!("{remark}"));
            if remarks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        ["conformance", folder, rest @ ..] => match rest {
            [] | ["--format", "text"] | ["--format=text"] => conformance::told(folder.as_ref(), false),
            ["--format", "json"] | ["--format=json"] => conformance::told(folder.as_ref(), true),
            _ => usage(),
        },
        ["oracle", rest @ ..] => match oracle::settings(rest) {
            Some(Ok(settings)) => oracle::run(&settings),
            Some(Err(())) => oracle::self_test(),
            None => usage(),
        },
        _ => usage(),
    }
}

#[expect(clippy::print_stderr, reason = "a tool for developers, which talks to a terminal")]
fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
