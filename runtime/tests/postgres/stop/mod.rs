//! Runs that are stopped.

mod outside;
mod step;
mod wait;

use migrator_runtime::model::MigrationId;
use migrator_runtime::{Error, ErrorKind, InterruptedStep, Left, Stopped};

use crate::support::{Database, stem, version};

/// The part that the stop interrupted, as far as the error says.
fn cut(error: &Error) -> Vec<InterruptedStep> {
    let ErrorKind::Stopped(Stopped { interrupted }) = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(error.code().to_string(), "M0518");
    interrupted.clone()
}

fn one(number: i64, left: Left) -> Vec<InterruptedStep> {
    let file = stem("core", number);
    let (_, name) = file.split_once('_').expect("a version and a name");
    let step = MigrationId::recorded("core", version(number), name);
    vec![InterruptedStep { step, left }]
}

/// Asserts that at the server only the sessions of observers remain.
async fn nothing_goes_on(database: &Database) {
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 WHERE l.locktype = 'advisory' AND d.datname = current_database()";
    database.until(locks, "0").await;
    let active = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
                  AND state <> 'idle'";
    database.until(active, "0").await;
}

/// Waits until a statement sleeps.
async fn asleep(database: &Database) {
    let sleeping = "SELECT 1 FROM pg_stat_activity \
                    WHERE datname = current_database() AND wait_event = 'PgSleep' LIMIT 1";
    database.until(sleeping, "1").await;
}
