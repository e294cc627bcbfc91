//! `cargo xtask tidy`: what the compiler does not check. `cargo test` runs the same.
//!
//! Deliberately absent: anything that is shipped.

mod tidy;

use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "a tool for developers, which talks to a terminal")]
fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("tidy") {
        eprintln!("usage: cargo xtask tidy");
        return ExitCode::from(2);
    }
    let remarks = tidy::check();
    remarks.iter().for_each(|remark| eprintln!("{remark}"));
    if remarks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
