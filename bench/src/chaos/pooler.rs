//! Runs the command behind `PgBouncer`, in transaction mode and in session mode.

use std::rc::Rc;

use migrator_localpg::Pooler;

use super::judge::Rest;
use super::scene::{DOWN, Reported, Scene, UP, Way};
use super::server::Server;
use super::tree::{Indexes, Shape};
use super::{Outcome, Random, Setting, Struck, Tally, tally};

const SHAPE: Shape = Shape {
    services: 4,
    each: 12,
    indexes: Indexes::Concurrent,
};

/// The settings of a pooler.
#[derive(Clone, Copy, Debug)]
struct Mode {
    name: &'static str,
    settings: &'static str,
    kills: Kills,
}

/// Whether runs are killed as well.
#[derive(Clone, Copy, Debug)]
enum Kills {
    Some,
    /// In session mode, `PgBouncer` 1.18 reuses a session while messages of a killed client are
    /// still in progress. It sends its reset query in the middle of them, and the next client may
    /// then wait for ever.
    None,
}

/// Two runs at once need two sessions each: one for the lock, and one that works.
const MODES: [Mode; 3] = [
    Mode {
        name: "transaction",
        settings: "pool_mode = transaction\ndefault_pool_size = 10",
        kills: Kills::Some,
    },
    Mode {
        name: "transaction, small",
        settings: "pool_mode = transaction\ndefault_pool_size = 4\nserver_reset_query =",
        kills: Kills::Some,
    },
    Mode {
        name: "session",
        settings: "pool_mode = session\ndefault_pool_size = 10",
        kills: Kills::None,
    },
];

/// A database behind a pooler.
struct Pooled {
    scene: Scene,
    _pooler: Pooler,
}

/// In transaction mode.
pub(super) fn by_transaction(setting: &Setting, tries: usize) -> Tally {
    behind(MODES[0], setting, tries)
}

/// In transaction mode, with few connections and without a reset query.
pub(super) fn by_transaction_small(setting: &Setting, tries: usize) -> Tally {
    behind(MODES[1], setting, tries)
}

/// In session mode.
pub(super) fn by_session(setting: &Setting, tries: usize) -> Tally {
    behind(MODES[2], setting, tries)
}

fn behind(mode: Mode, setting: &Setting, tries: usize) -> Tally {
    let fault = format!("PgBouncer, {}", mode.name);
    let make = || Pooled::new(mode, setting);
    tally(
        &fault,
        setting,
        tries,
        make,
        |pooled, number, random| match (number % 3, mode.kills) {
            (0, _) | (_, Kills::None) => pooled.used(),
            (_, Kills::Some) => pooled.killed(random),
        },
    )
}

impl Pooled {
    fn new(mode: Mode, setting: &Setting) -> Outcome<Pooled> {
        let server = Rc::new(Server::quick()?);
        let url = server.database()?;
        let pooler = Pooler::start(&server.throwaway, mode.settings).map_err(|error| {
            format!("`scripts/prepare.sh pgbouncer` installs PgBouncer: {error}")
        })?;
        // The host of the URL is the folder of both sockets.
        let way = Way {
            through: pooler.url(&url),
            rest: Rest::IdleSessions,
            url,
        };
        Ok(Pooled {
            scene: Scene::through(setting, SHAPE, server, way)?,
            _pooler: pooler,
        })
    }

    /// Runs up, status and down, and then two runs at once.
    fn used(&mut self) -> Outcome<Struck> {
        self.scene.finish(UP)?;
        self.scene.run(&["status", "--check"])?;
        self.scene.finish(DOWN)?;
        let both = [self.start_up()?, self.start_up()?];
        for process in both {
            process.end()?.succeeded()?;
        }
        self.scene.expect_everything()?;
        Ok(Struck::Midway)
    }

    fn start_up(&self) -> Outcome<super::victim::Running> {
        self.scene.victim.start(&self.scene.through, UP)
    }

    fn killed(&mut self, random: &mut Random) -> Outcome<Struck> {
        self.scene
            .interrupted(random, Reported::IsThere, |_, running| running.kill())
    }
}
