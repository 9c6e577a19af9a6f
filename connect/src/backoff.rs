//! How long a caller pauses before it tries again.
//!
//! The pauses double from [`FIRST_PAUSE`] to [`LONGEST_PAUSE`], and [`jitter`] varies each of
//! them:
//!
//! ```
//! use migrator_connect::backoff::{FIRST_PAUSE, LONGEST_PAUSE, jitter};
//!
//! let mut pause = FIRST_PAUSE;
//! for _attempt in 0..10 {
//!     let sleep = jitter(pause);
//!     assert!(sleep <= pause && pause <= LONGEST_PAUSE);
//!     pause = (pause * 2).min(LONGEST_PAUSE);
//! }
//! ```

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// The first pause between two attempts. Callers double it up to [`LONGEST_PAUSE`].
pub const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause between two attempts.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Returns a random time between a half of `pause` and the whole of it, so that many waiting
/// processes do not try at the same moment.
#[must_use]
pub fn jitter(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(());
    pause * (512 + u32::try_from(random % 512).unwrap_or(0)) / 1024
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_PAUSE, jitter};

    #[test]
    fn a_jittered_pause_is_between_a_half_and_the_whole() {
        let pauses: Vec<_> = (0..1_000).map(|_| jitter(LONGEST_PAUSE)).collect();
        let half = LONGEST_PAUSE / 2;
        assert!(
            pauses
                .iter()
                .all(|pause| (half..=LONGEST_PAUSE).contains(pause))
        );
        assert!(
            pauses.iter().any(|pause| *pause != pauses[0]),
            "the pauses vary"
        );
    }
}
