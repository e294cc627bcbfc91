//! Differences of today's engine that are known, by construct, with an example each. What is made right is taken off: an entry
//! whose example does not differ any more fails the run, and so does one that covers too much.
//!
//! Deliberately absent: reasons that cannot be told from a case that was made small.

use super::opa::Opa;
use super::{Case, Found, Outcome, differs};

/// A known difference.
struct Known {
    /// What differs.
    name: &'static str,
    /// Does this difference belong to it?
    fits: fn(&Found) -> bool,
    /// A module that shows it, and its input.
    example: (&'static str, &'static str),
}

/// The list.
const KNOWN: &[Known] = &[];

/// Of all that was compared, what one entry may cover.
const SHARE_MAX: f64 = 0.02;

/// The entry that a difference belongs to.
pub fn entry(found: &Found) -> Option<&'static str> {
    KNOWN.iter().find(|known| (known.fits)(found)).map(|known| known.name)
}

/// Says what is wrong with the list: entries that differ no more, and, after a run of all kinds, those that cover too much.
pub fn hold(outcome: &mut Outcome, is_whole: bool) {
    let Ok(Some(mut opa)) = Opa::start() else { return };
    for known in KNOWN {
        let (text, input) = known.example;
        let case = Case::of(text).with(Some(input.to_owned()));
        match differs(&mut opa, &case) {
            None => outcome.remarks.push(format!("`{}` differs no more: take it off the list", known.name)),
            Some((difference, _, ours, theirs)) => {
                let found = Found { of: "example".to_owned(), case, difference, ours, opa: theirs };
                if !(known.fits)(&found) {
                    outcome.remarks.push(format!("the example of `{}` does not belong to it", known.name));
                }
            }
        }
        let count = outcome.excluded.get(known.name).copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "counts of one run")]
        let share = count as f64 / outcome.total().max(1) as f64;
        if is_whole && share > SHARE_MAX {
            outcome.remarks.push(format!("`{}` covers {:.1} % of all", known.name, share * 100.0));
        }
    }
}
