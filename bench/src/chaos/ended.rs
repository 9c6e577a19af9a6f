//! Ends sessions of a run, and cancels its statements, at random, while it uses four connections.

use std::rc::Rc;
use std::thread::sleep;
use std::time::Duration;

use super::scene::{Reported, Scene};
use super::server::{Server, Session};
use super::tree::{Indexes, Shape};
use super::{Outcome, Random, Setting, Tally, tally};

/// The largest number of sessions that are struck in a run.
const STRIKES: usize = 6;

/// The longest pause between two strikes.
const PAUSE: Duration = Duration::from_millis(40);

/// How a session of the run is struck.
#[derive(Clone, Copy, Debug)]
struct Strike {
    pause: Duration,
    /// The server's function: it ends the session or cancels its statement.
    function: &'static str,
    /// The number of the session in the list of sessions.
    session: usize,
}

/// Ends or cancels any session of a run, also the one that holds its lock.
pub(super) fn at_random(setting: &Setting, tries: usize) -> Tally {
    let shape = Shape {
        services: 4,
        each: 12,
        indexes: Indexes::Concurrent,
    };
    let setting = with_four_jobs(setting);
    let make = || Scene::new(&setting, shape, Rc::new(Server::quick()?));
    let fault = "sessions ended and cancelled, four jobs";
    tally(fault, &setting, tries, make, |scene, _, random| {
        let strikes = strikes(random);
        let url = scene.url.clone();
        scene.interrupted(random, Reported::IsThere, |server, _| {
            let session = server.session(&url)?;
            strikes.iter().try_for_each(|one| one.strike(&session))
        })
    })
}

fn with_four_jobs(setting: &Setting) -> Setting {
    let mut setting = setting.clone();
    if !setting.extra.iter().any(|one| one.starts_with("--jobs")) {
        setting.extra.push("--jobs=4".to_owned());
    }
    setting
}

fn strikes(random: &mut Random) -> Vec<Strike> {
    let number = 1 + random.below(STRIKES);
    let functions = ["pg_terminate_backend", "pg_cancel_backend"];
    (0..number)
        .map(|_| Strike {
            pause: random.within(PAUSE),
            function: functions[random.below(2)],
            session: random.below(60),
        })
        .collect()
}

impl Strike {
    /// Strikes a session of the run, if there is one.
    fn strike(self, session: &Session<'_>) -> Outcome<()> {
        sleep(self.pause);
        session.execute(&format!(
            "SELECT pg_catalog.{}(pid) FROM ( \
               SELECT pid, row_number() OVER (ORDER BY pid) - 1 AS number, \
                 count(*) OVER () AS sessions \
               FROM pg_catalog.pg_stat_activity WHERE datname = current_database() \
                 AND pid <> pg_backend_pid() AND backend_type = 'client backend') AS run \
             WHERE number = {} % sessions",
            self.function, self.session
        ))
    }
}
