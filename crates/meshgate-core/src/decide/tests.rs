//! Laws of the decision, over generated findings and faults.

use super::*;
use crate::fault::FaultKind;
use crate::finding::Location;
use crate::pointer::Pointer;
use crate::rule::RuleId;
use crate::span::{Position, Range, Span};
use crate::waiver::{Waived, WaiverKind};
use proptest::prelude::*;

fn finding(severity: Severity, enforcement: Enforcement, source: Source) -> Finding {
    let start = Position { line: 1, column: 1 };
    Finding {
        rule: RuleId::foreign("t.t"),
        severity,
        enforcement,
        message: String::new(),
        location: Location {
            file: "f".into(),
            pointer: Pointer::root(),
            span: Span::new(0, 0),
            range: Range { start, end: start },
            excerpt: None,
        },
        label: None,
        help: None,
        docs: None,
        related: Vec::new(),
        fix: None,
        source,
        waiver: None,
        approvers: Vec::new(),
        fingerprint: String::new(),
        fingerprint_v1: String::new(),
        denies: false,
        new: None,
    }
}

fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let one = (
        prop::sample::select(vec![Severity::Info, Severity::Warning, Severity::Error]),
        prop::sample::select(vec![Enforcement::Block, Enforcement::Warn, Enforcement::Audit, Enforcement::Off]),
        prop::sample::select(vec![Source::Rego, Source::Plugin, Source::Read, Source::Schema]),
    );
    prop::collection::vec(one.prop_map(|(s, e, o)| finding(s, e, o)), 0..8)
}

fn fault() -> Fault {
    Fault { file: None, rule: "t.t".into(), kind: FaultKind::Trap, message: String::new() }
}

proptest! {
    #[test]
    fn order_does_not_matter(mut list in findings()) {
        let forwards = decide(&list, &[], Severity::Error);
        list.reverse();
        prop_assert_eq!(forwards, decide(&list, &[], Severity::Error));
    }

    #[test]
    fn adding_a_finding_never_opens_the_gate(list in findings(), more in findings()) {
        if decide(&list, &[], Severity::Error) == Verdict::Deny {
            let all: Vec<_> = list.iter().chain(&more).cloned().collect();
            prop_assert_eq!(decide(&all, &[], Severity::Error), Verdict::Deny);
        }
    }

    #[test]
    fn a_fault_denies_whatever_else_is_said(list in findings()) {
        prop_assert_eq!(decide(&list, &[fault()], Severity::Error), Verdict::Deny);
    }

    #[test]
    fn a_lower_threshold_never_opens_the_gate(list in findings()) {
        if decide(&list, &[], Severity::Error) == Verdict::Deny {
            prop_assert_eq!(decide(&list, &[], Severity::Info), Verdict::Deny);
        }
    }
}

#[test]
fn only_blocking_findings_at_the_threshold_deny() {
    let verdict = |s, e, o| decide(&[finding(s, e, o)], &[], Severity::Error);
    assert_eq!(verdict(Severity::Error, Enforcement::Block, Source::Rego), Verdict::Deny);
    assert_eq!(verdict(Severity::Warning, Enforcement::Block, Source::Rego), Verdict::Allow);
    assert_eq!(verdict(Severity::Error, Enforcement::Warn, Source::Rego), Verdict::Allow);
    assert_eq!(verdict(Severity::Error, Enforcement::Audit, Source::Read), Verdict::Deny);
}

#[test]
fn a_waived_finding_does_not_deny_and_what_was_not_read_cannot_be_waived() {
    let waived = |source| Finding {
        waiver: Some(Waived {
            kind: WaiverKind::Waiver,
            reason: "known".into(),
            approver: None,
            expires: None,
            ticket: None,
            origin: "f:1:1".into(),
        }),
        ..finding(Severity::Error, Enforcement::Block, source)
    };
    assert_eq!(decide(&[waived(Source::Rego)], &[], Severity::Error), Verdict::Allow);
    assert_eq!(decide(&[waived(Source::Read)], &[], Severity::Error), Verdict::Deny);
    assert_eq!(decide(&[waived(Source::Rego)], &[fault()], Severity::Error), Verdict::Deny);
}
