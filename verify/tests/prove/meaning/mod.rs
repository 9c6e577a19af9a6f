//! Texts of one meaning are no difference, and any other meaning is.

mod changed;
mod same;

use crate::support::{Tried, registry, try_all, version};
use migrator_localpg::Throwaway;

use self::changed::CHANGED;
use self::same::SAME;

const GIVEN: &str = "CREATE SCHEMA shop; CREATE TYPE shop.e AS ENUM ('a', 'b', 'c');
    CREATE TABLE shop.t (id int, s varchar(10), c char(2), x text, e shop.e, n int, m numeric(8, 2),
        at timestamptz, span int4range, tags text[], j jsonb);
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";

/// The first major version that has the syntax; the statement that creates an object, the one that
/// drops it, and the one that creates it again in other words.
type Case = (u32, &'static str, &'static str, &'static str);

const DROP_CHECK: &str = "ALTER TABLE shop.t DROP CONSTRAINT k";

fn is_known(since: u32) -> bool {
    since <= Throwaway::shared().expect("a server").programs().major
}

#[tokio::test]
async fn texts_of_the_same_meaning_are_sound() {
    let mut scripts = vec![("shop", 1, GIVEN, "DROP SCHEMA shop CASCADE")];
    let cases = SAME.iter().filter(|(since, ..)| is_known(*since));
    for ((_, make, remove, remake), number) in cases.zip(1..) {
        scripts.push(("shop", 2 * number, *make, *remove));
        scripts.push(("shop", 2 * number + 1, *remove, *remake));
    }
    let tried = try_all(registry(&scripts), None).await;
    let wrong: Vec<_> = tried
        .iter()
        .zip(&scripts)
        .filter(|(tried, _)| **tried != Tried::Sound)
        .map(|(tried, (_, number, up, _))| format!("{} {up}\n{tried:#?}", version(*number)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn a_text_of_another_meaning_is_a_fault() {
    for (_, make, remove, remake) in CHANGED.iter().filter(|(since, ..)| is_known(*since)) {
        let given = format!("{GIVEN}; {make}");
        let scripts = [
            ("shop", 1, given.as_str(), "DROP SCHEMA shop CASCADE"),
            ("shop", 2, *remove, *remake),
        ];
        let tried = try_all(registry(&scripts), Some(2)).await;
        let found = tried.last();
        assert!(
            matches!(found, Some(Tried::NotUndone(left)) if left.len() == 1),
            "{make}\n{remake}\n{found:?}"
        );
    }
}
