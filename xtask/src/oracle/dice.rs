//! Where a generator takes its choices from: a seed, or choices that were made before. What is made from fewer and smaller
//! choices is a smaller case, so that a case is made smaller by its choices alone, whatever it is of.
//!
//! Deliberately absent: what is chosen.

/// Choices. The first of every alternative is the simplest: choices that are left out count as that.
#[derive(Debug)]
pub struct Dice {
    given: Vec<u32>,
    drawn: Vec<u32>,
    state: Option<u64>,
}

impl Dice {
    /// Choices of a seed.
    pub const fn seeded(seed: u64) -> Self {
        // The seeds of a run are neighbours; the first numbers must not be.
        let state = (seed ^ 0x5eed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { given: Vec::new(), drawn: Vec::new(), state: Some(state) }
    }

    /// Choices that were made before, and the simplest behind them.
    pub const fn again(given: Vec<u32>) -> Self {
        Self { given, drawn: Vec::new(), state: None }
    }

    /// One of so many.
    pub fn below(&mut self, many: usize) -> usize {
        let many = u32::try_from(many.max(1)).unwrap_or(u32::MAX);
        let one = match (&mut self.state, self.given.get(self.drawn.len())) {
            (Some(state), _) => {
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                u32::try_from((*state >> 32) % u64::from(many)).unwrap_or_default()
            }
            (None, Some(given)) => (*given).min(many - 1),
            (None, None) => 0,
        };
        self.drawn.push(one);
        usize::try_from(one).unwrap_or_default()
    }

    /// Does what happens so many times of a hundred happen?
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100_usize.saturating_sub(percent)
    }

    /// One of these.
    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// What was chosen.
    pub fn drawn(self) -> Vec<u32> {
        self.drawn
    }
}
