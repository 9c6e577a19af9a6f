//! Many processes at once: of one build, of two builds, and of independent services.

use std::rc::Rc;

use super::scene::{Reported, Scene, UP};
use super::server::{Server, Session, Wanted};
use super::tree::{Indexes, Shape, gate};
use super::victim::{Running, Victim};
use super::{Outcome, Setting, Struck, Tally, tally};

/// The number of processes that start at once.
const CROWD: usize = 50;

const SHAPE: Shape = Shape {
    services: 4,
    each: 8,
    indexes: Indexes::None,
};

/// All start on a database without a history.
pub(super) fn on_nothing(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::quick()?));
    tally("50 at once, empty", setting, tries, make, |server, _, _| {
        together(&mut Scene::new_undisturbed(
            setting,
            SHAPE,
            Rc::clone(server),
        )?)
    })
}

/// All start on a database with pending migrations.
pub(super) fn on_pending(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::quick()?));
    tally(
        "50 at once, pending",
        setting,
        tries,
        make,
        |server, _, random| {
            let mut scene = Scene::new_undisturbed(setting, SHAPE, Rc::clone(server))?;
            let steps = 1 + random.below(SHAPE.services * SHAPE.each - 1);
            scene.run(&["up", "--service=all", &format!("--steps={steps}")])?;
            together(&mut scene)
        },
    )
}

/// More processes than the server has connections; each uses as many as it gets.
pub(super) fn on_a_small_server(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::small()?));
    let fault = "50 at once, 12 connections";
    tally(fault, setting, tries, make, |server, _, _| {
        let mut scene = Scene::new_undisturbed(setting, SHAPE, Rc::clone(server))?;
        let start = |_| scene.victim.start(&scene.through, UP);
        let processes: Vec<Running> = (0..CROWD).map(start).collect::<Outcome<_>>()?;
        let mut done = 0;
        for process in processes {
            let ended = process.end()?;
            match ended.code() {
                Some(0) => done += 1,
                Some(5) if ended.output.concat().contains("error[M09") => {}
                _ => {
                    return Err(
                        format!("it neither succeeded nor reported a reason: {ended:?}").into(),
                    );
                }
            }
        }
        match done {
            0 => return Err("nobody got enough connections".into()),
            _ => scene.expect_everything()?,
        }
        Ok(match done {
            CROWD => Struck::Aside,
            _ => Struck::Midway,
        })
    })
}

fn together(scene: &mut Scene) -> Outcome<Struck> {
    let start = |_| scene.victim.start(&scene.through, UP);
    let processes: Vec<Running> = (0..CROWD).map(start).collect::<Outcome<_>>()?;
    for process in processes {
        process.end()?.succeeded()?;
    }
    scene.expect_everything()?;
    Ok(Struck::Midway)
}

/// Two builds, one of which has migrations that the other lacks.
pub(super) fn of_two_ages(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::quick()?));
    tally(
        "two builds of different age",
        setting,
        tries,
        make,
        |server, _, random| {
            let mut scene = Scene::new_undisturbed(setting, SHAPE, Rc::clone(server))?;
            let older = Victim::new(
                setting,
                Shape {
                    each: 1 + random.below(SHAPE.each - 1),
                    ..SHAPE
                },
            );
            let lenient: &[&str] = &["up", "--service=all", "--allow-missing"];
            let of_older = [UP, lenient, UP, lenient];
            let mut newer = Vec::new();
            let mut others = Vec::new();
            for arguments in of_older {
                newer.push(scene.victim.start(&scene.through, UP)?);
                others.push((arguments, older.start(&scene.through, arguments)?));
            }
            for process in newer {
                process.end()?.succeeded()?;
            }
            for (arguments, process) in others {
                let ended = process.end()?;
                let is_refused = ended.code() == Some(3) && ended.output.concat().contains("M0402");
                if arguments == lenient || !is_refused {
                    ended.succeeded()?;
                }
            }
            scene.expect_everything()?;
            Ok(Struck::Midway)
        },
    )
}

/// The step of one service's deploy does not end; another service's deploy completes.
pub(super) fn side_by_side(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::quick()?));
    tally(
        "two deploys at once",
        setting,
        tries,
        make,
        |server, _, _| {
            let shape = Shape {
                services: 3,
                ..SHAPE
            };
            let mut scene = Scene::new_undisturbed(setting, shape, Rc::clone(server))?;
            scene.run(&["up", "--service=s0"])?;
            let session = server.session(&scene.url)?;
            let first = at_gate(&scene, &session, 1, &["up", "--service=s1"])?;
            scene.run(&["up", "--service=s2"])?;
            session.wait_until(Wanted::Something, &waiting_at(1))?;
            session.execute("ROLLBACK")?;
            first.end()?.succeeded()?;
            drop(session);
            scene.expect_everything()?;
            Ok(Struck::Midway)
        },
    )
}

/// A process waits for another's lock while the server stops and starts again.
pub(super) fn under_a_waiting_one(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::durable()?));
    tally(
        "server restarts under a waiting run",
        setting,
        tries,
        make,
        |server, _, _| {
            let mut scene = Scene::new_undisturbed(setting, SHAPE, Rc::clone(server))?;
            let session = server.session(&scene.url)?;
            let first = at_gate(&scene, &session, 1, UP)?;
            let mut second = scene.victim.start(&scene.through, UP)?;
            second.wait_for("waiting for the lock")?;
            server.throwaway.crash()?;
            drop(session);
            for process in [first, second] {
                let ended = process.end()?;
                let state = scene.judged(&ended, true, Reported::MayBeLost)?;
                if ended.code() == Some(0) {
                    return Err(format!("it reported success, but the state is {state:?}").into());
                }
            }
            scene.finish(UP)?;
            Ok(Struck::Midway)
        },
    )
}

/// A process is killed while the server executes its step, and the next one starts meanwhile.
pub(super) fn killed_in_a_step(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::quick()?));
    let fault = "SIGKILL, the step goes on";
    tally(fault, setting, tries, make, |server, _, _| {
        let mut scene = Scene::new_undisturbed(setting, SHAPE, Rc::clone(server))?;
        let session = server.session(&scene.url)?;
        let mut first = at_gate(&scene, &session, 1, UP)?;
        first.kill()?;
        let mut second = scene.victim.start(&scene.through, UP)?;
        second.wait_for("waiting for")?;
        session.execute("ROLLBACK")?;
        second.end()?.succeeded()?;
        drop(session);
        scene.expect_everything()?;
        Ok(Struck::Midway)
    })
}

/// The server ends the session that holds the lock while a run has sent several steps. Then the
/// next run starts.
pub(super) fn without_its_lock(setting: &Setting, tries: usize) -> Tally {
    let make = || Ok(Rc::new(Server::quick()?));
    let fault = "the lock's session ended";
    tally(fault, setting, tries, make, |server, _, _| {
        let mut scene = Scene::new_undisturbed(setting, SHAPE, Rc::clone(server))?;
        let session = server.session(&scene.url)?;
        let first = at_gate(&scene, &session, 1, UP)?;
        // The key of a run's lock is a hash, with large halves. The keys of gates are small.
        let end = "SELECT pg_catalog.pg_terminate_backend(pid) FROM \
             (SELECT DISTINCT pid FROM pg_catalog.pg_locks \
              WHERE locktype = 'advisory' AND granted AND classid <> 0) AS lock";
        if session.rows(end)?.len() != 1 {
            return Err("one session holds the lock".into());
        }
        let mut second = scene.victim.start(&scene.through, UP)?;
        second.wait_for("waiting for")?;
        session.execute("ROLLBACK")?;
        let (first, second) = (first.end()?, second.end()?);
        second.succeeded()?;
        drop(session);
        scene.expect_everything()?;
        match first.code() {
            Some(1 | 5) => Ok(Struck::Midway),
            _ => Err(format!("it continued without its lock: {first:?}").into()),
        }
    })
}

/// Starts a process that waits in the second migration of a service until the transaction of
/// `session` ends.
fn at_gate(
    scene: &Scene,
    session: &Session<'_>,
    service: usize,
    arguments: &[&str],
) -> Outcome<Running> {
    let gate = gate(service);
    session.execute(&format!(
        "BEGIN; SELECT pg_catalog.pg_advisory_xact_lock({gate})"
    ))?;
    let arguments = [arguments, &["--lock-timeout=0"]].concat();
    let process = scene.victim.start(&scene.through, &arguments)?;
    session.wait_until(Wanted::Something, &waiting_at(service))?;
    Ok(process)
}

fn waiting_at(service: usize) -> String {
    format!(
        "SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND NOT granted \
         AND objid = {}",
        gate(service)
    )
}
