//! Cuts the connection before, in the middle of, and after each message of a run.

use std::rc::Rc;

use super::judge::Rest;
use super::scene::{DOWN, Reported, Scene, UP, Way};
use super::server::Server;
use super::tree::{Indexes, Shape};
use super::{Outcome, Random, Setting, Struck, Tally, tally};
use crate::proxy::{Cut, Proxy, Share, Spot};

/// A database behind a proxy.
struct Behind {
    scene: Scene,
    proxy: Proxy,
    /// The cuts that were not tried yet, with the direction of the run.
    left: Vec<(Going, Cut)>,
}

/// The direction of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    Up,
    Down,
}

/// Cuts at every message of both sides of a run up and a run down, on every connection. With
/// fewer tries, cuts at random messages.
pub(super) fn everywhere(setting: &Setting, tries: usize) -> Tally {
    // If there is no message, the first try reports that.
    let cuts = Behind::new(setting).map(|behind| behind.left);
    let mut cuts = cuts.unwrap_or_default();
    let tries = tries.min(cuts.len().max(1));
    let mut pick = Random::new(setting.seed);
    let picked = (0..tries.min(cuts.len())).map(|_| cuts.swap_remove(pick.below(cuts.len())));
    let mut picked: Vec<_> = picked.collect();
    // A run down needs all migrations applied first.
    picked.sort_by_key(|(going, _)| *going == Going::Up);
    let make = || Behind::new(setting);
    tally(
        "connection cut",
        setting,
        tries,
        make,
        |behind, _, random| {
            let (going, cut) = picked.pop().ok_or("there is no message to cut")?;
            behind.cut(going, cut, random)
        },
    )
}

impl Behind {
    fn new(setting: &Setting) -> Outcome<Behind> {
        let shape = Shape {
            services: 2,
            each: 2,
            indexes: Indexes::None,
        };
        let server = Rc::new(Server::quick()?);
        let url = server.database()?;
        let proxy = Proxy::start(&server.socket())?;
        let database = url.rsplit('/').next().unwrap_or_default();
        let port = proxy.port();
        let way = Way {
            through: format!("postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable"),
            rest: Rest::NoSession,
            url,
        };
        let mut scene = Scene::through(setting, shape, server, way)?;
        let mut left = Vec::new();
        for (going, arguments) in [(Going::Up, UP), (Going::Down, DOWN)] {
            proxy.begin(None);
            scene.finish(arguments)?;
            left.extend(
                proxy
                    .seen()
                    .into_iter()
                    .flat_map(|spot| places(going, spot)),
            );
        }
        proxy.begin(None);
        Ok(Behind { scene, proxy, left })
    }

    fn cut(&mut self, going: Going, cut: Cut, random: &mut Random) -> Outcome<Struck> {
        let (arguments, back) = match going {
            Going::Up => (UP, DOWN),
            Going::Down => (DOWN, UP),
        };
        let is_up = going == Going::Up;
        let there = self.scene.judge.look(&self.scene.server, &self.scene.url)?;
        if there.applied.is_empty() != is_up {
            self.scene.finish(back)?;
        }
        self.proxy.begin(Some(cut));
        let ended = self.scene.victim.run(&self.scene.through, arguments)?;
        self.proxy.begin(None);
        let state = self.scene.judged(&ended, is_up, Reported::IsThere);
        let state = state.map_err(|error| format!("{going:?} {cut:?}: {error}: {ended:?}"))?;
        let next = if random.below(2) == 0 {
            back
        } else {
            arguments
        };
        let finished = self.scene.finish(next);
        finished.map_err(|error| format!("{going:?} {cut:?}, then {next:?}: {error}"))?;
        Ok(self.scene.struck(&state))
    }
}

fn places(going: Going, spot: Spot) -> impl Iterator<Item = (Going, Cut)> {
    let shares = [Share::Nothing, Share::Half, Share::All];
    shares
        .into_iter()
        .map(move |share| (going, Cut { spot, share }))
}
