//! Makes a case that shows a difference as small as it gets: fewer and smaller choices, and fewer inputs.
//!
//! Deliberately absent: any knowledge of Rego; a case is made again from its choices.

use super::case::Case;
use super::compare::Difference;
use std::time::{Duration, Instant};

/// Cases that are tried.
const TRIES_MAX: usize = 300;
/// How long they are tried; some take OPA for long.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Makes choices smaller while the case made of them still shows the difference.
pub fn shrink(
    mut choices: Vec<u32>,
    wanted: &Difference,
    mut make: impl FnMut(Vec<u32>) -> Case,
    mut shown: impl FnMut(&Case) -> Option<Difference>,
) -> Case {
    let mut best = make(choices.clone());
    let began = Instant::now();
    let mut tries = 0;
    let mut is_shown = |choices: &[u32], best: &mut Case, tries: &mut usize| {
        let case = make(choices.to_vec());
        if case == *best {
            return true;
        }
        *tries += 1;
        if began.elapsed() > TIME_MAX {
            *tries = TRIES_MAX;
        }
        let holds = shown(&case).as_ref() == Some(wanted);
        if holds {
            *best = case;
        }
        holds
    };
    loop {
        let before = choices.clone();
        let mut size = (choices.len() / 2).max(1);
        while size > 0 && tries < TRIES_MAX {
            let mut at = choices.len();
            while at > 0 && tries < TRIES_MAX {
                let from = at.saturating_sub(size);
                let mut shorter = choices.clone();
                shorter.drain(from..at);
                if is_shown(&shorter, &mut best, &mut tries) {
                    choices = shorter;
                } else if choices[from..at].iter().any(|one| *one != 0) {
                    let mut simpler = choices.clone();
                    simpler[from..at].fill(0);
                    if is_shown(&simpler, &mut best, &mut tries) {
                        choices = simpler;
                    }
                }
                at = from.min(choices.len());
            }
            size /= 2;
        }
        for at in 0..choices.len() {
            let one = choices[at];
            for smaller in [one / 2, one.saturating_sub(1)] {
                if smaller < choices[at] && tries < TRIES_MAX {
                    let mut simpler = choices.clone();
                    simpler[at] = smaller;
                    if is_shown(&simpler, &mut best, &mut tries) {
                        choices = simpler;
                    }
                }
            }
        }
        if choices == before || tries >= TRIES_MAX {
            return best;
        }
    }
}
