//! Random numbers that depend only on a seed.

use std::time::Duration;

/// A generator: Steele, Lea and Flood's `SplitMix64`.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random pause, up to `longest`.
    pub fn within(&mut self, longest: Duration) -> Duration {
        let part = u32::try_from(self.number() % 10_000).unwrap_or_default();
        longest * part / 10_000
    }

    /// A random number from 0, less than `choices`.
    pub fn below(&mut self, choices: usize) -> usize {
        let choices = u64::try_from(choices.max(1)).unwrap_or(1);
        usize::try_from(self.number() % choices).unwrap_or_default()
    }
}
