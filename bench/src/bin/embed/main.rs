//! Times how long it takes to embed migrations and to start: migrator beside diesel.
//!
//! `cargo run --release -p migrator-bench --bin embed -- [ROUNDS [SIZE…]] [--json FILE]`
//!
//! For each size, and for 10 migrations, it writes crates with the same scripts and builds them in
//! turns from compiled dependencies, in the debug and in the release profile. `anew` is the
//! processor time of a build of the whole crate with its build script, and `edit` of a build after
//! one script was edited. Then it runs the programs, which time their own start and the look-ups in
//! the registry, and compares their sizes. Nothing is downloaded.

#![expect(clippy::print_stdout, reason = "the program prints figures")]

mod builds;
mod leaf;
mod measurements;

use std::error::Error;
use std::fs;
use std::path::Path;

use builds::{Profile, Work, Workspace};
use measurements::Measurements;
use migrator_figures::Report;

fn main() -> Result<(), Box<dyn Error>> {
    let command = "cargo run --release -p migrator-bench --bin embed --";
    let (mut report, arguments) = Report::new(command, std::env::args().skip(1));
    let mut arguments = arguments.into_iter();
    let rounds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let mut sizes = vec![10];
    sizes.extend(
        arguments
            .map(|text| text.parse())
            .collect::<Result<Vec<usize>, _>>()?,
    );
    if sizes.len() == 1 {
        sizes.extend([100, 1_000, 5_000]);
    }
    let folder = std::env::temp_dir().join(format!("migrator-embed-{}", std::process::id()));
    let measured = measure(&folder, &sizes, rounds);
    fs::remove_dir_all(&folder)?;
    let measured = measured?;
    report.locked(
        "diesel_migrations",
        include_str!("../../../peers/Cargo.lock"),
    );
    report.set(measured.table("builds", &Work::BUILDS, &sizes));
    report.set(measured.table("programs", &Work::PROGRAMS, &sizes));
    report.save()?;
    print!("{report}");
    Ok(())
}

fn measure(folder: &Path, sizes: &[usize], rounds: usize) -> Result<Measurements, Box<dyn Error>> {
    let workspace = Workspace::create(folder, sizes)?;
    let mut measured = Measurements::default();
    for profile in Profile::ALL {
        workspace.warm(profile)?;
        for round in 0..rounds {
            for leaf in workspace.leaves() {
                for work in Work::BUILDS.into_iter().chain(Work::PROGRAMS) {
                    let value = workspace.measure(leaf, profile, work, round)?;
                    if let Some(value) = value {
                        measured.add(profile, work, leaf.size, leaf.kind, value);
                    }
                }
            }
        }
    }
    Ok(measured)
}
