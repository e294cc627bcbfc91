//! Hostile text in every field of every format.

use crate::Format;
use meshgate_core::decide::Verdict;
use meshgate_core::fault::{Fault, FaultKind};
use meshgate_core::finding::{Excerpt, Finding, Location, Related};
use meshgate_core::pointer::Pointer;
use meshgate_core::report::{DescriptorReport, Report};
use meshgate_core::rule::{Lifecycle, Rule, RuleId, Source};
use meshgate_core::severity::{Enforcement, Severity};
use meshgate_core::shown;
use meshgate_core::span::{Position, Range, Span};
use meshgate_core::waiver::{Waived, WaiverKind};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a name may hold that somebody would like to have printed. `@` stands for the field's name.
const HOSTILE: [&str; 12] = [
    "\u{1b}[2J\u{1b}[31m@\u{7}\r",
    "::error file=x::@",
    "@\n::set-output name=@::x",
    " \t ::add-mask::@",
    "a ##vso[task.setvariable variable=x]@",
    "###[error]##teamcity[x name='@']",
    "\u{202e}txt.@\u{2066}",
    "\u{200b}@\u{e0041}\u{feff}\u{ad}",
    "@\u{2028}::warning::\u{85}::x",
    "<script>alert('@')</script>|`\\|` ](javascript:x) [x](https://x.example)",
    "]]>&amp;-->\"'@\u{fffe}\0",
    "@nobody #1 !2 www.x.example https://x.example/@ `",
];

fn location(text: &str, field: &str) -> Location {
    let name = |part: &str| text.replace('@', &format!("{field}-{part}"));
    let line = name("excerpt").replace('\n', " ");
    let half = (0..=line.len() / 2).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    let (start, end) = (Position { line: 1, column: 1 }, Position { line: 1, column: 2 });
    Location {
        file: name("file"),
        pointer: Pointer::parse("").unwrap().key(&name("pointer")),
        span: Span::new(0, 1),
        range: Range { start, end },
        excerpt: Some(Excerpt { start: half, end: line.len(), text: line.into(), line: 1, cut: false }),
    }
}

fn report(text: &str) -> Report {
    let name = |field: &str| text.replace('@', field);
    let rule = RuleId::foreign(name("rule"));
    let known = Rule {
        id: rule.clone(),
        title: name("title"),
        description: name("description"),
        severity: Severity::Error,
        remedy: Some(name("remedy")),
        note: Some(name("note")),
        related: vec![name("link"), format!("https://x.example/{}", name("link"))],
        applies_to: Vec::new(),
        lifecycle: Lifecycle::Enabled,
        effective_on: None,
        profiles: Vec::new(),
        params: Vec::new(),
        errors_undefined: false,
        source: Source::Rego,
        origin: name("origin"),
    };
    let finding = |kind: Option<WaiverKind>| Finding {
        rule: rule.clone(),
        severity: Severity::Error,
        enforcement: if kind.is_none() { Enforcement::Block } else { Enforcement::Warn },
        message: name("message"),
        location: location(text, "at"),
        label: Some(name("label")),
        help: Some(name("help")),
        docs: Some(format!("https://x.example/{}", name("docs"))),
        related: vec![Related { location: location(text, "related"), message: name("related") }],
        fix: Some(serde_json::json!([{"op": "add", "path": name("fix"), "value": name("fix")}])),
        source: Source::Rego,
        waiver: kind.map(|kind| Waived {
            kind,
            reason: name("reason"),
            approver: Some(name("approver")),
            expires: None,
            ticket: Some(name("ticket")),
            origin: name("waiver"),
        }),
        approvers: vec![name("may")],
        fingerprint: "0123456789abcdef".to_owned(),
        fingerprint_v1: "fedcba9876543210".to_owned(),
        denies: kind.is_none(),
        new: Some(true),
    };
    let fault =
        |file: Option<String>| Fault { file, rule: name("faulty"), kind: FaultKind::Trap, message: name("fault") };
    let descriptor = |file: String| DescriptorReport {
        file,
        format: Some("dpds"),
        kind: Some("data-product"),
        id: Some(name("id")),
        verdict: Verdict::Deny,
        schema: None,
        domain: Some(name("domain")),
        looked: vec![RuleId::foreign(name("looked"))].into(),
    };
    Report {
        verdict: Verdict::Deny,
        descriptors: vec![descriptor(name("at-file")), descriptor(name("quiet-file"))],
        skipped: 0,
        rules: 1,
        catalogue: BTreeMap::from([(rule.clone(), known)]).into(),
        findings: vec![
            finding(None),
            finding(Some(WaiverKind::Waiver)),
            finding(Some(WaiverKind::Known)),
            finding(Some(WaiverKind::Exception)),
        ],
        faults: vec![fault(None), fault(Some(name("fault-file")))],
    }
}

fn hides(text: &str) -> Option<char> {
    text.chars().find(|c| shown::is_hidden(*c) && *c != '\n' && *c != '\t')
}

/// What a text would do to whoever shows it, or reads commands from it.
fn harm(text: &str) -> Option<String> {
    let command = text
        .match_indices("##")
        .any(|(at, _)| text[at + 2..].trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('['));
    let line =
        text.lines().find(|line| line.trim_start().strip_prefix("::").is_some_and(|rest| !rest.starts_with(':')));
    hides(text).map(|c| format!("{c:?}")).or(command.then(|| "##[".to_owned())).or(line.map(str::to_owned))
}

/// Leaves the colours out that are ours.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('m').expect("a colour");
        assert!(
            code.strip_prefix('[').is_some_and(|code| code.bytes().all(|b| b.is_ascii_digit() || b == b';')),
            "{code:?}"
        );
        plain.push_str(rest);
    }
    plain
}

#[test]
fn nothing_that_others_wrote_hides_or_commands() {
    for text in HOSTILE {
        let report = report(text);
        for (name, format) in Format::ALL {
            let written = format.render(&report, false);
            let ours = |line: &&str| ["::error ", "::warning ", "::notice "].iter().any(|word| line.starts_with(word));
            if name == "github" {
                let commands: Vec<&str> = written.lines().filter(ours).collect();
                assert_eq!(commands.len(), report.findings.len() + report.faults.len(), "{text:?}: {written}");
                let rest: String = written.lines().filter(|line| !ours(line)).collect();
                let values: String = commands.iter().map(|line| line[2..].replace("::", " ")).collect();
                assert_eq!((harm(&rest), harm(&values)), (None, None), "{text:?}: {written}");
            } else {
                assert_eq!(harm(&written), None, "{name}, {text:?}:\n{written}");
            }
        }
        assert_eq!(harm(&uncoloured(&Format::Text.render(&report, true))), None, "{text:?}");
    }
}

#[test]
fn machines_read_the_names_that_there_are_and_people_see_them() {
    for text in HOSTILE {
        let report = report(text);
        let name = |field: &str| text.replace('@', field);
        let json: Value = serde_json::from_str(&Format::Json.render(&report, false)).unwrap();
        let first = &json["findings"][0];
        assert_eq!(first["file"], name("at-file"));
        assert_eq!(first["pointer"], report.findings[0].location.pointer.as_str());
        assert_eq!(
            (&first["rule"], &json["descriptors"][0]["id"]),
            (&Value::from(name("rule")), &Value::from(name("id")))
        );
        assert_eq!(first["fix"][0]["value"], name("fix"));
        assert_eq!(first["message"], *shown::text(&name("message")));
        let sarif: Value = serde_json::from_str(&Format::Sarif.render(&report, false)).unwrap();
        let result = &sarif["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], name("rule"));
        let place = &result["locations"][0];
        assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], report.findings[0].location.pointer.as_str());
        let message = result["message"]["text"].as_str().unwrap();
        assert_eq!(hides(message), None);
        assert!(!message.replace("\\](", "").contains("]("), "{message}");
        let issues: Value = serde_json::from_str(&Format::Gitlab.render(&report, false)).unwrap();
        assert_eq!(issues[0]["check_name"], name("rule"));
        let xml = Format::Junit.render(&report, false);
        let xml = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
        let legal = !text.contains(['\0', '\u{7}', '\u{1b}', '\u{fffe}']);
        let found = xml.descendants().any(|node| node.attribute("classname") == Some(&*name("at-file")));
        assert_eq!(found, legal, "{text:?}");
        assert_eq!(xml.descendants().filter_map(|node| node.text()).find_map(hides), None);
    }
}

#[test]
fn markup_of_others_is_text() {
    for text in HOSTILE {
        let report = report(text);
        let html = Format::Html.render(&report, false);
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert!(!html.contains("javascript:x) [x](https") || !html.contains("href=\"javascript"), "{html}");
        let markdown = Format::Markdown.render(&report, false);
        for row in markdown.lines().filter(|line| line.starts_with("| ")) {
            assert_eq!(row.replace("\\\\", "").replace("\\|", "").matches('|').count(), 5, "{row}");
            // Within a quote nothing is markup.
            let outside: String = row.split('`').step_by(2).collect();
            for mark in ["@nobody", "#1 ", "!2", "www.", "://", "<script", "]("] {
                let escaped = outside.replace("\\](", "");
                let escaped = if mark == "](" { escaped.replace("\\]", "") } else { escaped };
                assert!(!escaped.contains(mark), "{mark}: {row}");
            }
        }
    }
}
