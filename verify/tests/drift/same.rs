//! What is not drift: other texts of one meaning, and what no script can take back.

#![expect(
    clippy::print_stderr,
    reason = "the test prints that there is no pg_dump"
)]

use std::process::Command;

use migrator_localpg::{Programs, Throwaway};
use migrator_verify::Difference;
use tokio::task::spawn_blocking;

use crate::support::{Live, Script, registry};

/// Expressions that Postgres prints otherwise when it has read what it prints.
const RESTORED: &[Script<'_>] = &[(
    "shop",
    1,
    "CREATE SCHEMA shop; CREATE TYPE shop.e AS ENUM ('a', 'b');
    CREATE TABLE shop.t (id int PRIMARY KEY, gone int,
        state varchar(10) NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done')),
        n int CHECK (n BETWEEN 1 AND 10 AND n <> 5), e shop.e CHECK (e IN ('a', 'b')),
        c char(3) CHECK (c NOT IN ('x', 'y')), d varchar DEFAULT CASE WHEN
            'a'::varchar IN ('a', 'b') THEN 'x' END,
        span int4range, EXCLUDE USING gist (span WITH &&) WHERE (state IN ('a', 'b')),
        open boolean GENERATED ALWAYS AS (state IN ('new', 'late')) STORED);
    ALTER TABLE shop.t DROP COLUMN gone;
    CREATE INDEX t_open ON shop.t (id, (state IN ('p', 'q'))) WHERE state IN ('new', 'open');
    CREATE VIEW shop.v AS SELECT * FROM shop.t WHERE n BETWEEN 1 AND 3 AND state IN ('new', 'x');
    CREATE VIEW shop.w (a, b) AS SELECT id, state FROM shop.v WHERE state NOT IN ('a', 'b');
    CREATE MATERIALIZED VIEW shop.m AS SELECT id FROM shop.v WHERE state LIKE ANY (ARRAY['a', 'b']);
    CREATE DOMAIN shop.d AS varchar CHECK (VALUE IN ('a', 'b'));
    CREATE POLICY p ON shop.t USING (state IN ('new', 'done') AND n BETWEEN 1 AND 2)
        WITH CHECK (state IN ('new', 'late'));
    CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER g BEFORE UPDATE ON shop.t FOR EACH ROW WHEN (NEW.state IN ('a', 'b'))
        EXECUTE FUNCTION shop.f();
    CREATE RULE r AS ON UPDATE TO shop.t WHERE NEW.state IN ('c', 'd') DO INSTEAD NOTHING;
    CREATE FUNCTION shop.h(s varchar DEFAULT CASE WHEN 'a'::varchar IN ('a', 'b') THEN 'x' END)
        RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE shop.parts (s varchar, n int) PARTITION BY LIST ((s IN ('a', 'b')));
    CREATE TABLE shop.part PARTITION OF shop.parts FOR VALUES IN (true);
    COMMENT ON TABLE shop.t IS 'all of it'; CREATE SEQUENCE shop.numbers;",
    "DROP SCHEMA shop CASCADE;",
)];

/// What `pg_dump` writes, as SQL alone; nothing where the server came without it.
async fn dump(url: &str) -> Option<String> {
    let server = Throwaway::shared().expect("a server");
    let program = Programs::find_tool(None, "pg_dump", server.programs().major)?;
    let mut command = Command::new(program);
    command.args(["--inserts", "--no-password", "--dbname", url]);
    let output = spawn_blocking(move || command.output()).await;
    let output = output.expect("it does not panic").expect("pg_dump runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let text = String::from_utf8(output.stdout).expect("pg_dump prints UTF-8");
    let lines = text.lines().filter(|line| !line.starts_with('\\'));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn a_database_that_was_dumped_and_restored_has_not_drifted() {
    let mut live = Live::new().await;
    live.up(registry(RESTORED)).await;
    // A restored database that is dumped again has other texts once more.
    for _ in 0..2 {
        let Some(dump) = dump(live.url()).await else {
            eprintln!("NOT TESTED: there is no pg_dump for this server");
            return;
        };
        live = Live::new().await;
        live.run(&dump).await;
        assert_eq!(live.drift(registry(RESTORED), &[]).await, [""; 0]);
    }
    // Nor to a binary without these scripts, which repeats them by a role with fewer rights.
    assert_eq!(live.drift(registry(&[MORE]), &[]).await, [""; 0]);
    live.run(
        "ALTER TABLE shop.t DROP CONSTRAINT t_n_check,
            ADD CONSTRAINT t_n_check CHECK (n BETWEEN 1 AND 11 AND n <> 5);
        CREATE OR REPLACE VIEW shop.w (a, b) AS SELECT id, state FROM shop.v
            WHERE state NOT IN ('a', 'c');
        ALTER POLICY p ON shop.t USING (state IN ('new', 'done') OR n BETWEEN 1 AND 2)",
    )
    .await;
    let found = live.drift(registry(RESTORED), &[]).await;
    let expected = [
        "view shop.w: definition",
        "constraint t_n_check on shop.t: definition",
        "policy p on shop.t: using",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}

const MOOD: Script<'_> = (
    "shop",
    1,
    "CREATE SCHEMA shop; CREATE TYPE shop.mood AS ENUM ('a', 'b');
    CREATE TABLE shop.t (a int, b int)",
    "DROP SCHEMA shop CASCADE",
);

const MORE: Script<'_> = ("shop", 2, "ALTER TYPE shop.mood ADD VALUE 'c'", "SELECT 1");

#[tokio::test]
async fn a_columns_position_and_enum_values_of_a_revert_are_no_drift() {
    let live = Live::new().await;
    live.up(registry(&[MOOD])).await;
    live.run(
        "ALTER TYPE shop.mood ADD VALUE 'c' BEFORE 'b';
        ALTER TABLE shop.t DROP a; ALTER TABLE shop.t ADD a int",
    )
    .await;
    let found = live.try_drift(registry(&[MOOD, MORE]), &[]).await;
    let found = found.expect("the history can be repeated");
    let lines = |list: &[Difference]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(lines(&found.differences), [""; 0]);
    let noted = [
        "type shop.mood: labels is 'a', 'c', 'b', was 'a', 'b'",
        "column shop.t.a: position is 2, was 1",
    ];
    assert_eq!(lines(&found.notes), noted);
    // No migration can have left this value.
    let found = live.drift(registry(&[MOOD]), &[]).await;
    assert_eq!(found, &noted[..1]);
}
