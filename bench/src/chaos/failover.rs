//! Stops the primary at a random moment, and promotes its standby.
//!
//! In every second try the standby is asynchronous: the newest commits that it has not received
//! are lost. In the others it confirms each commit that waits (`remote_apply`): every commit of a
//! run that exited with 0 is there.

use std::fs;
use std::rc::Rc;

use migrator_localpg::Throwaway;

use super::scene::{Reported, Scene, UP};
use super::server::{Server, Session, Wanted};
use super::tree::{Indexes, Shape};
use super::{Outcome, Random, Setting, Struck, Tally, tally};

/// Settings that a standby needs on its primary and on itself.
const REPLICATED: [(&str, &str); 4] = [
    ("wal_level", "replica"),
    ("max_wal_senders", "4"),
    ("wal_keep_size", "1GB"),
    ("synchronous_commit", "remote_apply"),
];

/// How a standby follows its primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Following {
    Asynchronous,
    Confirming,
}

/// A primary that stops in the middle of a run or after its end.
pub(super) fn at_random(setting: &Setting, tries: usize) -> Tally {
    let fault = "primary stopped, standby promoted";
    tally(
        fault,
        setting,
        tries,
        || Ok(()),
        |(), number, random| {
            let following = match number % 2 {
                0 => Following::Asynchronous,
                _ => Following::Confirming,
            };
            once(setting, following, number % 4 == 3, random)
                .map_err(|error| format!("{following:?}: {error}").into())
        },
    )
}

/// One failover; with `at_its_end` the run ends first.
fn once(
    setting: &Setting,
    following: Following,
    at_its_end: bool,
    random: &mut Random,
) -> Outcome<Struck> {
    let shape = Shape {
        services: 4,
        each: 9,
        indexes: Indexes::Concurrent,
    };
    let primary = Rc::new(Server::replicated(&REPLICATED)?);
    let standby = Rc::new(follow(&primary, following)?);
    let scene = Scene::new(setting, shape, primary)?;
    let (mut running, moment) = scene.begun(UP, random)?;
    if at_its_end {
        running.wait()?;
    }
    // Dropping the value stops the primary at once.
    let mut scene = scene.moved_to(Rc::clone(&standby));
    let ended = running.end()?;
    let session = standby.session(&standby.throwaway.url("postgres"))?;
    session.execute("SELECT pg_catalog.pg_promote(true)")?;
    drop(session);
    let after = match following {
        Following::Confirming => scene.judged(&ended, true, Reported::MayBeLost),
        // Every reported step may be lost.
        Following::Asynchronous => scene.judge.look(&standby, &scene.url),
    };
    let after = after.map_err(|error| format!("{moment}: {error}: {ended:?}"))?;
    let finished = scene.go_on(&after, UP);
    finished.map_err(|error| format!("{moment}, {after:?}: {error}"))?;
    Ok(scene.struck(&after))
}

/// A standby of a primary; returns when the standby follows.
fn follow(primary: &Server, following: Following) -> Outcome<Server> {
    let session = primary.session(&primary.throwaway.url("postgres"))?;
    let copy = primary.throwaway.folder().join("copy");
    copied(&primary.throwaway, &session)?;
    let socket = primary.throwaway.folder().display().to_string();
    let primary_conninfo = format!("host={socket} port=5432 user=postgres");
    let own = ("primary_conninfo", primary_conninfo.as_str());
    let settings = [&REPLICATED[..], &[own]].concat();
    let standby = Server::on(&copy, &settings)?;
    fs::remove_dir_all(&copy)?;
    let streams = "SELECT 1 FROM pg_catalog.pg_stat_replication WHERE state = 'streaming'";
    session.wait_until(Wanted::Something, streams)?;
    if following == Following::Confirming {
        session.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        session.execute("SELECT pg_catalog.pg_reload_conf()")?;
        let confirms = "SELECT 1 FROM pg_catalog.pg_stat_replication WHERE sync_state = 'sync'";
        session.wait_until(Wanted::Something, confirms)?;
    }
    Ok(standby)
}

/// Copies the primary's data as `pg_basebackup` does, because some installations lack it.
fn copied(primary: &Throwaway, session: &Session<'_>) -> Outcome<()> {
    let [start, stop] = match primary.programs().major {
        15.. => [
            "SELECT pg_catalog.pg_backup_start('standby', true)",
            "SELECT labelfile FROM pg_catalog.pg_backup_stop(false)",
        ],
        _ => [
            "SELECT pg_catalog.pg_start_backup('standby', true, false)",
            "SELECT labelfile FROM pg_catalog.pg_stop_backup(false, false)",
        ],
    };
    let (data, copy) = (primary.folder().join("data"), primary.folder().join("copy"));
    session.execute(start)?;
    let status = primary
        .command("cp")?
        .arg("-R")
        .args([&data, &copy])
        .status()?;
    if !status.success() {
        return Err("the primary's data cannot be copied".into());
    }
    let label = session.rows(stop)?.concat().concat();
    fs::write(copy.join("backup_label"), label)?;
    fs::write(copy.join("standby.signal"), "")?;
    for file in ["postmaster.pid", "postmaster.opts"] {
        fs::remove_file(copy.join(file))?;
    }
    Ok(())
}
