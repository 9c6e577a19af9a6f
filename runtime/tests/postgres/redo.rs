//! Reverts the newest migration and applies it again, in one run under one lock.

use std::num::NonZeroUsize;

use migrator_runtime::{
    Direction, Error, ErrorKind, Left, Migrator, Options, Registry, Report, Stop,
};

use super::support::{AT_GATE, Database, Gate, core, done, registry, with_events, within};

async fn redo(database: &Database, registry: &'static Registry) -> Result<Report, Error> {
    let mut client = database.client().await;
    let redo = Migrator::new(registry).redo(&mut client, "core").await;
    within("close", client.close()).await;
    redo
}

fn directions(report: &Report) -> Vec<Direction> {
    report.done.iter().map(|done| done.direction).collect()
}

/// One migration of `core`, with these scripts.
fn one(up: &str, down: &str) -> &'static Registry {
    registry(&[("core", 1, up, down)])
}

#[tokio::test]
async fn the_newest_is_reverted_and_applied_again() {
    let database = Database::new().await;
    let two = registry(&[
        ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
        ("core", 2, "CREATE TABLE b ();", "DROP TABLE b;"),
    ]);
    assert_eq!(done(&redo(&database, two).await.expect("no work")), [""; 0]);
    database.up(two).await.expect("it runs");
    database.run("ALTER TABLE b ADD COLUMN kept int").await;
    let report = redo(&database, two).await.expect("it runs");
    assert_eq!(done(&report), ["core/2", "core/2"]);
    assert_eq!(directions(&report), [Direction::Down, Direction::Up]);
    assert_eq!(database.recorded().await, ["core/1", "core/2"]);
    let column = "SELECT count(*) FROM pg_attribute WHERE attname = 'kept'";
    assert_eq!(database.value(column).await, "0");
    assert_eq!(
        database.events().await,
        [
            "apply core/1",
            "apply core/2",
            "revert core/2",
            "apply core/2"
        ]
    );
}

#[tokio::test]
async fn no_other_run_starts_between_the_revert_and_the_apply() {
    let plain = "SELECT 1;";
    // The redo waits in one of its scripts. The other run has work to do meanwhile.
    for (waits_in, recorded, other) in [
        (Direction::Down, &["core/1"][..], Direction::Down),
        (Direction::Up, &[][..], Direction::Up),
    ] {
        let database = Database::new().await;
        let registry = match waits_in {
            Direction::Up => one(AT_GATE, plain),
            Direction::Down => one(plain, AT_GATE),
        };
        database.up(registry).await.expect("the gate is open");
        let gate = Gate::closed(&database).await;
        let redone = redo(&database, registry);
        let meanwhile = async {
            gate.reached().await;
            assert_eq!(database.recorded().await, recorded);
            let (migrator, mut events) = with_events(registry, Options::default());
            let target = migrator_runtime::Target::all();
            let run = async {
                match other {
                    Direction::Up => database.up_with(migrator, target).await,
                    Direction::Down => database.down_with(migrator, target).await,
                }
            };
            let open = async {
                events.next("waiting").await;
                gate.open().await;
            };
            tokio::join!(run, open).0
        };
        let both = Box::pin(async { tokio::join!(redone, meanwhile) });
        let (redone, meanwhile) = within("both runs", both).await;
        let redone = redone.expect("it runs");
        assert_eq!(directions(&redone), [Direction::Down, Direction::Up]);
        let meanwhile = meanwhile.expect("it runs");
        let expected: &[&str] = match other {
            Direction::Up => &[],
            Direction::Down => &["core/1"],
        };
        assert_eq!(done(&meanwhile), expected, "{waits_in}");
        let events = database.events().await;
        assert_eq!(
            events[..3],
            ["apply core/1", "revert core/1", "apply core/1"],
            "{waits_in}"
        );
        assert_eq!(events.len(), 3 + expected.len(), "{events:?}");
    }
}

#[tokio::test]
async fn an_apply_that_fails_keeps_the_revert_and_reports_it() {
    let database = Database::new().await;
    let (up, down) = ("CREATE TABLE a ();", "DROP TABLE a;");
    database.up(one(up, down)).await.expect("it runs");
    let broken = one("CREATE TABLE a (); SELECT 1 / 0;", down);
    let error = redo(&database, broken).await.expect_err("it fails");
    assert_eq!(error.code().to_string(), "M0501");
    let ErrorKind::Script(fault) = &*error.kind else {
        panic!("{error:?}")
    };
    assert_eq!(fault.left, Left::Nothing);
    assert_eq!(done(&error.report), ["core/1"]);
    assert_eq!(directions(&error.report), [Direction::Down]);
    let help = error.help();
    let apply = "fix it; then run `Migrator::up` for `core` to version 20240101000001: `Migrator::redo` would";
    assert!(help.contains(apply), "{help}");
    assert_eq!(database.recorded().await, [""; 0]);
    let table = "SELECT to_regclass('a') IS NULL";
    assert_eq!(database.value(table).await, "t");
    database.up(one(up, down)).await.expect("it is mended");
    assert_eq!(
        database.events().await,
        [
            "apply core/1",
            "revert core/1",
            "failure core/1",
            "apply core/1"
        ]
    );
}

/// What remains of a redo that was cut short in its apply, by what ended it.
#[tokio::test]
async fn a_redo_that_is_cut_short_in_its_apply_says_how_to_apply_it() {
    for kill in [false, true] {
        let database = Database::new().await;
        let registry = registry(&[
            ("core", 1, "CREATE TABLE a ();", "DROP TABLE a;"),
            ("core", 2, AT_GATE, "SELECT 1;"),
        ]);
        database.up(registry).await.expect("the gate is open");
        let gate = Gate::closed(&database).await;
        let stop = Stop::new();
        let mut client = database.client().await;
        let mut migrator = Migrator::new(registry).stopped_by(&stop);
        let redone = migrator.redo(&mut client, "core");
        let cut = async {
            gate.reached().await;
            match kill {
                true => {
                    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                                  WHERE wait_event_type = 'Lock'";
                    database.run(others).await;
                }
                false => stop.stop(),
            }
        };
        let both = Box::pin(async { tokio::join!(redone, cut).0 });
        let error = within("the redo", both).await.expect_err("it is cut short");
        let help = error.help();
        let apply =
            "run `Migrator::up` for `core` to version 20240101000002: `Migrator::redo` would";
        assert!(help.contains(apply), "{help}");
        assert!(!help.contains("again"), "{help}");
        gate.open().await;
        assert_eq!(database.recorded().await, ["core/1"]);
    }
}

#[tokio::test]
async fn a_redo_whose_apply_is_resumable_says_how_to_resume_it() {
    let database = Database::new().await;
    let registry = registry(&[
        ("core", 1, "CREATE TABLE a (id int);", "DROP TABLE a;"),
        (
            "core",
            2,
            "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON a (id);",
            "DROP INDEX i;",
        ),
    ]);
    database.up(registry).await.expect("it runs");
    // The index waits for the end of this transaction, and its revert does not.
    let reader = database.session().await;
    let read = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1";
    reader.batch_execute(read).await.expect("it reads");
    let mut client = database.client().await;
    let mut migrator = Migrator::new(registry);
    let stop = migrator.stop();
    let redone = migrator.redo(&mut client, "core");
    let cut = async {
        let waits = "SELECT count(*) FROM pg_stat_progress_create_index \
                     WHERE phase = 'waiting for old snapshots' AND datname = current_database()";
        database.until(waits, "1").await;
        stop.stop();
    };
    let both = Box::pin(async { tokio::join!(redone, cut).0 });
    let error = within("the redo", both).await.expect_err("it is stopped");
    reader.batch_execute("COMMIT").await.expect("it ends");
    assert_eq!(done(&error.report), ["core/2"]);
    assert_eq!(database.recorded().await, ["core/1", "core/2 dirty up"]);
    let help = error.help();
    let apply = "run `Migrator::up` for `core` to version 20240101000002: `Migrator::redo` would";
    assert!(help.starts_with(apply), "{help}");
    database.up(registry).await.expect("as the help says");
    assert_eq!(database.recorded().await, ["core/1", "core/2"]);
}

#[tokio::test]
async fn a_redo_whose_apply_leaves_a_dirty_migration_says_to_record_it() {
    let database = Database::new().await;
    let (up, down) = ("CREATE TABLE a ();", "DROP TABLE a;");
    database.up(one(up, down)).await.expect("it runs");
    let broken = one(
        "-- migrator: no-transaction\nCREATE TABLE a (); SELECT 1 / 0;",
        down,
    );
    let error = redo(&database, broken).await.expect_err("it fails");
    assert_eq!(done(&error.report), ["core/1"]);
    let help = error.help();
    let record = "finish or undo the script by hand, then record which with `Migrator::repair`";
    assert!(help.ends_with(record), "{help}");
    database.run(down).await;
    let reverted = database.repair(broken, 1, migrator_runtime::Outcome::Reverted);
    reverted.await.expect("as the help says");
    database.up(one(up, down)).await.expect("it is mended");
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn a_redo_does_not_revert_the_migration_before_one_that_another_run_reverted() {
    let database = Database::new().await;
    let registry = registry(&[
        ("core", 1, "SELECT 1;", "SELECT 1;"),
        ("core", 2, "SELECT 1;", AT_GATE),
    ]);
    database.up(registry).await.expect("it runs");
    let gate = Gate::closed(&database).await;
    let target = migrator_runtime::Target::service("core").steps(NonZeroUsize::MIN);
    let reverted = database.down_with(Migrator::new(registry), target);
    let redone = async {
        gate.reached().await;
        let (mut migrator, mut events) = with_events(registry, Options::default());
        let mut client = database.client().await;
        let redo = migrator.redo(&mut client, "core");
        let open = async {
            events.next("waiting").await;
            gate.open().await;
        };
        tokio::join!(redo, open).0
    };
    let both = Box::pin(async { tokio::join!(reverted, redone) });
    let (reverted, redone) = within("both runs", both).await;
    assert_eq!(done(&reverted.expect("it runs")), ["core/2"]);
    let error = redone.expect_err("the newest is another");
    let text = error.to_string();
    assert!(text.contains("no longer the newest applied"), "{text}");
    assert_eq!(database.recorded().await, ["core/1"]);
}

#[tokio::test]
async fn a_run_of_steps_that_failed_says_how_many_remain() {
    let database = Database::new().await;
    let registry = registry(&[
        ("core", 1, "SELECT 1;", "SELECT 1;"),
        ("core", 2, "SELECT 1;", "SELECT 1;"),
        ("core", 3, "SELECT 1;", "SELECT 1 / 0;"),
        ("core", 4, "SELECT 1;", "SELECT 1;"),
    ]);
    database.up(registry).await.expect("it runs");
    let steps = NonZeroUsize::new(3).expect("not zero");
    let target = migrator_runtime::Target::service("core").steps(steps);
    let run = database.down_with(Migrator::new(registry), target).await;
    let error = run.expect_err("the second fails");
    assert_eq!(done(&error.report), ["core/4"]);
    let help = error.help();
    let then = "fix it; then run `Migrator::down` with at most 2 steps: the others are done";
    assert!(help.ends_with(then), "{help}");
}

#[tokio::test]
async fn a_revert_that_fails_is_not_followed_by_an_apply() {
    let database = Database::new().await;
    let registry = one("CREATE TABLE a ();", "DROP TABLE b;");
    database.up(registry).await.expect("it runs");
    let error = redo(&database, registry).await.expect_err("it fails");
    assert_eq!(error.code().to_string(), "M0501");
    assert_eq!(done(&error.report), [""; 0]);
    assert_eq!(database.recorded().await, ["core/1"]);
    assert_eq!(database.events().await, ["apply core/1", "failure core/1"]);
}

#[tokio::test]
async fn a_redo_that_is_refused_reverts_nothing() {
    let database = Database::new().await;
    database
        .up(core(&["SELECT 1;", "SELECT 2;"]))
        .await
        .expect("it runs");
    let error = redo(&database, core(&["SELECT 1;"])).await;
    let error = error.expect_err("the newest is missing");
    assert_eq!(error.code().to_string(), "M0402");
    let error = redo(&database, core(&["SELECT 3;", "SELECT 2;"])).await;
    let error = error.expect_err("the first was changed");
    assert_eq!(error.code().to_string(), "M0401");
    let mut client = database.client().await;
    let mut migrator = Migrator::new(core(&["SELECT 1;"]));
    let unknown = migrator.redo(&mut client, "cora").await;
    let unknown = unknown.expect_err("there is no such service");
    assert_eq!(unknown.code().to_string(), "M0406");
    assert_eq!(database.recorded().await, ["core/1", "core/2"]);
    assert_eq!(database.events().await, ["apply core/1", "apply core/2"]);
}

#[tokio::test]
async fn scripts_outside_a_transaction_are_redone_too() {
    let database = Database::new().await;
    database.run("CREATE TABLE plans (id int)").await;
    let registry = one(
        "-- migrator: no-transaction\nCREATE INDEX CONCURRENTLY i ON plans (id);",
        "-- migrator: no-transaction\nDROP INDEX CONCURRENTLY i;",
    );
    database.up(registry).await.expect("it runs");
    let report = redo(&database, registry).await.expect("it runs");
    assert_eq!(directions(&report), [Direction::Down, Direction::Up]);
    assert_eq!(database.recorded().await, ["core/1"]);
}
