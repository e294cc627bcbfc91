//! The function that decides, by its laws: order is nothing, more trouble never allows, nothing gets weaker.
//!
//! Deliberately absent: policies.

use super::*;
use crate::fault::FaultKind;
use proptest::prelude::*;
use serde_json::json;

fn mask(column: &str, kind: MaskKind, args: Option<Value>) -> Mask {
    Mask { column: column.to_owned(), kind, args }
}

fn fault() -> Fault {
    Fault { file: None, rule: "access.x".into(), kind: FaultKind::Deadline, message: "ran longer than 5 ms".into() }
}

fn granting(masks: Vec<Mask>) -> Opinion {
    Opinion { rule: "access.a".into(), grants: vec!["because".into()], masks, ..Opinion::default() }
}

#[test]
fn without_a_grant_it_is_denied() {
    let decision = decide(vec![Opinion { rule: "access.a".into(), ..Opinion::default() }], Vec::new());
    assert_eq!(decision.verdict, Verdict::Deny);
    assert_eq!(decision.reasons.iter().map(|reason| reason.rule.as_str()).collect::<Vec<_>>(), [NO_GRANT]);
}

#[test]
fn a_denial_or_a_fault_beats_every_grant_and_leaves_no_obligation() {
    let denying = Opinion { rule: "access.b".into(), denials: vec!["no".into()], ..Opinion::default() };
    let grant = || granting(vec![mask("a", MaskKind::Hash, None)]);
    let denied = decide(vec![grant(), denying], Vec::new());
    assert_eq!((denied.verdict, denied.masks.len()), (Verdict::Deny, 0));
    assert_eq!(denied.reasons, [Reason { rule: "access.b".into(), message: "no".into() }]);
    let failed = decide(vec![grant()], vec![fault()]);
    assert_eq!((failed.verdict, failed.faults.len()), (Verdict::Deny, 1));
    assert!(failed.reasons.iter().all(|reason| reason.message.contains("access.x: ran longer")), "{failed:?}");
}

#[test]
fn the_strictest_mask_counts() {
    let first = granting(vec![mask("iban", MaskKind::Partial, Some(json!({"last": 4})))]);
    let second = Opinion {
        masks: vec![mask("iban", MaskKind::Partial, Some(json!({"last": 2}))), mask("name", MaskKind::Hash, None)],
        ..granting(vec![mask("name", MaskKind::Null, None)])
    };
    let decision = decide(vec![first, second], Vec::new());
    assert_eq!(
        decision.masks,
        [mask("iban", MaskKind::Partial, Some(json!({"last": 2}))), mask("name", MaskKind::Hash, None)]
    );
    let third = granting(vec![mask("name", MaskKind::Null, None), mask("name", MaskKind::Hash, None)]);
    assert_eq!(decide(vec![third], Vec::new()).masks, [mask("name", MaskKind::Null, None)]);
}

#[test]
fn spellings_and_salts_weaken_nothing() {
    let of = |masks: Vec<Mask>| decide(vec![granting(masks)], Vec::new()).masks;
    let last = Some(json!({"last": 4}));
    assert_eq!(
        of(vec![mask("IBAN", MaskKind::Partial, last), mask("iban", MaskKind::Null, None)]),
        [mask("IBAN", MaskKind::Null, None)]
    );
    let salted = |salt: &str| mask("a", MaskKind::Hash, Some(json!({"salt": salt})));
    assert_eq!(of(vec![salted("x"), mask("a", MaskKind::Hash, None)]), [salted("x")]);
    assert_eq!(of(vec![salted("x"), salted("y")]), [mask("a", MaskKind::Redact, None)]);
}

fn opinion() -> impl Strategy<Value = Opinion> {
    let kind = prop::sample::select(MaskKind::ALL.to_vec());
    let masks = prop::collection::vec(("[ab]", kind, prop::option::of(0_u64..3)), 0..4);
    let filters = prop::collection::vec(("[ab]", 0_i64..3), 0..3);
    let words = || prop::collection::vec("[xy]", 0..2);
    (words(), words(), masks, filters, "[pq]").prop_map(|(grants, denials, masks, filters, name)| Opinion {
        rule: format!("access.{name}"),
        grants,
        denials,
        masks: masks
            .into_iter()
            .map(|(column, kind, last)| mask(&column, kind, last.map(|last| json!({"last": last}))))
            .collect(),
        row_filters: filters
            .into_iter()
            .map(|(column, value)| Condition::Column { column, op: Op::Eq, value: json!(value) })
            .collect(),
        duties: Vec::new(),
    })
}

proptest! {
    #[test]
    fn order_is_nothing(opinions in prop::collection::vec(opinion(), 0..5)) {
        let reversed = opinions.iter().rev().cloned().collect();
        prop_assert_eq!(decide(opinions, Vec::new()), decide(reversed, Vec::new()));
    }

    #[test]
    fn one_opinion_more_never_loosens(opinions in prop::collection::vec(opinion(), 0..4), more in opinion()) {
        let before = decide(opinions.clone(), Vec::new());
        let mut all = opinions;
        let grants = all.iter().any(|opinion| !opinion.grants.is_empty());
        let denies = all.iter().any(|opinion| !opinion.denials.is_empty());
        all.push(more);
        let after = decide(all, Vec::new());
        if denies {
            prop_assert_eq!(after.verdict, Verdict::Deny);
        }
        if grants && after.verdict == Verdict::Allow {
            for mask in &before.masks {
                let now = after.masks.iter().find(|now| now.column == mask.column).expect("a mask stays");
                prop_assert!(strictness(now, mask) != Ordering::Greater, "{:?} was {:?}", now, mask);
            }
            prop_assert!(before.row_filters.iter().all(|filter| after.row_filters.contains(filter)));
        }
    }

    #[test]
    fn a_fault_always_denies(opinions in prop::collection::vec(opinion(), 0..4)) {
        prop_assert_eq!(decide(opinions, vec![fault()]).verdict, Verdict::Deny);
    }
}
