//! `meshgate test`.
//!
//! Deliberately absent: coverage.

use crate::args::{TestArgs, TestFormat};
use crate::exit::{Status, print};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::fmt::Write;

pub fn run(args: &TestArgs) -> Result<Status> {
    let results = match meshgate_engine::test_paths(&args.paths) {
        Ok(results) => results,
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(|error| format!("  {error}")).collect();
            bail!("the tests cannot be run:\n{}", lines.join("\n"));
        }
    };
    if results.is_empty() {
        bail!("no test found: write rules that begin with `test_` in files that end in `_test.rego`");
    }
    let failed = results.iter().filter(|result| !result.passed).count();
    let text = if args.format == TestFormat::Json {
        let rows: Vec<Value> = results
            .iter()
            .map(|r| json!({"name": r.name, "file": r.file, "passed": r.passed, "message": r.message}))
            .collect();
        format!("{:#}\n", json!({"tests": rows, "coverage": null}))
    } else {
        let mut text = String::new();
        for result in results.iter().filter(|result| !result.passed) {
            let message = result.message.as_deref().unwrap_or("failed");
            let _ = writeln!(text, "FAIL {} ({}): {message}", result.name, result.file);
        }
        let _ = writeln!(text, "{} passed, {failed} failed", results.len() - failed);
        text
    };
    print(&text)?;
    Ok(if failed == 0 { Status::Allowed } else { Status::Denied })
}
