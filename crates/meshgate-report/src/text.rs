//! The report for a terminal, drawn like a compiler's: the line, the place underlined, what to do.
//!
//! Deliberately absent: terminal detection; who prints says whether colour is wanted.

use crate::summary::Summary;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use meshgate_core::decide::Verdict;
use meshgate_core::finding::{Finding, Location};
use meshgate_core::report::Report;
use meshgate_core::severity::Severity;
use std::fmt::Write;
use std::ops::Range;

/// Renders a report. Without colour the words say all that colour says.
#[must_use]
pub fn render(report: &Report, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for finding in &report.findings {
        let groups = draw(report, finding);
        let _ = writeln!(text, "{}\n", renderer.render(&groups));
    }
    for fault in &report.faults {
        let file = fault.file.as_ref().map(|file| format!(" on {file}")).unwrap_or_default();
        let title = Level::ERROR.with_name("fault").primary_title(clean(&fault.message)).id(clean(&fault.rule));
        let why = match fault.file {
            Some(_) => format!("{}{file}: nobody has judged it, so it is denied", fault.kind),
            None => format!("{}: the rules are not complete, so nothing is allowed", fault.kind),
        };
        let group = title.element(Level::NOTE.message(why));
        let _ = writeln!(text, "{}\n", renderer.render(&[group]));
    }
    text.push_str(&summary(report));
    text
}

fn draw<'a>(report: &'a Report, finding: &'a Finding) -> Vec<Group<'a>> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(clean(&finding.message)).id(finding.rule.as_str());
    let primary = AnnotationKind::Primary;
    let mut group = match snippet(report, &finding.location, primary, finding.label.as_deref()) {
        Some(snippet) => title.element(snippet),
        None => title.element(annotate_snippets::Origin::path(finding.location.file.as_str())),
    };
    for related in &finding.related {
        if let Some(snippet) = snippet(report, &related.location, AnnotationKind::Context, Some(&related.message)) {
            group = group.element(snippet);
        }
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(clean(help)));
    }
    if let Some(docs) = &finding.docs {
        group = group.element(Level::NOTE.message(format!("see {docs}")));
    }
    vec![group]
}

fn snippet<'a>(
    report: &'a Report,
    location: &'a Location,
    kind: AnnotationKind,
    label: Option<&str>,
) -> Option<Snippet<'a, Annotation<'a>>> {
    let text = report.texts.get(&location.file)?;
    let (window, line, range) = window(text, location)?;
    let annotation: Annotation<'a> = match label {
        Some(label) => kind.span(range).label(clean(label)),
        None => kind.span(range),
    };
    Some(Snippet::source(window).line_start(line).path(location.file.as_str()).annotation(annotation))
}

/// The lines to draw: a report of a large file must not scan it anew for every finding. A span of many lines (a block
/// scalar) is underlined on its first.
fn window<'a>(text: &'a str, location: &Location) -> Option<(&'a str, usize, Range<usize>)> {
    let at = location.span.start.min(text.len());
    let before = text.get(..at)?;
    let start = before.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let start = if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start };
    let start = start.min(at);
    let rest = text.get(start..)?;
    let line = rest.find(['\n', '\r']).map_or(rest, |end| rest.get(..end).unwrap_or(rest));
    let from = (at - start).min(line.len());
    let to = location.span.end.saturating_sub(start).clamp(from, line.len());
    Some((line, location.range.start.line, from..to))
}

/// Control characters of a document must not steer the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn summary(report: &Report) -> String {
    let counts = Summary::of(report);
    let verdict = match report.verdict {
        Verdict::Allow => "allowed",
        Verdict::Deny => "denied",
    };
    let mut said = Vec::new();
    for (count, one) in [(counts.errors, "error"), (counts.warnings, "warning"), (counts.infos, "info")] {
        if count > 0 {
            said.push(many(count, one));
        }
    }
    if said.is_empty() {
        said.push("no findings".to_owned());
    }
    let skipped = match report.skipped {
        0 => String::new(),
        n => format!(" ({} of no known format skipped)", many(n, "file")),
    };
    let (descriptors, rules) = (many(report.descriptors.len(), "descriptor"), many(report.rules, "rule"));
    let faults = many(report.faults.len(), "fault");
    format!("{verdict}: {} · {descriptors}{skipped}, {rules}, {faults}\n", said.join(", "))
}

fn many(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
