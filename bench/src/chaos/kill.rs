//! Kills the process with SIGKILL at a random moment.

use std::rc::Rc;

use super::scene::{Reported, Scene};
use super::server::Server;
use super::tree::{Indexes, Shape};
use super::{Setting, Tally, tally};

/// Kills runs whose scripts all run in transactions. Such a run sends a step before the server has
/// answered the previous one.
pub(super) fn transactions(setting: &Setting, tries: usize) -> Tally {
    killed("SIGKILL", Indexes::None, setting, tries)
}

/// Runs with some steps outside a transaction.
pub(super) fn indexes(setting: &Setting, tries: usize) -> Tally {
    killed(
        "SIGKILL, no-transaction",
        Indexes::Concurrent,
        setting,
        tries,
    )
}

/// The next run starts before the server notices the end of the first.
pub(super) fn and_the_next_at_once(setting: &Setting, tries: usize) -> Tally {
    let shape = Shape {
        services: 4,
        each: 16,
        indexes: Indexes::Concurrent,
    };
    let make = || Scene::new(setting, shape, Rc::new(Server::quick()?));
    let fault = "SIGKILL, the next at once";
    tally(fault, setting, tries, make, |scene, _, random| {
        scene.followed(random)
    })
}

fn killed(fault: &str, indexes: Indexes, setting: &Setting, tries: usize) -> Tally {
    let shape = Shape {
        services: 4,
        each: match indexes {
            Indexes::None => 24,
            Indexes::Concurrent => 12,
        },
        indexes,
    };
    let make = || Scene::new(setting, shape, Rc::new(Server::quick()?));
    tally(fault, setting, tries, make, |scene, _, random| {
        scene.interrupted(random, Reported::IsThere, |_, running| running.kill())
    })
}
