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

/// Text of others: no markup of theirs, no mention of a person or an issue, no link, no table cell of its own. What rules
/// quote as code stays code.
fn prose(text: &str) -> String {
    let text = single_quotes(&one_line(text));
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A quote that was left open would quote what follows.
        return plain(&text.replace('`', "'"));
    }
    let part = |(index, part): (usize, &&str)| match (index % 2, part.is_empty()) {
        (0, _) => plain(part),
        (_, true) => String::new(),
        _ => code(part),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Ends a piece of text: what stands around it is no name and no link together.
const APART: &str = "<!-- -->";

fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.chars();
    let mut www = 0;
    while let Some(c) = rest.next() {
        let next = rest.as_str();
        match c {
            '|' => escaped.push_str("&#124;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | '$' | '`' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '.' if www >= 3 => {
                escaped.push_str(APART);
                escaped.push('.');
            }
            c => escaped.push(c),
        }
        www = if matches!(c, 'w' | 'W') { www + 1 } else { 0 };
        let refers = "@#!~$%&^*".contains(c) && next.starts_with(|c: char| c.is_alphanumeric() || "\"_".contains(c));
        if refers || (c == ':' && next.starts_with("//")) {
            escaped.push_str(APART);
        }
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

/// A name as code. Within backticks nothing can be escaped, so what holds one, or a bar of a table, is written as HTML.
fn code(text: &str) -> String {
    let text = one_line(text);
    if !text.contains(['`', '|', '\\']) {
        return format!("`{text}`");
    }
    let plain = |c: char| c.is_alphanumeric() || "/- ".contains(c);
    let signs = text.chars().map(|c| if plain(c) { c.to_string() } else { format!("&#{};", u32::from(c)) });
    format!("<code>{}</code>", signs.collect::<String>())
}
