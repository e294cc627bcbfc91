//! What of the code is done once instead of at each evaluation: calls are shortened, names below `data` are looked up, and
//! what loops look up again and again is given a place.
//!
//! Deliberately absent: anything that changes an answer.

use super::code::{Op, Place, Register, Step};
use regorus::Value;
use std::collections::BTreeSet;
use std::mem;

/// A call of a builtin that regorus does not know was compiled to pack its arguments and to look whether all are there. Our
/// calls do so themselves.
pub fn shorten(ops: &mut [Op]) {
    for at in 0..ops.len() {
        let short = match ops.get(at..at + 6) {
            Some(
                [
                    Op::Array { to: packed, items },
                    Op::Move { to: before, from },
                    Op::Not { to: missing, from: looked_at },
                    Op::JumpIf { register, place },
                    Op::Literal { .. },
                    Op::Call { to, builtin, arguments },
                ],
            ) if packed == from
                && packed == looked_at
                && missing == register
                && before == to
                && items == arguments
                && *place == at + 6 =>
            {
                Op::Call { to: *to, builtin: *builtin, arguments: arguments.clone() }
            }
            _ => continue,
        };
        if let Some([call, jump]) = ops.get_mut(at..at + 2) {
            *call = short;
            *jump = Op::Jump { place: at + 6 };
        }
    }
}

/// How many steps of a path are names, before one that is known only when it is run.
fn names(steps: &[Step]) -> usize {
    steps.iter().take_while(|step| matches!(step, Step::Name(_))).count()
}

/// Lets paths in loops keep where their first names lead; returns how many do.
pub fn keep(ops: &mut [Op]) -> usize {
    let loops: Vec<(Place, Place)> = ops
        .iter()
        .enumerate()
        .filter_map(|(at, op)| match op {
            Op::Loop { over, .. } | Op::Comprehend { over, .. } => Some((at, over.end)),
            _ => None,
        })
        .collect();
    let mut kept = 0;
    for (begins, ends) in loops {
        for op in ops.get_mut(begins..ends).unwrap_or_default() {
            if let Op::Path { to, root, steps } = op
                && names(steps) > 0
            {
                *op = Op::Again { to: *to, root: *root, kept, names: names(steps), steps: mem::take(steps) };
                kept += 1;
            }
        }
    }
    kept
}

/// Looks up names that begin at `data`, where nothing else can be in the register that they begin at.
pub fn settle(ops: &mut [Op], data: &Value) {
    for body in ops.split_inclusive_mut(|op| matches!(op, Op::End | Op::Return { .. })) {
        let mut of_data: BTreeSet<Register> = BTreeSet::new();
        for op in &*body {
            if let Op::Data { to } = op {
                of_data.insert(*to);
            }
        }
        for op in body.iter().filter(|op| !matches!(op, Op::Data { .. })) {
            op.writes(|register| {
                of_data.remove(&register);
            });
        }
        for op in body {
            let (Op::Path { to, root, steps } | Op::Again { to, root, steps, .. }) = op else { continue };
            if !of_data.contains(root) {
                continue;
            }
            let (mut part, mut rest) = (data, &**steps);
            while let [Step::Name(name), below @ ..] = rest {
                (part, rest) = (&part[name], below);
            }
            *op = Op::Below { to: *to, part: part.clone(), steps: rest.into() };
        }
    }
}

impl Op {
    /// The registers that it writes to.
    fn writes(&self, mut tell: impl FnMut(Register)) {
        match self {
            Self::Literal { to, .. }
            | Self::Data { to }
            | Self::Input { to }
            | Self::Move { to, .. }
            | Self::Compare { to, .. }
            | Self::Either { to, .. }
            | Self::Not { to, .. }
            | Self::Call { to, .. }
            | Self::Function { to, .. }
            | Self::Rule { to, .. }
            | Self::Path { to, .. }
            | Self::Again { to, .. }
            | Self::Below { to, .. }
            | Self::Document { to, .. }
            | Self::Array { to, .. }
            | Self::Set { to, .. }
            | Self::Object { to, .. }
            | Self::Contains { to, .. }
            | Self::Count { to, .. } => tell(*to),
            Self::Put { object, .. } => tell(*object),
            Self::Add { set, .. } => tell(*set),
            Self::Loop { over, .. } | Self::Comprehend { over, .. } => {
                for register in [over.key, over.value, over.result] {
                    tell(register);
                }
            }
            // What a comprehension gathers is told where it begins.
            Self::Same { .. }
            | Self::Guard { .. }
            | Self::Jump { .. }
            | Self::JumpIf { .. }
            | Self::Begin
            | Self::End
            | Self::Return { .. }
            | Self::Next
            | Self::Yield { .. }
            | Self::Comprehended => {}
        }
    }
}
