//! A database that somebody has lent: it must be empty, and is left so.

use migrator_runtime::Selection;
use migrator_verify::{Afterwards, Error, Scope, Snapshot, Subject};

use crate::support::{Tried, client, registry, try_on, url};

const ALL: Subject = Subject::of(Selection::All);

#[tokio::test]
async fn a_used_database_is_refused_and_nothing_in_it_is_touched() {
    let mut client = client(&url().await).await;
    let made = client
        .postgres()
        .batch_execute("CREATE TABLE public.kept (x int)");
    made.await.expect("it is made");
    let registry = registry(&[("shop", 1, "CREATE SCHEMA shop;", "DROP SCHEMA shop;")]);
    let refused = try_on(&mut client, registry, &ALL, Afterwards::Empty).await;
    let Err(Error::NotEmpty { found }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(found[0], "table public.kept");
    let kept = client.postgres().batch_execute("TABLE public.kept");
    kept.await.expect("it is there");
}

#[tokio::test]
async fn a_lent_database_is_restored_after_every_script() {
    let mut client = client(&url().await).await;
    let scope = Scope::default();
    let prepared = "CREATE EXTENSION pg_trgm; CREATE SCHEMA theirs; \
                    COMMENT ON SCHEMA theirs IS 'kept'; REVOKE ALL ON SCHEMA public FROM PUBLIC;";
    client
        .postgres()
        .batch_execute(prepared)
        .await
        .expect("it is prepared");
    let before = Snapshot::take(client.postgres(), &scope).await;
    let registry = registry(&[
        (
            "shop",
            1,
            "CREATE SCHEMA shop; CREATE TABLE shop.t (x int); CREATE TABLE public.t (x int); \
             CREATE EXTENSION citext; GRANT USAGE ON SCHEMA public TO PUBLIC;",
            "SELECT 1;",
        ),
        (
            "shop",
            2,
            "CREATE TYPE public.e AS ENUM ('a'); CREATE PUBLICATION p FOR TABLE shop.t; \
             CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            "DROP TABLE nothing;",
        ),
    ]);
    let tried = try_on(&mut client, registry, &ALL, Afterwards::Empty).await;
    let tried = tried.expect("a proof is made");
    assert!(matches!(tried[0], Tried::NotUndone(_)), "{tried:?}");
    assert!(matches!(tried[1], Tried::Failed(..)), "{tried:?}");
    let after = Snapshot::take(client.postgres(), &scope).await;
    let after = after.expect("it is there");
    assert_eq!(before.expect("it was there"), after);
}
