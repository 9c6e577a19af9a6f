//! The server stopped in immediate mode at a random moment, and started again.

use std::rc::Rc;

use super::scene::{Scene, Told};
use super::server::Server;
use super::tree::{Indexes, Shape};
use super::{Setting, Tally, tally};

/// A server that keeps what was committed and waited for, and loses the rest.
pub(super) fn at_random(setting: &Setting, tries: usize) -> Tally {
    let shape = Shape {
        services: 4,
        each: 8,
        indexes: Indexes::Concurrent,
    };
    let make = || Scene::new(setting, shape, Rc::new(Server::durable()?));
    tally(
        "server stopped, immediate",
        setting,
        tries,
        make,
        |scene, _, random| {
            scene.interrupted(random, Told::MayBeLost, |server, _| {
                Ok(server.throwaway.crash()?)
            })
        },
    )
}
