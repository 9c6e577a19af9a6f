//! Injects faults at random moments, and checks the result of each with one judge.
//!
//! A *scene* is a server with a database, and the command under test. The command runs as a
//! separate process, and resolves its registry when it starts. A seed determines the faults; the
//! same check (`judge`) follows each. The program `chaos` tries every fault often,
//! `bench/tests/chaos.rs` a few times.

mod crash;
mod crowd;
mod cut;
mod ended;
mod failover;
mod index;
mod judge;
mod kill;
mod pooler;
mod random;
mod scene;
mod server;
mod tree;
mod victim;

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use random::Random;
pub use tree::{Indexes, Shape, VARIABLE, registry};

/// What went wrong: a loss, or a fault that could not be injected, which counts as a loss.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// How a part runs.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The program that acts as the command when [`VARIABLE`] is set.
    pub program: PathBuf,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The number of tries, in place of the part's own number.
    pub tries: Option<usize>,
    /// Arguments for every `up` and `down`.
    pub extra: Vec<String>,
}

/// The results of a fault.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The fault.
    pub fault: String,
    /// The number of tries.
    pub tries: usize,
    /// How often the fault hit a run in the middle: after its first step and before its last.
    pub midway: usize,
    /// The losses, as text.
    pub losses: Vec<String>,
    /// How long all tries took.
    pub took: Duration,
    /// The seed of the random numbers.
    pub seed: u64,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The name of the part on the command line.
    pub name: &'static str,
    /// The default number of tries. A part with fewer cases makes fewer tries.
    pub tries: usize,
    /// Runs the part.
    pub run: fn(&Setting, usize) -> Tally,
}

/// Every kind of fault.
pub const PARTS: &[Part] = &[
    Part {
        name: "kill",
        tries: 140,
        run: kill::transactions,
    },
    Part {
        name: "kill-indexes",
        tries: 60,
        run: kill::indexes,
    },
    Part {
        name: "kill-next",
        tries: 60,
        run: kill::and_the_next_at_once,
    },
    Part {
        name: "kill-waiting",
        tries: 10,
        run: crowd::killed_in_a_step,
    },
    Part {
        name: "lock-lost",
        tries: 10,
        run: crowd::without_its_lock,
    },
    Part {
        name: "ended",
        tries: 60,
        run: ended::at_random,
    },
    Part {
        name: "crash",
        tries: 50,
        run: crash::at_random,
    },
    Part {
        name: "failover",
        tries: 20,
        run: failover::at_random,
    },
    Part {
        name: "cut",
        tries: usize::MAX,
        run: cut::everywhere,
    },
    Part {
        name: "restart",
        tries: 10,
        run: crowd::under_a_waiting_one,
    },
    Part {
        name: "crowd-empty",
        tries: 5,
        run: crowd::on_nothing,
    },
    Part {
        name: "crowd-pending",
        tries: 5,
        run: crowd::on_pending,
    },
    Part {
        name: "crowd-small",
        tries: 5,
        run: crowd::on_a_small_server,
    },
    Part {
        name: "ages",
        tries: 10,
        run: crowd::of_two_ages,
    },
    Part {
        name: "deploys",
        tries: 10,
        run: crowd::side_by_side,
    },
    Part {
        name: "index",
        tries: 10,
        run: index::while_others_wait,
    },
    Part {
        name: "index-killed",
        tries: 30,
        run: index::broken,
    },
    Part {
        name: "pooler-transaction",
        tries: 20,
        run: pooler::by_transaction,
    },
    Part {
        name: "pooler-small",
        tries: 20,
        run: pooler::by_transaction_small,
    },
    Part {
        name: "pooler-session",
        tries: 20,
        run: pooler::by_session,
    },
];

impl Part {
    /// Tries the fault as often as the setting says, or else the part's own number of times.
    #[must_use]
    pub fn tally(&self, setting: &Setting) -> Tally {
        (self.run)(setting, setting.tries.unwrap_or(self.tries))
    }
}

/// When a fault hit a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Struck {
    /// Some steps were done, and some were not.
    Midway,
    /// No step was done, or every step.
    Aside,
}

/// Runs the tries, in a scene that is set up again after each loss.
fn tally<S>(
    fault: &str,
    setting: &Setting,
    tries: usize,
    mut make: impl FnMut() -> Outcome<S>,
    mut attempt: impl FnMut(&mut S, usize, &mut Random) -> Outcome<Struck>,
) -> Tally {
    let started = Instant::now();
    let mut random = Random::new(setting.seed);
    let (mut scene, mut midway, mut losses) = (None, 0, Vec::new());
    for number in 0..tries {
        let outcome = match scene.take().map_or_else(&mut make, Ok) {
            Ok(mut place) => attempt(&mut place, number, &mut random).map(|struck| (place, struck)),
            Err(error) => Err(error),
        };
        match outcome {
            Ok((place, struck)) => {
                scene = Some(place);
                midway += usize::from(struck == Struck::Midway);
            }
            Err(error) => losses.push(format!("try {number}: {error}")),
        }
    }
    Tally {
        fault: fault.to_owned(),
        tries,
        midway,
        losses,
        took: started.elapsed(),
        seed: setting.seed,
    }
}
