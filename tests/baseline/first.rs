//! The first migration of a service, from the schema of a database.

use super::support::{database, execute};
use super::{Checkout, assert_done, assert_has};

/// A schema with each kind of object that databases commonly have.
const SCHEMA: &str = r"
CREATE EXTENSION pg_trgm;
CREATE SCHEMA notes;
CREATE TYPE notes.state AS ENUM ('new', 'done');
CREATE DOMAIN notes.title AS text CHECK (length(VALUE) < 200);
CREATE SEQUENCE notes.numbers;
CREATE FUNCTION notes.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW.changed = now(); RETURN NEW; END; $$;
CREATE TABLE notes.note (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  number bigint DEFAULT nextval('notes.numbers') NOT NULL,
  old serial UNIQUE,
  title notes.title NOT NULL,
  body text DEFAULT E'a;\nSET x = 1;\n',
  state notes.state DEFAULT 'new',
  changed timestamptz,
  size int GENERATED ALWAYS AS (length(body)) STORED
);
ALTER SEQUENCE notes.numbers OWNED BY notes.note.number;
COMMENT ON TABLE notes.note IS 'all notes';
COMMENT ON COLUMN notes.note.title IS 'it''s short';
CREATE TRIGGER touch BEFORE UPDATE ON notes.note FOR EACH ROW EXECUTE FUNCTION notes.touch();
CREATE INDEX note_body ON notes.note USING gin (body gin_trgm_ops);
CREATE TABLE notes.tag (
  note bigint NOT NULL REFERENCES notes.note ON DELETE CASCADE, name text, PRIMARY KEY (note, name));
CREATE TABLE notes.event (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE notes.event_2024 PARTITION OF notes.event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX event_what ON notes.event (what);
CREATE VIEW notes.open AS SELECT id, title FROM notes.note WHERE state = 'new';
CREATE MATERIALIZED VIEW notes.counts AS SELECT state, count(*) AS number FROM notes.note GROUP BY state;
CREATE FUNCTION notes.number_of() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM notes.note';
ALTER TABLE notes.note ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone ON notes.note USING (true);
GRANT SELECT ON notes.note TO PUBLIC;
";

#[test]
fn a_schema_becomes_a_migration_that_is_recorded_and_can_be_reverted() {
    let checkout = Checkout::new(&[]).with(SCHEMA);
    let planned = checkout.baseline(&["--dry-run", "--with-grants"]);
    assert_done(&planned);
    assert_has(&planned, &["writes the first migration of notes", "all "]);
    assert!(checkout.files().is_empty());
    let recorded = checkout.baseline(&["--with-grants"]);
    assert_done(&recorded);
    assert_has(&recorded, &["created ", "recorded 1 migration of notes"]);
    assert!(!recorded.contains("the draft leaves"), "{recorded}");
    assert_eq!(checkout.recorded().len(), 1);
    let up = checkout.text("_baseline.up.sql");
    for gone in [
        "\\restrict",
        "set_config",
        "\nSET statement_timeout",
        "OWNER TO",
    ] {
        assert!(!up.contains(gone), "{gone}\n{up}");
    }
    assert_has(&up, &["GRANT SELECT ON TABLE notes.note TO PUBLIC"]);
    let drift = checkout.run(&["drift"]);
    assert_has(&drift, &["exit: 0\n", "no drift"]);
    let again = checkout.baseline(&[]);
    assert_done(&again);
    assert_has(&again, &["nothing to do"]);
    let check = checkout.run(&["check"]);
    assert_done(&check);
    // A new database, there and back.
    let fresh = database();
    assert_eq!(checkout.up(&fresh), 2);
    assert_eq!(checkout.down(&fresh), 2);
    let left = super::support::query(
        &fresh,
        "SELECT nspname::text FROM pg_namespace WHERE nspname IN ('core', 'notes')",
    );
    assert!(left.is_empty(), "{left:?}");
    // One more migration.
    checkout.write(
        "migrations/notes/20990101120000_0a1b2c3d_more.up.sql",
        "ALTER TABLE notes.note ADD COLUMN more int;\n",
    );
    checkout.write(
        "migrations/notes/20990101120000_0a1b2c3d_more.down.sql",
        "ALTER TABLE notes.note DROP COLUMN more;\n",
    );
    assert_eq!(checkout.up(&checkout.url), 2);
}

#[test]
fn other_services_and_privileges_are_left_out() {
    let checkout = Checkout::new(&[]);
    checkout.up(&checkout.url);
    execute(
        &checkout.url,
        "CREATE TABLE core.theirs (id int); CREATE SCHEMA notes; CREATE TABLE notes.note (id int); \
         GRANT SELECT ON notes.note TO PUBLIC; CREATE SCHEMA other; CREATE TABLE other.one (id int)",
    );
    let recorded = checkout.baseline(&["--only-schema=notes"]);
    assert_done(&recorded);
    let up = checkout.text("_baseline.up.sql");
    assert_has(&up, &["CREATE SCHEMA notes", "CREATE TABLE notes.note"]);
    for gone in ["core", "other", "migrator.", "GRANT"] {
        assert!(!up.contains(gone), "{gone}\n{up}");
    }
}

#[test]
fn a_database_without_objects_is_refused() {
    let refused = Checkout::new(&[]).baseline(&[]);
    assert_has(
        &refused,
        &["exit: 3\n", "M1006", "nothing that a first migration"],
    );
}
