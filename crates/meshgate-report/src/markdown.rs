//! Markdown for a comment on a merge request, or a step's summary: the verdict, what denies, then the rest, folded.
//!
//! Deliberately absent: more than such places take. What is left out is counted.

use crate::summary::{Summary, many, one_line, place, verdict};
use meshgate_core::finding::Finding;
use meshgate_core::report::Report;
use std::fmt::Write;

/// Bytes of a comment; GitHub takes 65,536 characters.
const BYTES_MAX: usize = 60_000;

/// Renders a report.
#[must_use]
pub fn render(report: &Report) -> String {
    let counts = Summary::of(report);
    let mut text = format!("### Meshgate: {}\n\n{}", verdict(report.verdict), counts.words());
    let _ = write!(text, " in {}", many(report.descriptors.len(), "descriptor"));
    if !report.faults.is_empty() {
        let _ = write!(text, ", **{}**", many(report.faults.len(), "fault"));
    }
    text.push_str(".\n");
    if !report.faults.is_empty() {
        text.push_str("\n**Could not judge**\n\n");
        for (index, fault) in report.faults.iter().enumerate() {
            let file = fault.file.as_deref().map(|file| format!(" on {}", code(file))).unwrap_or_default();
            let line = format!("- {}{file}, {}: {}\n", code(&fault.rule), fault.kind, prose(&fault.message));
            if text.len() + line.len() > BYTES_MAX / 4 {
                let _ = writeln!(text, "- and {} more", report.faults.len() - index);
                break;
            }
            text.push_str(&line);
        }
    }
    let of = |wanted: &dyn Fn(&Finding) -> bool| report.findings.iter().filter(|finding| wanted(finding)).collect();
    let denies: Vec<&Finding> = of(&|finding| finding.denies);
    let rest: Vec<&Finding> = of(&|finding| !finding.denies && finding.waiver.is_none());
    let waived: Vec<&Finding> = of(&|finding| finding.waiver.is_some());
    table(&mut text, "**Denies**", &denies, false);
    for (title, findings) in [("Does not deny", rest), ("Waived", waived)] {
        table(&mut text, &format!("{title} ({})", findings.len()), &findings, true);
    }
    text
}

fn table(text: &mut String, title: &str, findings: &[&Finding], folded: bool) {
    if findings.is_empty() {
        return;
    }
    if folded {
        let _ = write!(text, "\n<details><summary>{title}</summary>\n");
    } else {
        let _ = writeln!(text, "\n{title}");
    }
    text.push_str("\n| | where | what | what to do |\n|---|---|---|---|\n");
    for (index, finding) in findings.iter().enumerate() {
        let what = match &finding.waiver {
            Some(waiver) => prose(&waiver.line()),
            None => finding.help.as_deref().map(prose).unwrap_or_default(),
        };
        let new = if finding.new == Some(true) { " **new**" } else { "" };
        let row = format!(
            "| {}{new} | {} | {}<br>{} | {what} |\n",
            finding.severity,
            code(&place(finding)),
            prose(&finding.message),
            code(finding.rule.as_str())
        );
        if text.len() + row.len() > BYTES_MAX {
            let _ = write!(text, "\nand {} more\n", findings.len() - index);
            break;
        }
        text.push_str(&row);
    }
    if folded {
        text.push_str("\n</details>\n");
    }
}

/// Text of others: no markup of theirs, no mention of a person, no table cell of its own.
fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut in_code = false;
    let text = single_quotes(&one_line(text));
    for c in text.chars() {
        match c {
            // Rules quote names like this; within, nothing is markup but the end.
            '`' => {
                in_code = !in_code;
                escaped.push('`');
            }
            '|' => escaped.push_str("\\|"),
            '<' if !in_code => escaped.push_str("&lt;"),
            '>' if !in_code => escaped.push_str("&gt;"),
            '&' if !in_code => escaped.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' | '!' if !in_code => {
                escaped.push('\\');
                escaped.push(c);
            }
            '@' if !in_code => escaped.push_str("@\u{200b}"),
            c => escaped.push(c),
        }
    }
    if in_code {
        // A quote that was left open would quote what follows.
        return text.replace('`', "'").replace(['|', '<', '>', '[', ']', '*', '_'], " ");
    }
    escaped
}

/// Several backticks in a row would begin another kind of quote, and end none of ours.
fn single_quotes(text: &str) -> String {
    let mut single = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let (before, from) = rest.split_at(at);
        let run = from.len() - from.trim_start_matches('`').len();
        single.push_str(before);
        single.push(if run == 1 { '`' } else { '\'' });
        rest = from.get(run..).unwrap_or_default();
    }
    single + rest
}

fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'").replace('|', "\\|"))
}
