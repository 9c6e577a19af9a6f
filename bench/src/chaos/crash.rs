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
        // The last is no index, whose commits wait for the disk by themselves.
        each: 9,
        indexes: Indexes::Concurrent,
    };
    let make = || Scene::new(setting, shape, Rc::new(Server::durable()?));
    let fault = "server stopped, immediate";
    tally(fault, setting, tries, make, |scene, number, random| {
        scene.interrupted(random, Told::MayBeLost, |server, running| {
            // What a run has promised by its end must be there at once.
            if number % 4 == 0 {
                running.wait()?;
            }
            Ok(server.throwaway.crash()?)
        })
    })
}
