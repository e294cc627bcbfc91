//! Access decisions: what policies say of one request, and the pure function that makes a verdict with obligations of it.
//!
//! Deliberately absent: order, clock, state. The order of opinions cannot matter; a denial or a fault more never turns deny
//! into allow; and nothing here makes an obligation weaker.

use crate::decide::Verdict;
use crate::fault::Fault;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// What one policy says of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Opinion {
    /// The policy: `access.name`.
    pub rule: String,
    /// Why access is granted.
    pub grants: Vec<String>,
    /// Why it is denied.
    pub denials: Vec<String>,
    /// Columns that must be masked.
    pub masks: Vec<Mask>,
    /// Conditions that rows must meet.
    pub row_filters: Vec<Condition>,
    /// What else the caller must do: objects with a `kind`.
    pub duties: Vec<Value>,
}

/// A column that must not be shown as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// The column.
    pub column: String,
    /// How.
    pub kind: MaskKind,
    /// More about it; what is understood depends on the kind.
    pub args: Option<Value>,
}

/// How a column is masked, the strictest first: what is left of the value decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaskKind {
    /// Nothing is left.
    Null,
    /// A fixed word of ours is left.
    Redact,
    /// A value that the policy chose is left.
    Constant,
    /// Which values are equal is left.
    Hash,
    /// Some characters are left.
    Partial,
}

impl MaskKind {
    /// All of them, the strictest first.
    pub const ALL: [Self; 5] = [Self::Null, Self::Redact, Self::Constant, Self::Hash, Self::Partial];

    /// The word in policies and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Redact => "redact",
            Self::Constant => "constant",
            Self::Hash => "hash",
            Self::Partial => "partial",
        }
    }

    /// The kind that a word names.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// One column compared.
    Column {
        /// The column.
        column: String,
        /// How.
        op: Op,
        /// With what: a scalar, a list of scalars for `in` and `not_in`, nothing (`null`) for `is_null`.
        value: Value,
    },
    /// At least one holds.
    Any(Vec<Condition>),
    /// All hold.
    All(Vec<Condition>),
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// One of a list.
    In,
    /// None of a list.
    NotIn,
    /// Like a pattern: `%` is any text, `_` any character, `\` takes the next one as it is.
    Like,
    /// Without a value; with `false`, with one.
    IsNull,
}

impl Op {
    /// All of them.
    pub const ALL: [Self; 10] =
        [Self::Eq, Self::Ne, Self::Lt, Self::Le, Self::Gt, Self::Ge, Self::In, Self::NotIn, Self::Like, Self::IsNull];

    /// The word in policies and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Like => "like",
            Self::IsNull => "is_null",
        }
    }

    /// The operator that a word names.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.as_str() == word)
    }

    /// Says what is wrong with a value for this operator.
    ///
    /// # Errors
    /// What it would take.
    pub fn takes(self, value: &Value) -> Result<(), &'static str> {
        let scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        let (fits, wanted) = match self {
            // A comparison with null is true of no row; `is_null` says what is meant.
            Self::Eq | Self::Ne => (scalar(value), "a text, a number or a boolean; for null write `is_null`"),
            Self::Lt | Self::Le | Self::Gt | Self::Ge => (value.is_string() || value.is_number(), "a text or a number"),
            // `NOT IN` with a null is true of no row, and `IN` never finds it.
            Self::In | Self::NotIn => (
                value.as_array().is_some_and(|all| all.iter().all(scalar)),
                "a list or set of texts, numbers and booleans",
            ),
            Self::Like => (value.is_string(), "a text"),
            Self::IsNull => (value.is_null() || value.is_boolean(), "no value, or a boolean"),
        };
        if fits { Ok(()) } else { Err(wanted) }
    }
}

/// Why a request was decided as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The policy, or a word of ours (`access.no_grant`).
    pub rule: String,
    /// In a sentence.
    pub message: String,
}

/// A decision about one request.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessDecision {
    /// Allow or deny.
    pub verdict: Verdict,
    /// Why: grants when it is allowed, otherwise what stood in the way.
    pub reasons: Vec<Reason>,
    /// Empty when it is denied. One a column.
    pub masks: Vec<Mask>,
    /// Empty when it is denied. All of them hold for every row that is shown.
    pub row_filters: Vec<Condition>,
    /// Empty when it is denied.
    pub duties: Vec<Value>,
    /// What failed; any of it denies.
    pub faults: Vec<Fault>,
}

/// The reason when no policy grants.
pub const NO_GRANT: &str = "access.no_grant";
/// The rule of reasons that are faults, before its name.
pub const FAULT: &str = "access.fault";

impl AccessDecision {
    /// A denial by the host itself.
    #[must_use]
    pub fn denied(rule: &str, message: impl Into<String>) -> Self {
        let reason = Reason { rule: rule.to_owned(), message: message.into() };
        Self {
            verdict: Verdict::Deny,
            reasons: vec![reason],
            masks: Vec::new(),
            row_filters: Vec::new(),
            duties: Vec::new(),
            faults: Vec::new(),
        }
    }
}

/// Decides: allowed if there is a grant, no denial and no fault. For each column the strictest mask counts; row filters are
/// joined by "and", duties are all to be done.
#[must_use]
pub fn decide(opinions: Vec<Opinion>, mut faults: Vec<Fault>) -> AccessDecision {
    let reasons = |of: fn(&Opinion) -> &Vec<String>| {
        let said = |opinion: &Opinion| {
            let rule = opinion.rule.clone();
            of(opinion).iter().map(move |message| Reason { rule: rule.clone(), message: message.clone() }).collect()
        };
        let mut all: Vec<Reason> = opinions.iter().flat_map(|opinion| -> Vec<Reason> { said(opinion) }).collect();
        all.sort();
        all.dedup();
        all
    };
    let mut against = reasons(|opinion| &opinion.denials);
    faults.sort();
    let failed =
        |fault: &Fault| Reason { rule: FAULT.to_owned(), message: format!("{}: {}", fault.rule, fault.message) };
    against.extend(faults.iter().map(failed));
    let grants = reasons(|opinion| &opinion.grants);
    if against.is_empty() && grants.is_empty() {
        let message = "no policy grants this access".to_owned();
        against.push(Reason { rule: NO_GRANT.to_owned(), message });
    }
    if !against.is_empty() {
        let denied = AccessDecision::denied("", "");
        return AccessDecision { reasons: against, faults, ..denied };
    }
    // Most engines do not tell `Iban` from `iban`: whoever applies only one of two must apply the stricter.
    let mut masks: BTreeMap<String, Vec<Mask>> = BTreeMap::new();
    let (mut row_filters, mut duties) = (Vec::new(), Vec::new());
    for opinion in opinions {
        for mask in opinion.masks {
            masks.entry(mask.column.to_lowercase()).or_default().push(mask);
        }
        row_filters.extend(opinion.row_filters);
        duties.extend(opinion.duties);
    }
    AccessDecision {
        verdict: Verdict::Allow,
        reasons: grants,
        masks: masks.into_values().filter_map(strictest).collect(),
        row_filters: sorted(row_filters, condition_key),
        duties: sorted(duties, |duty| duty.to_string()),
        faults,
    }
}

/// The strictest of the masks of one column.
fn strictest(mut masks: Vec<Mask>) -> Option<Mask> {
    let column = masks.iter().map(|mask| mask.column.clone()).min()?;
    let salts: BTreeSet<String> = masks
        .iter()
        .filter(|mask| mask.kind == MaskKind::Hash)
        .filter_map(|mask| mask.args.as_ref())
        .map(ToString::to_string)
        .collect();
    // With either of two salts, what the other policy keeps apart could be told apart: as if one had left nothing.
    if salts.len() > 1 {
        masks.push(Mask { column: column.clone(), kind: MaskKind::Redact, args: None });
    }
    let strictest = masks.into_iter().min_by(strictness)?;
    Some(Mask { column, ..strictest })
}

/// Orders two masks of one column, the stricter first. Of two of a kind the one counts that leaves less: fewer characters; a
/// hash that cannot be looked up. Of two that leave the same, any, but always the same.
fn strictness(a: &Mask, b: &Mask) -> Ordering {
    let left = |mask: &Mask| partial(mask.args.as_ref()).map_or(0, |(first, last)| first.saturating_add(last));
    let text = |mask: &Mask| mask.args.as_ref().map(ToString::to_string);
    a.kind.cmp(&b.kind).then_with(|| match a.kind {
        MaskKind::Partial => left(a).cmp(&left(b)).then_with(|| text(a).cmp(&text(b))),
        MaskKind::Hash => a.args.is_none().cmp(&b.args.is_none()).then_with(|| text(a).cmp(&text(b))),
        _ => text(a).cmp(&text(b)),
    })
}

/// How many characters at the start and the end a partial mask leaves; four at the end when it does not say.
#[must_use]
pub fn partial(args: Option<&Value>) -> Option<(u64, u64)> {
    let number = |key: &str| match args.and_then(|args| args.get(key)) {
        None => Some(None),
        Some(value) => value.as_u64().map(Some),
    };
    match (number("first")?, number("last")?) {
        (None, None) => Some((0, 4)),
        (first, last) => Some((first.unwrap_or(0), last.unwrap_or(0))),
    }
}

fn condition_key(condition: &Condition) -> String {
    match condition {
        Condition::Column { column, op, value } => format!("{column}\u{0}{}\u{0}{value}", op.as_str()),
        Condition::Any(all) => format!("\u{1}any{:?}", all.iter().map(condition_key).collect::<Vec<_>>()),
        Condition::All(all) => format!("\u{1}all{:?}", all.iter().map(condition_key).collect::<Vec<_>>()),
    }
}

/// Each once, in an order that does not depend on who said it first.
fn sorted<T>(items: Vec<T>, key: fn(&T) -> String) -> Vec<T> {
    // The usual few need no map.
    if items.len() < 2 {
        return items;
    }
    let keyed: BTreeMap<String, T> = items.into_iter().map(|item| (key(&item), item)).collect();
    keyed.into_values().collect()
}

#[cfg(test)]
mod tests;
