//! The measurements of all rounds, and their tables.

use std::collections::BTreeMap;

use migrator_figures::{Table, Value, json};

use crate::builds::{Profile, Work};
use crate::leaf::Kind;

/// All measurements.
#[derive(Default)]
pub(crate) struct Measurements(BTreeMap<(Profile, Work, usize, Kind), Vec<f64>>);

impl Measurements {
    pub(crate) fn add(
        &mut self,
        profile: Profile,
        work: Work,
        size: usize,
        kind: Kind,
        value: f64,
    ) {
        let key = (profile, work, size, kind);
        self.0.entry(key).or_default().push(value);
    }

    /// A row for each profile, work and size: all rounds of each variant, in the unit of the work,
    /// and the ratio of the median to that of diesel.
    pub(crate) fn table(&self, name: &str, works: &[Work], sizes: &[usize]) -> Table {
        let mut heads = vec!["build", "work", "migrations"];
        for kind in Kind::ALL {
            heads.push(kind.name());
            if kind != Kind::Diesel {
                heads.push("ratio");
            }
        }
        let mut table = Table::new(name, &heads);
        for profile in Profile::ALL {
            for &work in works {
                for &size in sizes {
                    table.push(self.row(profile, work, size));
                }
            }
        }
        table
    }

    fn row(&self, profile: Profile, work: Work, size: usize) -> Vec<Value> {
        let of = |kind| self.0.get(&(profile, work, size, kind));
        let diesel = of(Kind::Diesel).map(|rounds| median(rounds));
        let unit = format!("{}, {}", work.name(), work.unit());
        let mut row = vec![json!(profile.name()), json!(unit), json!(size)];
        for kind in Kind::ALL {
            let rounds = of(kind);
            row.push(json!(rounds));
            if kind != Kind::Diesel {
                let both = rounds.zip(diesel);
                row.push(json!(both.map(|(rounds, diesel)| median(rounds) / diesel)));
            }
        }
        row
    }
}

fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
