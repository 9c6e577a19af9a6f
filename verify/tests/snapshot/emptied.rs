//! `empty` restores a database after each of the cases.

use migrator_verify::{Scope, differences, empty};

use crate::examined;
use crate::support::{database, lines, run, snapshot};

#[tokio::test]
async fn every_case_is_restored() {
    let wrong: Vec<String> = examined::all()
        .await
        .iter()
        .filter_map(|(case, seen)| {
            let left = seen.emptied.as_ref().err()?;
            Some(format!("{}: {left}", case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn wanted_objects_remain() {
    let (_, client) = database().await;
    run(
        &client,
        "CREATE SCHEMA s; CREATE TABLE s.t (a int, b int); CREATE INDEX i ON s.t (a);
        GRANT SELECT ON s.t TO pilot_app WITH GRANT OPTION; COMMENT ON TABLE s.t IS E'it''s \\\\';
        GRANT USAGE ON SCHEMA s TO pilot_app",
    )
    .await;
    let wanted = snapshot(&client).await;
    run(
        &client,
        "ALTER TABLE s.t ADD \"c.d\" int, ADD CONSTRAINT \"a on b\" CHECK (a > 0); CREATE POLICY p ON s.t;
        CREATE TABLE s.u (a int); REVOKE ALL ON s.t FROM pilot_app; COMMENT ON TABLE s.t IS NULL;
        ALTER SCHEMA s OWNER TO pilot_other; REVOKE ALL ON SCHEMA s FROM pilot_app",
    )
    .await;
    // Whatever names mean in the session.
    run(
        &client,
        "CREATE SCHEMA evil; CREATE DOMAIN evil.jsonb AS int;
        CREATE FUNCTION evil.quote_ident(name) RETURNS text LANGUAGE sql AS $$SELECT 'x'$$;
        CREATE FUNCTION s.f(jsonb) RETURNS int LANGUAGE sql AS 'SELECT 1';
        SET search_path = evil, pg_catalog",
    )
    .await;
    empty(&client, &wanted, &Scope::default()).await.unwrap();
    assert_eq!(
        lines(&differences(&wanted, &snapshot(&client).await)),
        [""; 0]
    );
}

#[tokio::test]
async fn differences_that_cannot_be_restored_are_reported() {
    let (_, client) = database().await;
    run(&client, "CREATE TABLE t (a int)").await;
    let wanted = snapshot(&client).await;
    run(&client, "DROP TABLE t; CREATE TABLE u (a int)").await;
    let error = empty(&client, &wanted, &Scope::default())
        .await
        .unwrap_err();
    let message = "cannot restore the database: table public.t disappeared";
    assert_eq!(error.to_string(), message);
}
