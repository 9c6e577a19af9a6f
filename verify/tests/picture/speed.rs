//! How long a picture takes.

#![expect(clippy::print_stderr, reason = "the figures are what it is for")]

use std::time::Instant;

use migrator_verify::differences;

use crate::support::{database, picture, run};

const TABLES: &str = "
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
DO $$BEGIN FOR i IN 1..1000 LOOP
    EXECUTE format('CREATE TABLE t%1$s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant bigint NOT NULL CONSTRAINT f REFERENCES t1, name text NOT NULL DEFAULT ''x'',
        email varchar(200), n int CONSTRAINT c CHECK (n > 0), data jsonb,
        created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz)', i);
    EXECUTE format('CREATE INDEX ON t%s (tenant, created_at)', i);
    EXECUTE format('CREATE UNIQUE INDEX ON t%s (lower(email)) WHERE n > 3', i);
    EXECUTE format('CREATE TRIGGER g BEFORE UPDATE ON t%s FOR EACH ROW EXECUTE FUNCTION f()', i);
    EXECUTE format('GRANT SELECT, INSERT ON t%s TO picture_app', i);
    EXECUTE format('COMMENT ON TABLE t%s IS ''a table''', i);
    IF i % 100 = 0 THEN COMMIT; END IF;
END LOOP; END$$";

#[tokio::test]
#[ignore = "measures; run it with --ignored --nocapture"]
async fn pictures_of_a_thousand_tables() {
    let (_, client) = database().await;
    run(&client, TABLES.split_once("DO ").unwrap().0).await;
    run(
        &client,
        &format!("DO {}", TABLES.split_once("DO ").unwrap().1),
    )
    .await;
    let before = picture(&client).await;
    let mut took = Vec::new();
    for _ in 0..9 {
        let began = Instant::now();
        let picture = picture(&client).await;
        took.push(began.elapsed().as_millis());
        assert_eq!(picture, before);
    }
    took.sort_unstable();
    let began = Instant::now();
    assert!(differences(&before, &picture(&client).await).is_empty());
    let (fastest, median) = (took[0], took[took.len() / 2]);
    eprintln!(
        "{} objects: {fastest} ms at best, {median} ms in the middle",
        before.len()
    );
    eprintln!("with the differences: {} ms", began.elapsed().as_millis());
}
