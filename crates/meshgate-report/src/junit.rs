//! JUnit XML, as Jenkins, GitLab and Azure DevOps read it: a suite for each file, a case for each rule that looked at it.
//!
//! Deliberately absent: times and host names; a report holds none.

use crate::suites::{self, Case, Suite};
use crate::summary::place;
use crate::xml::{escape, prose};
use meshgate_core::report::Report;
use std::fmt::Write;

/// Renders a report.
#[must_use]
pub fn render(report: &Report) -> String {
    let suites = suites::of(report);
    let mut all = Counts::default();
    let mut body = String::new();
    for (file, suite) in &suites {
        let counts = Counts::of(suite);
        all.add(&counts);
        let _ = writeln!(body, "  <testsuite name=\"{}\" {}>", escape(file), counts.attributes());
        for (rule, case) in &suite.cases {
            write_case(&mut body, file, rule, case);
        }
        body.push_str("  </testsuite>\n");
    }
    let attributes = all.attributes();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"meshgate\" {}>\n{body}</testsuites>\n",
        attributes.replace(&format!(" skipped=\"{}\"", all.skipped), "")
    )
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(suite: &Suite<'_>) -> Self {
        let count = |wanted: fn(&Case<'_>) -> bool| suite.cases.values().filter(|case| wanted(case)).count();
        Self {
            tests: suite.cases.len(),
            failures: count(|case| case.faults.is_empty() && case.fails()),
            errors: count(|case| !case.faults.is_empty()),
            skipped: count(|case| case.faults.is_empty() && case.is_waived()),
        }
    }

    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }

    fn attributes(&self) -> String {
        let Self { tests, failures, errors, skipped } = self;
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

fn write_case(body: &mut String, file: &str, rule: &str, case: &Case<'_>) {
    let _ = write!(body, "    <testcase name=\"{}\" classname=\"{}\"", escape(rule), escape(file));
    if case.findings.is_empty() && case.faults.is_empty() {
        body.push_str("/>\n");
        return;
    }
    body.push_str(">\n");
    let waived = case.findings.iter().filter(|finding| !finding.denies && finding.waiver.is_some());
    if case.faults.is_empty() && case.is_waived() {
        let reasons: Vec<String> =
            waived.filter_map(|finding| Some(format!("waived: {}", finding.waiver.as_ref()?.line()))).collect();
        let _ = writeln!(body, "      <skipped message=\"{}\"/>", prose(&reasons.join("; ")));
    }
    for fault in &case.faults {
        let (kind, message) = (fault.kind.as_str(), prose(&fault.message));
        let _ = writeln!(body, "      <error type=\"{kind}\" message=\"{message}\">{message}</error>");
    }
    for finding in case.findings.iter().filter(|finding| finding.denies) {
        let at = place(finding);
        let help = finding.help.as_deref().map(|help| format!("\n{help}")).unwrap_or_default();
        let message = format!("{at}: {}", finding.message);
        let (severity, text) = (finding.severity, prose(&format!("{message}{help}")));
        let _ = writeln!(body, "      <failure type=\"{severity}\" message=\"{}\">{text}</failure>", prose(&message));
    }
    let quiet: Vec<String> = case
        .findings
        .iter()
        .filter(|finding| !finding.denies)
        .map(|finding| {
            let waived = finding.waiver.as_ref().map(|waiver| format!(" (waived: {})", waiver.line()));
            format!("{}: {}: {}{}", place(finding), finding.severity, finding.message, waived.unwrap_or_default())
        })
        .collect();
    if !quiet.is_empty() {
        let _ = writeln!(body, "      <system-out>{}</system-out>", prose(&quiet.join("\n")));
    }
    body.push_str("    </testcase>\n");
}
