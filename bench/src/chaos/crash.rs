//! Stops the server in immediate mode at a random moment, and starts it again.

use std::rc::Rc;

use super::scene::{Reported, Scene};
use super::server::Server;
use super::tree::{Indexes, Shape};
use super::{Setting, Tally, tally};

/// On a server that keeps every commit that waited for the disk, and loses the others.
pub(super) fn at_random(setting: &Setting, tries: usize) -> Tally {
    let shape = Shape {
        services: 4,
        // The last migration is not an index, whose commits always wait for the disk.
        each: 9,
        indexes: Indexes::Concurrent,
    };
    let make = || Scene::new(setting, shape, Rc::new(Server::durable()?));
    let fault = "server stopped, immediate";
    tally(fault, setting, tries, make, |scene, number, random| {
        scene.interrupted(random, Reported::MayBeLost, |server, running| {
            // Whatever a run has reported by its end must be there at once.
            if number % 4 == 0 {
                running.wait()?;
            }
            Ok(server.throwaway.crash()?)
        })
    })
}
