//! Which questions are quick: those whose evaluations were, time after time. They are answered on the thread that has the
//! connection, since handing them over would cost more than the answer.
//!
//! Deliberately absent: trust in the past. Whoever runs a quick one bounds its time, and hands it over when that is up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What is quick.
const QUICK: Duration = Duration::from_micros(500);
/// The most that a score can be; each quick evaluation counts one.
const BEST: i32 = 128;
/// From which score on a question is quick.
const ENOUGH: i32 = 64;
/// What a slow evaluation costs. Now and then one is slow because the machine had other things to do.
const COST: i32 = 24;
/// Questions that are known at once.
const KNOWN_MAX: usize = 4_096;

/// The score of one question.
#[derive(Debug, Default)]
pub struct Pace(AtomicI32);

impl Pace {
    /// Is it quick?
    pub fn is_quick(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= ENOUGH
    }

    /// Learns how long one evaluation took.
    pub fn learn(&self, took: Duration) {
        let change = if took <= QUICK { 1 } else { -COST };
        let score = self.0.load(Ordering::Relaxed);
        let now = score.saturating_add(change).clamp(0, BEST);
        // At its best there is nothing to write, and no cache line to fight for.
        if now != score {
            self.0.store(now, Ordering::Relaxed);
        }
    }
}

/// All questions that are known.
#[derive(Debug, Default)]
pub struct Paces(RwLock<HashMap<String, Arc<Pace>>>);

impl Paces {
    /// The pace of a question.
    pub fn of(&self, question: &str) -> Arc<Pace> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(question).map(Arc::clone);
        known.unwrap_or_else(|| {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            // Invented questions must not keep true ones out: all are learnt anew.
            if all.len() >= KNOWN_MAX {
                all.clear();
            }
            Arc::clone(all.entry(question.to_owned()).or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_quick_after_many_quick_answers_and_not_after_a_few_slow_ones() {
        let paces = Paces::default();
        let pace = paces.of("a");
        (0..ENOUGH - 1).for_each(|_| pace.learn(Duration::from_micros(5)));
        assert!(!paces.of("a").is_quick());
        (0..BEST).for_each(|_| pace.learn(Duration::from_micros(5)));
        assert!(paces.of("a").is_quick() && !paces.of("b").is_quick());
        pace.learn(Duration::from_millis(1));
        assert!(pace.is_quick());
        (0..3).for_each(|_| pace.learn(Duration::from_millis(1)));
        assert!(!pace.is_quick());
    }
}
