//! How many failures stop a fleet.

use std::num::{NonZeroU8, NonZeroUsize};

/// How many databases may fail before a fleet starts no further database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureLimit {
    /// The fleet starts no further database after this number of failures.
    Number(NonZeroUsize),
    /// The fleet starts no further database while more than this percentage of the databases that
    /// have ended have failed. One failure is always allowed.
    Percent(NonZeroU8),
}

impl From<NonZeroUsize> for FailureLimit {
    fn from(number: NonZeroUsize) -> FailureLimit {
        FailureLimit::Number(number)
    }
}

impl FailureLimit {
    /// Whether no further database may start, after this number of failures and ends.
    pub(super) fn is_reached(self, failed: usize, ended: usize) -> bool {
        match self {
            FailureLimit::Number(number) => failed >= number.get(),
            FailureLimit::Percent(percent) => {
                failed > 1 && failed * 100 > usize::from(percent.get()) * ended
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU8, NonZeroUsize};

    use super::FailureLimit;

    #[test]
    fn a_percentage_counts_the_databases_that_have_ended() {
        let limit = FailureLimit::Percent(NonZeroU8::MIN);
        for (failed, ended, reached) in [
            (0, 0, false),
            (1, 1, false),
            (2, 2, true),
            (2, 199, true),
            (2, 200, false),
            (21, 2_000, true),
        ] {
            assert_eq!(
                limit.is_reached(failed, ended),
                reached,
                "{failed} of {ended}"
            );
        }
        let limit = FailureLimit::from(NonZeroUsize::MIN);
        assert!(limit.is_reached(1, 1_000) && !limit.is_reached(0, 1_000));
    }
}
