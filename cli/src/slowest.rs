//! The three slowest steps, migrations or databases of a command, for its summary.

use std::time::Duration;

use crate::line::{Line, Tone};
use crate::words::seconds;

/// How many are named. Fewer are on the screen anyway, each with its time.
const NAMED: usize = 3;

/// A command that took less time names none.
const LONG: Duration = Duration::from_secs(5);

/// The slowest pieces of work so far, the slowest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slowest {
    named: Vec<(String, Duration)>,
    number: usize,
}

impl Slowest {
    /// Adds a piece of work. Only the slowest ones are kept.
    pub(crate) fn add(&mut self, name: impl Into<String>, took: Duration) {
        self.number += 1;
        let place = self.named.partition_point(|(_, other)| *other >= took);
        if place < NAMED {
            self.named.insert(place, (name.into(), took));
            self.named.truncate(NAMED);
        }
    }

    /// The line of a summary, if the command took long and did more than the line would name.
    pub(crate) fn line(&self, elapsed: Duration) -> Option<Line> {
        if elapsed < LONG || self.number <= NAMED {
            return None;
        }
        let named = self.named.iter();
        let named = named.map(|(name, took)| format!("{name} ({})", seconds(*took)));
        let named: Vec<String> = named.collect();
        Some(Line::detail(Tone::Plain, "slowest:", &named.join(", ")))
    }
}

impl<N: Into<String>> FromIterator<(N, Duration)> for Slowest {
    fn from_iter<I: IntoIterator<Item = (N, Duration)>>(all: I) -> Slowest {
        let mut slowest = Slowest::default();
        for (name, took) in all {
            slowest.add(name, took);
        }
        slowest
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Slowest;
    use crate::line::Line;

    fn of(times: &[u64]) -> Slowest {
        let times = times.iter().enumerate();
        times
            .map(|(number, seconds)| (format!("t{number}"), Duration::from_secs(*seconds)))
            .collect()
    }

    #[test]
    fn the_three_slowest_are_named_in_order() {
        let line = of(&[1, 7, 3, 9, 2, 3]).line(Duration::from_secs(25));
        let expected = "slowest: t3 (9.0 s), t1 (7.0 s), t2 (3.0 s)";
        assert_eq!(line, Some(Line::Detail(expected.to_owned())));
    }

    #[test]
    fn a_short_command_and_one_of_three_steps_name_none() {
        assert_eq!(of(&[1, 1, 1, 1]).line(Duration::from_secs(4)), None);
        assert_eq!(of(&[3, 3, 3]).line(Duration::from_secs(9)), None);
    }
}
