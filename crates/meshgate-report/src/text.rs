//! The report for a terminal, drawn like a compiler's: the line, the place underlined, what to do.
//!
//! Deliberately absent: terminal detection; who prints says whether colour is wanted.

use crate::printing::for_people;
use crate::summary::{line, one_line, place, softened, waivable};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use meshgate_core::finding::{Finding, Location};
use meshgate_core::report::Report;
use meshgate_core::severity::Severity;
use meshgate_core::shown;
use meshgate_core::waiver::WaiverKind;
use std::borrow::Cow;
use std::fmt::Write;

/// Renders a report. Without colour the words say all that colour says.
#[must_use]
pub fn render(report: &Report, colour: bool) -> String {
    let report = &for_people(report);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for finding in report.findings.iter().filter(|finding| finding.waiver.is_none()) {
        let groups = draw(finding);
        let _ = writeln!(text, "{}\n", renderer.render(&groups));
    }
    for fault in &report.faults {
        let file = fault.file.as_ref().map(|file| format!(" on {file}")).unwrap_or_default();
        let title = Level::ERROR.with_name("fault").primary_title(&*fault.message).id(&*fault.rule);
        let why = match fault.file {
            Some(_) => format!("{}{file}: nobody has judged it, so it is denied", fault.kind),
            None => format!("{}: the rules are not complete, so nothing is allowed", fault.kind),
        };
        let group = title.element(Level::NOTE.message(why));
        let _ = writeln!(text, "{}\n", renderer.render(&[group]));
    }
    waived(report, &mut text);
    text.push_str(&line(report));
    text.push('\n');
    match shown::commandless(&text) {
        Cow::Owned(safe) => safe,
        Cow::Borrowed(_) => text,
    }
}

/// Known findings that are shown one by one: an old estate has thousands.
const KNOWN_SHOWN_MAX: usize = 10;

/// What is accepted, in two lines each.
fn waived(report: &Report, text: &mut String) {
    let of = |finding: &&Finding, known: bool| {
        finding.waiver.as_ref().is_some_and(|waiver| (waiver.kind == WaiverKind::Known) == known)
    };
    let known = || report.findings.iter().filter(|finding| of(finding, true));
    let shown = report.findings.iter().filter(|finding| of(finding, false)).chain(known().take(KNOWN_SHOWN_MAX));
    for finding in shown {
        let waiver = finding.waiver.as_ref().map(|waiver| one_line(&waiver.line())).unwrap_or_default();
        let (at, severity, rule) = (place(finding), finding.severity, &finding.rule);
        let _ =
            write!(text, "waived {severity}[{rule}]: {}\n  --> {at}\n   = {waiver}\n\n", one_line(&finding.message));
    }
    let more = known().count().saturating_sub(KNOWN_SHOWN_MAX);
    if more > 0 {
        let _ = write!(text, "and {more} known findings more; `--format concise` lists them\n\n");
    }
}

const NO_PATH: Option<&str> = None;

fn draw(finding: &Finding) -> Vec<Group<'_>> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(one_line(&finding.message)).id(finding.rule.as_str());
    let primary = AnnotationKind::Primary;
    let location = &finding.location;
    let mut group = match snippet(location, primary, finding.label.as_deref()) {
        // What is left of a cut line does not tell its column.
        Some(snippet) if location.excerpt.as_ref().is_some_and(|excerpt| excerpt.cut) => {
            let at = location.range.start;
            title
                .element(Origin::path(one_line(&location.file)).line(at.line).char_column(at.column))
                .element(snippet.path(NO_PATH))
        }
        Some(snippet) => title.element(snippet),
        None => title.element(Origin::path(one_line(&location.file))),
    };
    for related in &finding.related {
        if let Some(snippet) = snippet(&related.location, AnnotationKind::Context, Some(&related.message)) {
            group = group.element(snippet);
        }
    }
    if let Some(softened) = softened(finding) {
        group = group.element(Level::NOTE.message(softened));
    }
    if !finding.approvers.is_empty() {
        group = group.element(Level::NOTE.message(waivable(finding)));
    }
    if finding.new == Some(true) {
        group = group.element(Level::NOTE.message("new: it is not in what is compared with"));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(&**help));
    }
    if let Some(docs) = &finding.docs {
        group = group.element(Level::NOTE.message(format!("see {docs}")));
    }
    vec![group]
}

fn snippet<'a>(
    location: &'a Location,
    kind: AnnotationKind,
    label: Option<&str>,
) -> Option<Snippet<'a, Annotation<'a>>> {
    let excerpt = location.excerpt.as_ref()?;
    let annotation: Annotation<'a> = match label {
        Some(label) => kind.span(excerpt.start..excerpt.end).label(label.to_owned()),
        None => kind.span(excerpt.start..excerpt.end),
    };
    // A line end in a file's name must not begin a line of its own.
    let path = one_line(&location.file);
    Some(Snippet::source(&*excerpt.text).line_start(excerpt.line).path(path).annotation(annotation))
}
