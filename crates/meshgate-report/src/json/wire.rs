//! The shapes of report JSON v1. Fixed: clients read them.
//!
//! Deliberately absent: optional fields that come and go; what is unknown is null.

use crate::summary::Summary;
use meshgate_core::{finding, report, rule::Source, shown, span, waiver};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;

#[derive(Serialize, JsonSchema)]
pub struct Report<'a> {
    #[schemars(extend("enum" = ["v1"]))]
    version: &'static str,
    #[schemars(extend("enum" = ["allow", "deny"]))]
    verdict: &'static str,
    summary: Counts,
    descriptors: Vec<Descriptor<'a>>,
    findings: Vec<Finding<'a>>,
    faults: Vec<Fault<'a>>,
    obligations: [(); 0],
}

#[derive(Serialize, JsonSchema)]
struct Counts {
    descriptors: usize,
    skipped: usize,
    rules: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    waived: usize,
    faults: usize,
}

#[derive(Serialize, JsonSchema)]
struct Descriptor<'a> {
    file: &'a str,
    format: Option<&'a str>,
    kind: Option<&'a str>,
    id: Option<&'a str>,
    #[schemars(extend("enum" = ["allow", "deny"]))]
    verdict: &'static str,
    #[schemars(extend("enum" = ["valid", "invalid", null]))]
    schema: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
struct Finding<'a> {
    rule: &'a str,
    #[schemars(extend("enum" = ["error", "warning", "info"]))]
    severity: &'static str,
    #[schemars(extend("enum" = ["block", "warn", "audit", "off"]))]
    enforcement: &'static str,
    message: Cow<'a, str>,
    file: &'a str,
    pointer: &'a str,
    span: Span,
    label: Option<Cow<'a, str>>,
    help: Option<Cow<'a, str>>,
    docs: Option<&'a str>,
    waiver: Option<Waiver<'a>>,
    fix: Option<&'a Value>,
    #[schemars(extend("enum" = ["rego", "plugin", "schema", "compat", "read", "governance"]))]
    source: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Waiver<'a> {
    #[schemars(extend("enum" = ["waiver", "known", "exception"]))]
    kind: &'static str,
    reason: Cow<'a, str>,
    approver: Option<&'a str>,
    expires: Option<String>,
    ticket: Option<&'a str>,
    origin: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct Span {
    start: Position,
    end: Position,
}

#[derive(Serialize, JsonSchema)]
struct Position {
    line: usize,
    column: usize,
}

#[derive(Serialize, JsonSchema)]
struct Fault<'a> {
    rule: &'a str,
    kind: &'static str,
    message: Cow<'a, str>,
    file: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub fn of(report: &'a report::Report) -> Self {
        let counts = Summary::of(report);
        Self {
            version: "v1",
            verdict: report.verdict.as_str(),
            summary: Counts {
                descriptors: report.descriptors.len(),
                skipped: report.skipped,
                rules: report.rules,
                errors: counts.errors,
                warnings: counts.warnings,
                infos: counts.infos,
                waived: counts.waived,
                faults: report.faults.len(),
            },
            descriptors: report.descriptors.iter().map(Descriptor::of).collect(),
            findings: report.findings.iter().map(Finding::of).collect(),
            faults: report.faults.iter().map(Fault::of).collect(),
            obligations: [],
        }
    }
}

impl<'a> Descriptor<'a> {
    fn of(descriptor: &'a report::DescriptorReport) -> Self {
        Self {
            file: &descriptor.file,
            format: descriptor.format,
            kind: descriptor.kind,
            id: descriptor.id.as_deref(),
            verdict: descriptor.verdict.as_str(),
            schema: descriptor.schema.map(report::SchemaVerdict::as_str),
        }
    }
}

impl<'a> Finding<'a> {
    fn of(finding: &'a finding::Finding) -> Self {
        // Reading failures block whatever the platform says of enforcement.
        let enforcement = if finding.source == Source::Read { "block" } else { finding.enforcement.as_str() };
        Self {
            rule: finding.rule.as_str(),
            severity: finding.severity.as_str(),
            enforcement,
            message: shown::text(&finding.message),
            file: &finding.location.file,
            pointer: finding.location.pointer.as_str(),
            span: Span { start: position(finding.location.range.start), end: position(finding.location.range.end) },
            label: finding.label.as_deref().map(shown::text),
            help: finding.help.as_deref().map(shown::text),
            docs: finding.docs.as_deref(),
            waiver: finding.waiver.as_ref().map(Waiver::of),
            fix: finding.fix.as_ref(),
            source: finding.source.as_str(),
        }
    }
}

impl<'a> Waiver<'a> {
    fn of(waived: &'a waiver::Waived) -> Self {
        Self {
            kind: waived.kind.as_str(),
            reason: shown::text(&waived.reason),
            approver: waived.approver.as_deref(),
            expires: waived.expires.map(|day| day.to_string()),
            ticket: waived.ticket.as_deref(),
            origin: &waived.origin,
        }
    }
}

const fn position(position: span::Position) -> Position {
    Position { line: position.line, column: position.column }
}

impl<'a> Fault<'a> {
    fn of(fault: &'a meshgate_core::fault::Fault) -> Self {
        Self {
            rule: &fault.rule,
            kind: fault.kind.as_str(),
            message: shown::text(&fault.message),
            file: fault.file.as_deref(),
        }
    }
}
