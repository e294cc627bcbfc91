//! A report as test results: each file a suite, each rule that looked at it a case.
//!
//! Deliberately absent: markup; JUnit and TAP have their own.

use meshgate_core::fault::Fault;
use meshgate_core::finding::Finding;
use meshgate_core::report::Report;
use std::collections::BTreeMap;

/// A file.
#[derive(Default)]
pub struct Suite<'a> {
    pub cases: BTreeMap<&'a str, Case<'a>>,
}

/// A rule that looked at it.
#[derive(Default)]
pub struct Case<'a> {
    pub findings: Vec<&'a Finding>,
    pub faults: Vec<&'a Fault>,
}

impl Case<'_> {
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.denies)
    }

    /// Does it hold only because of waivers?
    pub fn is_waived(&self) -> bool {
        !self.fails() && self.findings.iter().any(|finding| finding.waiver.is_some())
    }
}

/// Returns the suites of a report, by file. What has no file is of the suite `meshgate`.
pub fn of(report: &Report) -> BTreeMap<&str, Suite<'_>> {
    let mut suites: BTreeMap<&str, Suite<'_>> = BTreeMap::new();
    for descriptor in &report.descriptors {
        let suite = suites.entry(&descriptor.file).or_default();
        for rule in &*descriptor.looked {
            suite.cases.entry(rule.as_str()).or_default();
        }
    }
    for finding in &report.findings {
        let suite = suites.entry(&finding.location.file).or_default();
        suite.cases.entry(finding.rule.as_str()).or_default().findings.push(finding);
    }
    for fault in &report.faults {
        let suite = suites.entry(fault.file.as_deref().unwrap_or("meshgate")).or_default();
        suite.cases.entry(&fault.rule).or_default().faults.push(fault);
    }
    // A file that no rule looked at, and nobody remarked on, is a case all the same: it was read.
    for suite in suites.values_mut().filter(|suite| suite.cases.is_empty()) {
        suite.cases.entry("read").or_default();
    }
    suites
}
