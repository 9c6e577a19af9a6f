//! Faults in down scripts, one for each kind of thing that migrations make.

mod attached;
mod database;
mod objects;
mod tables;

use crate::support::{Tried, registry, try_all};

/// A migration whose down script does not undo its up script.
struct Planted {
    /// What a migration before it makes.
    given: &'static str,
    up: &'static str,
    down: &'static str,
    /// What is found, a difference a line.
    found: &'static [&'static str],
}

const TABLE: &str = "CREATE TABLE shop.orders (id integer PRIMARY KEY, note varchar(20), \
                     total numeric DEFAULT 0 NOT NULL);";

/// All kinds, each with its fault.
fn planted() -> Vec<&'static (&'static str, Planted)> {
    let all = [
        tables::FAULTS,
        objects::FAULTS,
        attached::FAULTS,
        database::FAULTS,
    ];
    all.into_iter().flatten().collect()
}

#[tokio::test]
async fn each_planted_fault_is_found_and_its_object_named() {
    let mut wrong = Vec::new();
    for (kind, planted) in planted() {
        let Planted {
            given,
            up,
            down,
            found,
        } = planted;
        let given = format!("CREATE SCHEMA shop; {given}");
        let registry = registry(&[("shop", 1, &given, "SELECT 1;"), ("shop", 2, up, down)]);
        // The first is only applied: its own down script is none.
        let tried = try_all(registry, Some(2)).await;
        let Tried::NotUndone(lines) = &tried[0] else {
            wrong.push(format!("{kind}: {tried:?}"));
            continue;
        };
        let is_told = |wanted: &&&str| lines.iter().any(|line| line.contains(**wanted));
        let is_expected = |line: &&String| found.iter().any(|wanted| line.contains(wanted));
        if !found.iter().all(|wanted| is_told(&wanted)) || !lines.iter().all(|l| is_expected(&l)) {
            wrong.push(format!("{kind}: {lines:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(planted().len() >= 40);
}

/// Those faults that leave the same schema usable by the others.
#[tokio::test]
async fn all_faults_are_found_in_one_run() {
    let mut scripts: Vec<(&str, i64, String, String)> = Vec::new();
    let planted = planted();
    let names: Vec<String> = (0..planted.len())
        .map(|index| format!("shop{index}"))
        .collect();
    let mut number = 1;
    for (name, (_, planted)) in names.iter().zip(planted) {
        let of_its_own = |sql: &str| sql.replace("shop", name);
        let is_of_the_whole_database = ["far", "watch", "changes", "pg_trgm", "extra", "DATABASE"]
            .iter()
            .any(|word| planted.up.contains(word));
        if is_of_the_whole_database {
            continue;
        }
        let given = format!("CREATE SCHEMA shop; {}", planted.given);
        let drop = "DROP SCHEMA shop CASCADE;";
        scripts.push(("shop", number, of_its_own(&given), of_its_own(drop)));
        scripts.push((
            "shop",
            number + 1,
            of_its_own(planted.up),
            of_its_own(planted.down),
        ));
        number += 2;
    }
    let scripts: Vec<(&str, i64, &str, &str)> = scripts
        .iter()
        .map(|(service, number, up, down)| (*service, *number, up.as_str(), down.as_str()))
        .collect();
    let tried = try_all(registry(&scripts), None).await;
    assert_eq!(tried.len(), scripts.len());
    for (index, one) in tried.iter().enumerate() {
        match (index % 2, one) {
            (0, Tried::Sound) | (1, Tried::NotUndone(_)) => {}
            _ => panic!("{index}: {:?}: {one:?}", scripts[index]),
        }
    }
}
