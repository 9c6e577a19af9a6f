//! Proofs that are divided into ranges, each on a server of its own.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use migrator_localpg::Throwaway;
use migrator_model::Registry;
use migrator_runtime::{Selection, Stop};
use migrator_verify::{Jobs, Pass, Place, ProofEvent, Subject, prove_in_ranges};

use crate::support::{Script, Tried, client, registry, tried};

/// Each migration needs the previous ones. Roles belong to the whole server.
const SOUND: [Script<'static>; 6] = [
    (
        "shop",
        1,
        "CREATE SCHEMA shop; CREATE ROLE seller;",
        "DROP SCHEMA shop; DROP ROLE seller;",
    ),
    (
        "shop",
        2,
        "CREATE TABLE shop.a (id integer PRIMARY KEY);",
        "DROP TABLE shop.a;",
    ),
    (
        "shop",
        3,
        "GRANT SELECT ON shop.a TO seller;",
        "REVOKE SELECT ON shop.a FROM seller;",
    ),
    (
        "shop",
        4,
        "CREATE TABLE shop.b (a integer REFERENCES shop.a);",
        "DROP TABLE shop.b;",
    ),
    (
        "stock",
        5,
        "CREATE VIEW shop.v AS TABLE shop.b;",
        "DROP VIEW shop.v;",
    ),
    (
        "stock",
        6,
        "CREATE ROLE clerk IN ROLE seller;",
        "DROP ROLE clerk;",
    ),
];

#[tokio::test]
async fn a_sound_tree_is_sound_in_any_number_of_ranges() {
    let registry = registry(&SOUND);
    for jobs in 1..=3 {
        assert_eq!(
            try_in_ranges(registry, jobs).await,
            [const { Tried::Sound }; 6]
        );
    }
}

#[tokio::test]
async fn faults_are_told_in_order_for_any_number_of_jobs() {
    let mut scripts = SOUND;
    // It succeeds once, and leaves a row.
    scripts[1].2 = "CREATE TABLE IF NOT EXISTS shop.a (id integer PRIMARY KEY); \
        INSERT INTO shop.a SELECT count(*) FROM shop.a;";
    scripts[1].3 = "SELECT 1;";
    scripts[3].2 = "CREATE TABLE shop.b (a integer REFERENCES shop.missing);";
    scripts[5].3 = "DROP ROLE nobody_at_all;";
    let registry = registry(&scripts);
    let left = Tried::NotUndone(vec!["left behind: table shop.a".to_owned()]);
    let missing = "relation \"shop.missing\" does not exist";
    let nobody = "role \"nobody_at_all\" does not exist";
    let expected = [
        Tried::Sound,
        left,
        Tried::Sound,
        Tried::Failed(Pass::Up, missing.to_owned()),
        Tried::Skipped("shop/20240101000004_a0000004_m4".to_owned()),
        Tried::Failed(Pass::Down, nobody.to_owned()),
    ];
    for jobs in 1..=3 {
        assert_eq!(try_in_ranges(registry, jobs).await, expected, "{jobs} jobs");
    }
}

#[tokio::test]
async fn the_first_error_in_order_ends_a_proof() {
    let mut scripts = SOUND;
    // The session cannot be opened again.
    scripts[3].2 = "-- migrator: no-transaction\nALTER ROLE postgres NOLOGIN; SELECT pg_terminate_backend(pg_backend_pid());";
    let registry = registry(&scripts);
    let open = async || Ok::<_, String>(place().await);
    for jobs in [1, 3] {
        let (stop, subject) = (Stop::new(), Subject::of(Selection::All));
        let proof = prove_in_ranges(&stop, registry, &subject, of(jobs), open, |_| {}).await;
        let proof = proof.expect("servers start");
        let proved = proof
            .proved
            .iter()
            .map(|one| one.migration.version.to_string());
        assert_eq!(
            proved.collect::<Vec<_>>(),
            ["20240101000001", "20240101000002", "20240101000003"]
        );
        assert!(proof.ended.is_err());
    }
}

#[tokio::test]
async fn whole_snapshots_come_at_growing_intervals() {
    let ups: Vec<String> = (1..=12).map(|n| format!("CREATE TABLE t{n} ();")).collect();
    let downs: Vec<String> = (1..=12).map(|n| format!("DROP TABLE t{n};")).collect();
    let scripts: Vec<Script<'_>> = (1..=12)
        .zip(ups.iter().zip(&downs))
        .map(|(number, (up, down))| ("shop", number, up.as_str(), down.as_str()))
        .collect();
    let (stop, subject) = (Stop::new(), Subject::of(Selection::All));
    let open = async || Ok::<_, String>(place().await);
    let first = NonZeroUsize::new(4).expect("it is not 0");
    let jobs = Jobs::at_once(NonZeroUsize::MIN).with_whole_snapshots_after(first);
    let proof = prove_in_ranges(&stop, registry(&scripts), &subject, jobs, open, |_| {}).await;
    let proof = proof.expect("servers start");
    assert_eq!(proof.missed, []);
    // A migration has three snapshots. There is a whole one before the first migration, after more than
    // 4, 8 and 16 others (that is, 2, 3 and 6 migrations), and at the end.
    assert_eq!((proof.counts.following, proof.counts.whole), (36, 5));
    assert_eq!(proof.counts.rebuilt, 0);
}

/// Proves a registry in ranges of two migrations, and checks that each result is told once, in order.
async fn try_in_ranges(registry: &'static Registry, jobs: usize) -> Vec<Tried> {
    let (stop, subject) = (Stop::new(), Subject::of(Selection::All));
    let open = async || Ok::<_, String>(place().await);
    let mut told = Vec::new();
    let mut running = BTreeSet::new();
    let tell = |event: ProofEvent<'_, '_>| match event {
        ProofEvent::Started(migration) => drop(running.insert(migration.version)),
        ProofEvent::Ended(migration) => drop(running.remove(&migration.version)),
        ProofEvent::Proved(proved) => told.push(proved.migration.version),
        _ => {}
    };
    let proof = prove_in_ranges(&stop, registry, &subject, of(jobs), open, tell).await;
    let proof = proof.expect("servers start");
    proof.ended.expect("a proof is made");
    assert_eq!(proof.missed, []);
    let proved = proof.proved.iter().map(|one| one.migration.version);
    assert_eq!(told, proved.collect::<Vec<_>>());
    assert!(running.is_empty(), "{running:?}");
    tried(proof.proved)
}

fn of(jobs: usize) -> Jobs {
    let number = |number| NonZeroUsize::new(number).expect("it is not 0");
    Jobs::at_once(number(jobs)).with_ranges_of(number(2))
}

async fn place() -> Place<Throwaway> {
    let server = Throwaway::start().expect("a server");
    let url = server.create_database().await.expect("a database");
    Place {
        client: client(&url).await,
        empty: None,
        server,
    }
}
