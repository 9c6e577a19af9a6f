//! The differences that a comparison of snapshots reports, for each case.

use std::collections::BTreeSet;
use std::fmt::Write;

use migrator_verify::{Kind, Scope, Snapshot, Taken, differences};
use tokio_postgres::error::SqlState;

use crate::examined::{self, Examined};
use crate::support::{database, lines, run, snapshot};

#[tokio::test]
async fn a_snapshot_that_reads_only_the_changes_shows_what_a_whole_one_shows() {
    let mut followed = 0;
    for (case, seen) in examined::all().await {
        let (following, taken) = &seen.followed;
        let missed = lines(&differences(&seen.after, following));
        assert_eq!(missed, [""; 0], "{}", case.name);
        assert!(*following == seen.after, "{}", case.name);
        followed += usize::from(*taken == Taken::Following);
    }
    // The others are changes of names and of objects of rare kinds; other tests also create roles.
    assert!(followed > 50, "{followed}");
}

#[tokio::test]
async fn every_case_has_the_expected_differences() {
    let mut wrong = String::new();
    let mut seen_kinds = BTreeSet::new();
    for (case, Examined { before, after, .. }) in examined::all().await {
        let reported = differences(before, after);
        let back = differences(after, before);
        assert_eq!(reported.is_empty(), before == after, "{}", case.name);
        assert_eq!(reported.len(), back.len(), "{}", case.name);
        assert!(differences(after, after).is_empty(), "{}", case.name);
        seen_kinds.extend(reported.iter().map(|difference| difference.object.kind));
        let reported = lines(&reported);
        if reported != case.expected {
            writeln!(wrong, "-- case: {}", case.name).unwrap();
            for line in &reported {
                writeln!(wrong, "-- expect: {line}").unwrap();
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "other differences than expected:\n{wrong}"
    );
    let unseen: Vec<_> = Kind::ALL
        .iter()
        .filter(|kind| !seen_kinds.contains(*kind))
        .collect();
    assert!(unseen.is_empty(), "no case has a difference of {unseen:?}");
}

#[tokio::test]
async fn two_databases_made_alike_are_equal() {
    for (case, Examined { after, alike, .. }) in examined::all().await {
        let reported = lines(&differences(after, alike));
        assert!(
            after == alike && reported.is_empty(),
            "{}: {reported:#?}",
            case.name
        );
    }
}

#[tokio::test]
async fn objects_out_of_scope_are_left_out() {
    let (_, client) = database().await;
    let scope = Scope::without_schemas(vec!["mig'r\\ator".to_owned()]);
    let take = async || Snapshot::take(&client, &scope).await.unwrap();
    let before = take().await;
    run(
        &client,
        "CREATE SCHEMA \"mig'r\\ator\"; SET search_path = \"mig'r\\ator\";
        CREATE TABLE h (a serial PRIMARY KEY, b int GENERATED ALWAYS AS IDENTITY);
        CREATE INDEX ON h (b); CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS int CHECK (VALUE > 0);
        GRANT SELECT ON h TO pilot_app; COMMENT ON TABLE h IS 'x';
        COMMENT ON SCHEMA \"mig'r\\ator\" IS 'x';
        ALTER DEFAULT PRIVILEGES IN SCHEMA \"mig'r\\ator\" GRANT SELECT ON TABLES TO pilot_app",
    )
    .await;
    assert_eq!(lines(&differences(&before, &take().await)), [""; 0]);
}

#[tokio::test]
async fn an_unknown_option_is_noted_once_and_an_internal_one_is_not() {
    let (_, client) = database().await;
    run(
        &client,
        "CREATE TABLE t (a int PRIMARY KEY, b text) WITH (fillfactor = 70);
        CREATE TABLE u (a int); CREATE INDEX i ON t (b);
        ALTER TABLE t ALTER b SET (n_distinct = 5)",
    )
    .await;
    let unknown = |snapshot: &Snapshot| -> Vec<String> {
        snapshot.unknown_options().map(str::to_owned).collect()
    };
    assert_eq!(unknown(&snapshot(&client).await), [""; 0]);
    run(
        &client,
        "UPDATE pg_attribute SET attoptions = ARRAY['pg_attver=1', 'other=x', 'third=']
            WHERE attrelid IN ('t'::regclass, 'u'::regclass) AND attnum > 0;
        UPDATE pg_class SET reloptions = ARRAY['other=1']
            WHERE oid IN ('t'::regclass, 'u'::regclass, 'i'::regclass, 't_pkey'::regclass)",
    )
    .await;
    let reported = [
        "`other` of columns",
        "`other` of indexes",
        "`other` of tables",
        "`third` of columns",
    ];
    assert_eq!(unknown(&snapshot(&client).await), reported);
}

#[tokio::test]
async fn a_relation_is_named_by_its_oid_and_the_session_is_left_as_it_was() {
    let (_, client) = database().await;
    run(
        &client,
        "SET search_path = x; CREATE TABLE public.t (a serial)",
    )
    .await;
    let snapshot = snapshot(&client).await;
    let row = client
        .query_one(
            "SELECT 'public.t'::regclass::oid, current_setting('search_path')",
            &[],
        )
        .await
        .unwrap();
    let table = snapshot.relation(row.get(0)).unwrap();
    assert_eq!(table.to_string(), "table public.t");
    assert_eq!(table.schema(), Some("public"));
    assert_eq!(row.get::<_, String>(1), "x");
    let sequence = snapshot
        .objects()
        .map(|(object, _)| object)
        .find(|object| object.name == "public.t_a_seq");
    assert_eq!(sequence.unwrap().parent(), Some(table));
}

#[tokio::test]
async fn a_role_without_rights_can_take_a_snapshot() {
    let (_, client) = database().await;
    run(
        &client,
        "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE FOREIGN DATA WRAPPER w;
        CREATE SERVER f FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR pilot_app SERVER f;
        CREATE SUBSCRIPTION s CONNECTION 'password=secret' PUBLICATION p WITH (connect = false)",
    )
    .await;
    let all = snapshot(&client).await;
    run(&client, "SET ROLE pilot_other").await;
    assert_eq!(lines(&differences(&all, &snapshot(&client).await)), [""; 0]);
}

#[tokio::test]
async fn a_snapshot_that_fails_leaves_no_transaction_behind() {
    let (_, client) = database().await;
    run(
        &client,
        "REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC; SET ROLE pilot_app",
    )
    .await;
    let error = Snapshot::take(&client, &Scope::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    run(&client, "RESET ROLE").await;
    run(&client, "VACUUM pg_catalog.pg_policy").await;
}
