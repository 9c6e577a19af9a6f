//! Prints the measurements as tables.

use std::collections::BTreeMap;

use crate::builds::{Profile, Work};
use crate::leaf::Kind;

/// All measurements.
#[derive(Default)]
pub(crate) struct Report {
    measured: BTreeMap<(Profile, Work, usize, Kind), Vec<f64>>,
}

impl Report {
    pub(crate) fn add(
        &mut self,
        profile: Profile,
        work: Work,
        size: usize,
        kind: Kind,
        value: f64,
    ) {
        let key = (profile, work, size, kind);
        self.measured.entry(key).or_default().push(value);
    }

    /// Prints a line for each size and kind: the median and all rounds, in the unit of the work,
    /// and the ratio of the median to that of diesel.
    pub(crate) fn print(&self, profile: Profile, work: Work, sizes: &[usize]) {
        println!(
            "\n{:>8} {:>8} {:>8} {:>10} {:>10}  rounds",
            profile.name(),
            work.name(),
            "",
            work.unit(),
            "of diesel"
        );
        for &size in sizes {
            let of = |kind| self.measured.get(&(profile, work, size, kind));
            let diesel = of(Kind::Diesel).map(|rounds| median(rounds));
            for kind in Kind::ALL {
                let Some(rounds) = of(kind) else { continue };
                let ratio = diesel.map(|diesel| format!("{:.2}", median(rounds) / diesel));
                let all: Vec<String> = rounds.iter().map(|one| format!("{one:.3}")).collect();
                println!(
                    "{:>8} {size:>8} {:>8} {:>10.3} {:>10}  {}",
                    "",
                    kind.name(),
                    median(rounds),
                    ratio.as_deref().unwrap_or("-"),
                    all.join(" ")
                );
            }
        }
    }
}

fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
