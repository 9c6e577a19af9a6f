//! Interrupts CREATE INDEX CONCURRENTLY, also while other runs wait for the lock.

use std::rc::Rc;

use super::scene::{Reported, Scene, UP};
use super::server::{Server, Session, Wanted};
use super::tree::{Indexes, Shape};
use super::victim::Running;
use super::{Outcome, Setting, Struck, Tally, tally};

/// The last of four migrations creates two indexes on the table of the third.
const SHAPE: Shape = Shape {
    services: 1,
    each: 4,
    indexes: Indexes::Concurrent,
};

/// The number of runs that wait for the lock meanwhile.
const WAITING: usize = 8;

/// The session that builds an index and waits for a transaction to end: on this server no other
/// session does. (A transaction sees `pg_stat_activity` as at its first read.)
const BUILDING: &str = "SELECT pid FROM pg_catalog.pg_locks \
     WHERE locktype = 'virtualxid' AND NOT granted";

/// No session waits inside the server, so that the index waits for none of them.
pub(super) fn while_others_wait(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::quick()?));
    tally(
        "CREATE INDEX CONCURRENTLY, 8 wait",
        setting,
        tries,
        make,
        |server, _, _| {
            let mut scene = Scene::new_undisturbed(setting, SHAPE, Rc::clone(server))?;
            let session = server.session(&scene.url)?;
            let mut processes = vec![building(&scene, &session)?];
            for _ in 0..WAITING {
                processes.push(scene.victim.start(&scene.through, UP)?);
            }
            for process in processes.iter_mut().skip(1) {
                process.wait_for("waiting for the lock")?;
            }
            session.execute("ROLLBACK")?;
            for process in processes {
                process.end()?.succeeded()?;
            }
            drop(session);
            scene.expect_everything()?;
            Ok(Struck::Midway)
        },
    )
}

/// What fails in the middle of an index.
#[derive(Clone, Copy, Debug)]
enum Breaks {
    /// The process alone: the server continues and finishes the index.
    Process,
    /// The process, and the next run starts before the index is finished.
    ProcessWithNext,
    /// The process and then its session: the index is left invalid.
    Session,
    /// The server: the index is left invalid.
    Server,
}

const BREAKS: [Breaks; 4] = [
    Breaks::Process,
    Breaks::ProcessWithNext,
    Breaks::Session,
    Breaks::Server,
];

/// Interrupts an index in four ways in turn; the next run finishes without help.
pub(super) fn broken(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::durable()?));
    tally(
        "killed in CREATE INDEX CONCURRENTLY",
        setting,
        tries,
        make,
        |server, number, _| {
            let breaks = BREAKS[number % BREAKS.len()];
            let mut scene = Scene::new_undisturbed(setting, SHAPE, Rc::clone(server))?;
            let outcome = break_one(&mut scene, server, breaks);
            outcome.map_err(|error| format!("{breaks:?}: {error}"))?;
            Ok(Struck::Midway)
        },
    )
}

fn break_one(scene: &mut Scene, server: &Server, breaks: Breaks) -> Outcome<()> {
    let session = server.session(&scene.url)?;
    let mut process = building(scene, &session)?;
    match breaks {
        Breaks::Process => {
            process.kill()?;
            session.execute("ROLLBACK")?;
        }
        Breaks::ProcessWithNext => {
            process.kill()?;
            let mut next = scene.victim.start(&scene.through, UP)?;
            next.wait_for("statement of an earlier run")?;
            session.execute("ROLLBACK")?;
            drop(session);
            next.end()?.succeeded()?;
            return scene.expect_everything();
        }
        Breaks::Session => {
            process.kill()?;
            session.execute(&BUILDING.replace("SELECT pid", "SELECT pg_terminate_backend(pid)"))?;
            session.execute("ROLLBACK")?;
        }
        Breaks::Server => server.throwaway.crash()?,
    }
    drop(session);
    let state = scene.judged(&process.end()?, true, Reported::IsThere)?;
    if state.dirty.len() != 1 {
        return Err(format!("one migration must be dirty, but the state is {state:?}").into());
    }
    scene.go_on(&state, UP)
}

/// Starts a process that builds the index until the transaction of `session` ends.
fn building(scene: &Scene, session: &Session<'_>) -> Outcome<Running> {
    scene.run(&["up", "--service=all", "--steps=3"])?;
    session.execute("BEGIN; INSERT INTO s0.t2 VALUES (1000, 'more')")?;
    let process = scene.victim.start(&scene.through, UP)?;
    session.wait_until(Wanted::Something, BUILDING)?;
    Ok(process)
}
