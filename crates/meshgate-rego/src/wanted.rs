//! What a definition wants of the input: comparisons of a place in it with constants, without which it does not hold. Slices
//! are chosen by them, and definitions that want different values of one place never hold at once.
//!
//! Deliberately absent: anything that is compared with what is not constant.

use crate::index;
use regorus::Value;
use regorus::unstable::{AssignOp, BoolOp, Expr, Literal, Ref, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// The values that are wanted, by their place in the input.
pub type Wanted = BTreeMap<Vec<String>, BTreeSet<Value>>;

/// The values that a definition wants of the input, by their place: without one of them, it does not hold.
pub fn wanted(rule: &Rule) -> Wanted {
    let mut found = Wanted::new();
    let Rule::Spec { bodies, .. } = rule else { return found };
    // An argument may be called so; then it is not the input.
    if index::locals(rule).contains("input") {
        return found;
    }
    // What an `else` follows may be wanted for not holding.
    let [body] = bodies.as_slice() else { return found };
    for statement in body.query.stmts.iter().filter(|statement| statement.with_mods.is_empty()) {
        let Literal::Expr { expr, .. } = &statement.literal else { continue };
        let condition = match expr.as_ref() {
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } | Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                of_input(lhs)
                    .zip(scalar(rhs))
                    .or_else(|| of_input(rhs).zip(scalar(lhs)))
                    .map(|(steps, value)| (steps, BTreeSet::from([value])))
            }
            Expr::Membership { key: None, value, collection, .. } => {
                let items = match collection.as_ref() {
                    Expr::Array { items, .. } | Expr::Set { items, .. } => items,
                    _ => continue,
                };
                of_input(value).zip(items.iter().map(scalar).collect::<Option<BTreeSet<_>>>())
            }
            _ => None,
        };
        if let Some((steps, values)) = condition {
            found.entry(steps).or_insert(values);
        }
    }
    found
}

fn scalar(expr: &Ref<Expr>) -> Option<Value> {
    match expr.as_ref() {
        Expr::String { value, .. }
        | Expr::RawString { value, .. }
        | Expr::Number { value, .. }
        | Expr::Bool { value, .. }
        | Expr::Null { value, .. } => Some(value.clone()),
        _ => None,
    }
}

/// The steps of `input.a["b"]`.
fn of_input(expr: &Ref<Expr>) -> Option<Vec<String>> {
    let mut steps = Vec::new();
    let mut at = expr;
    loop {
        match at.as_ref() {
            Expr::Var { span, .. } if span.text() == "input" && !steps.is_empty() => {
                steps.reverse();
                return Some(steps);
            }
            Expr::RefDot { refr, field, .. } => {
                steps.push(field.0.text().to_owned());
                at = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                let (Expr::String { value, .. } | Expr::RawString { value, .. }) = index.as_ref() else { return None };
                steps.push(value.as_string().ok()?.to_string());
                at = refr;
            }
            _ => return None,
        }
    }
}
