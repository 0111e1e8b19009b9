//! Numbers drawn from a seed: the same on every machine and in every run.

use std::time::Duration;

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice for a seed. Neighbouring seeds roll nothing alike.
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed ^ 0x5DEE_CE66_D1CE_4E5B);
        dice.draw();
        dice
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Dice of their own for a part of the play, so that what one part draws does not move the others.
    pub fn fork(&mut self) -> Self {
        Self(self.draw())
    }

    /// From 0 to `sides - 1`.
    pub fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.draw() % sides.max(1) as u64).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.draw() % width).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }

    /// One of several by weight.
    pub fn weighted<T: Copy>(&mut self, of: &[(usize, T)]) -> T {
        let mut at = self.roll(of.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in of {
            if at < *weight {
                return *one;
            }
            at -= weight;
        }
        of[0].1
    }

    /// A time between two numbers of seconds.
    pub fn seconds(&mut self, low: i64, high: i64) -> Duration {
        Duration::from_secs(u64::try_from(self.between(low, high)).unwrap_or(0))
    }
}
