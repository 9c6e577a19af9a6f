//! The round trips of a proof. Over a network each of them costs time, and on the same machine a
//! change of processes.

use migrator_runtime::Selection;
use migrator_verify::{Afterwards, Subject};

use self::proxy::Proxy;
use crate::support::{Script, Tried, registry, try_on, url};

#[expect(dead_code, reason = "the tests of runs use the rest of the proxy")]
#[path = "../../../runtime/tests/postgres/support/proxy.rs"]
mod proxy;

/// The database behind the proxy.
struct Database {
    url: String,
}

const FIRST: Script<'static> = (
    "shop",
    1,
    "CREATE SCHEMA shop; CREATE TABLE shop.orders (id integer PRIMARY KEY, note text);",
    "DROP SCHEMA shop CASCADE;",
);

/// The round trips of a proof of these migrations, with the start of the session.
async fn trips(scripts: &[Script<'_>]) -> usize {
    let database = Database { url: url().await };
    let proxy = Proxy::before(&database).await;
    let mut client = proxy.client().await;
    let subject = Subject::of(Selection::All);
    let registry = registry(scripts);
    let tried = try_on(&mut client, registry, &subject, Afterwards::Abandon).await;
    for one in tried.expect("a proof is made") {
        assert!(matches!(one, Tried::Sound | Tried::Irreversible(_)));
    }
    client.close().await;
    assert_eq!(proxy.connections(), 1);
    proxy.trips(0)
}

#[tokio::test]
async fn a_migration_costs_no_round_trip_but_these() {
    let before = trips(&[FIRST]).await;
    for (up, down, expected) in [
        // Each of up, down and up again: the script, what it changed, and the parts of that. Then
        // the commit.
        (
            "ALTER TABLE shop.orders ADD total integer;",
            "ALTER TABLE shop.orders DROP total;",
            10,
        ),
        (
            "CREATE FUNCTION shop.one() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
            "DROP FUNCTION shop.one();",
            10,
        ),
        // The up script, what it changed, and the parts of that.
        (
            "ALTER TABLE shop.orders DROP note;",
            "-- migrator: irreversible because the notes are lost",
            3,
        ),
    ] {
        let with_one_more = trips(&[FIRST, ("shop", 2, up, down)]).await;
        assert_eq!(with_one_more - before, expected, "{up}");
    }
}
