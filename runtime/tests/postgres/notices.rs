//! Notices of the server between its answers do not block the answers.

use migrator_runtime::{
    DatabaseState, ErrorKind, Left, Migrator, Options, Outcome, Selection, Stop, Target,
};

use super::support::{Database, Script, core, done, registry, with_events, within};

/// A database whose sessions get a notice for each statement before its answer.
async fn talkative() -> Database {
    let database = Database::new().await;
    database.set("client_min_messages = 'log'").await;
    database.set("debug_print_parse = on").await;
    database
}

const SCRIPTS: [Script<'static>; 4] = [
    (
        "core",
        1,
        "CREATE TABLE public.a (id integer); INSERT INTO public.a VALUES (1);",
        "DELETE FROM public.a; DROP TABLE public.a;",
    ),
    (
        "core",
        2,
        "ALTER TABLE public.a ADD b integer; ALTER TABLE public.a ADD c integer;",
        "ALTER TABLE public.a DROP c; ALTER TABLE public.a DROP b;",
    ),
    (
        "core",
        3,
        "-- migrator: no-transaction\n\
         CREATE INDEX CONCURRENTLY i ON public.a (id);\n\
         BEGIN; UPDATE public.a SET b = 1; COMMIT;\n\
         VACUUM public.a;",
        "-- migrator: no-transaction\n\
         DROP INDEX CONCURRENTLY public.i; VACUUM public.a;",
    ),
    (
        "tenant",
        4,
        "-- migrator: requires core/20240101000003\nUPDATE public.a SET c = 1;",
        "UPDATE public.a SET c = NULL;",
    ),
];

#[tokio::test]
async fn a_run_continues_whatever_the_server_says_between_its_answers() {
    let registry = registry(&SCRIPTS);
    let database = talkative().await;
    for _ in 0..2 {
        let report = database.up(registry).await.expect("it runs");
        let all = ["core/1", "core/2", "core/3", "tenant/4"];
        assert_eq!(done(&report), all);
        let client = database.client().await;
        let migrator = Migrator::new(registry);
        let status = migrator.status(&client, &Selection::All);
        within("status", status).await.expect("it is seen");
        let target = Target::all();
        let state = within("state", migrator.state(&client, &target)).await;
        assert_eq!(state.expect("it is seen"), DatabaseState::Current);
        let report = database.down(registry).await.expect("it runs");
        assert_eq!(done(&report), ["tenant/4", "core/3", "core/2", "core/1"]);
    }
}

#[tokio::test]
async fn half_built_indexes_are_dropped_whatever_the_server_says_between_answers() {
    let database = talkative().await;
    let twice = "CREATE TABLE public.a (id integer); INSERT INTO public.a VALUES (1), (1)";
    database.run(twice).await;
    let registry = core(&[
        "-- migrator: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY i ON public.a (id);",
    ]);
    assert_eq!(database.fault(registry).await.left, Left::Resumable);
    database.run("TRUNCATE public.a").await;
    let report = database.up(registry).await.expect("it is resumed");
    assert_eq!(done(&report), ["core/1"]);
}

#[tokio::test]
async fn a_repair_continues_whatever_the_server_says_between_its_answers() {
    let database = talkative().await;
    let registry = core(&["-- migrator: no-transaction\nSELECT 1;\nSELECT 1 / 0;"]);
    assert_eq!(database.fault(registry).await.left, Left::Dirty);
    let repaired = database.repair(registry, 1, Outcome::Applied).await;
    repaired.expect("it is repaired");
    assert_eq!(database.recorded().await, ["core/1"]);
}

/// A script with more notices than any buffer holds, and a row between two notices.
const FLOOD: &str = "SELECT public.say(i) FROM generate_series(1, 20000) i;";

const SAY: &str = "CREATE FUNCTION public.say(i integer) RETURNS integer LANGUAGE plpgsql AS \
                   $$ BEGIN RAISE NOTICE 'so %', i; RETURN i; END $$;";

#[tokio::test]
async fn a_flood_of_notices_delays_no_step() {
    let database = talkative().await;
    let outside = format!("-- migrator: no-transaction\n{FLOOD}\nVACUUM pg_class;\n{FLOOD}");
    let ups = [SAY, FLOOD, FLOOD, &outside, FLOOD, "SELECT 1;"];
    let report = database.up(core(&ups)).await.expect("it runs");
    assert_eq!(report.done.len(), ups.len());
}

#[tokio::test]
async fn a_flood_of_notices_does_not_hide_a_failure() {
    let failing = format!("{FLOOD}\nSELECT 1 / 0;");
    let outside = format!("-- migrator: no-transaction\n{failing}");
    for (failing, left) in [(&failing, Left::Nothing), (&outside, Left::Dirty)] {
        let database = talkative().await;
        let fault = database.fault(core(&[SAY, failing, FLOOD, FLOOD])).await;
        assert_eq!(fault.sqlstate.as_deref(), Some("22012"));
        assert_eq!(fault.left, left);
    }
}

#[tokio::test]
async fn a_run_counts_the_notices_that_it_does_not_keep() {
    let database = Database::new().await;
    let (migrator, events) = with_events(core(&[SAY, FLOOD]), Options::default());
    let report = database.up_with(migrator, Target::all()).await;
    let omitted = report.expect("it runs").notices_omitted;
    let all = events.all.lock().expect("nobody panics");
    let told: Vec<&String> = all
        .iter()
        .filter(|one| one.starts_with("notice "))
        .collect();
    // The second script runs before the first is answered, so its first notices may come with
    // that answer.
    assert_eq!(omitted + told.len() as u64, 20_000);
    assert!(told.len() < 2_000, "{}", told.len());
    assert!(all.contains(&format!("notices omitted {omitted}")));
    let last = &told[told.len() - 1_000..];
    assert_eq!(last[0], "notice so 19001");
    assert_eq!(last[999], "notice so 20000");
}

#[tokio::test]
async fn a_flood_of_notices_is_stopped() {
    let endless = "DO $$ BEGIN PERFORM pg_catalog.pg_advisory_xact_lock(43); \
                   LOOP RAISE NOTICE 'and on'; END LOOP; END $$;";
    let outside = format!("-- migrator: no-transaction\n{endless}");
    for endless in [endless, &outside] {
        let database = talkative().await;
        let stop = Stop::new();
        let migrator = Migrator::new(core(&[SAY, endless, FLOOD])).stopped_by(&stop);
        let run = tokio::spawn({
            let database = database.clone();
            async move { database.up_with(migrator, Target::all()).await }
        });
        let floods = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database \
                      WHERE locktype = 'advisory' AND objid = 43 AND datname = current_database()";
        database.until(floods, "1").await;
        stop.stop();
        let ended = within("the run", run).await.expect("no panic");
        let kind = *ended.expect_err("it is stopped").kind;
        assert!(matches!(kind, ErrorKind::Stopped(_)), "{kind:?}");
    }
}
