//! `meshgate lint`.
//!
//! Deliberately absent: what is looked for; see `meshgate-rego`.

use crate::args::{LintArgs, ListFormat};
use crate::exit::{self, Status, print};
use anyhow::{Result, bail};
use meshgate_engine::Position;
use serde_json::json;
use std::fmt::Write;

pub fn run(args: &LintArgs) -> Result<Status> {
    let found = match meshgate_engine::lint_paths(&args.paths) {
        Ok(found) => found,
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(|error| format!("  {error}")).collect();
            bail!("nothing can be linted:\n{}", lines.join("\n"));
        }
    };
    let errors = found.iter().filter(|lint| lint.error).count();
    let warnings = found.len() - errors;
    let word = |error: bool| if error { "error" } else { "warning" };
    let text = match args.format {
        ListFormat::Json => {
            let rows = found.iter().map(|lint| {
                let point = |at: Position| json!({"line": at.line, "column": at.column});
                let span = lint.span.map(|(start, end)| json!({"start": point(start), "end": point(end)}));
                // Places are `FILE:LINE:COLUMN`, where there is a line.
                let file = match lint.span {
                    Some((start, _)) => lint.place.strip_suffix(&format!(":{}:{}", start.line, start.column)),
                    None => None,
                };
                json!({
                    "code": lint.code,
                    "severity": word(lint.error),
                    "message": lint.message,
                    "file": file.unwrap_or(&lint.place),
                    "span": span,
                    "help": lint.help,
                    // For one release, as it was.
                    "place": lint.place,
                })
            });
            exit::json(&json!({"findings": rows.collect::<Vec<_>>()}))
        }
        ListFormat::Text => {
            let mut text = String::new();
            for lint in &found {
                let help = lint.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
                let _ = writeln!(text, "{}: {}[{}]: {}{help}", lint.place, word(lint.error), lint.code, lint.message);
            }
            let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
            let _ = writeln!(text, "{}, {}", many(errors, "error"), many(warnings, "warning"));
            text
        }
    };
    print(&text)?;
    Ok(if errors > 0 || (args.deny_warnings && warnings > 0) { Status::Denied } else { Status::Allowed })
}
