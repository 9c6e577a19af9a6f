//! The how-tos.

use std::fs;
use std::path::Path;

use migrator_localpg::Throwaway;

use super::support::page::blocks;
use super::support::{database, execute, query};
use super::{MANIFEST, Reader, migration, page, reader, reader_on, shop};

const MAIL: &str = "
[services.mail]
tier = \"Services\"
directory = \"mail\"
depends_on = [\"shop\"]
";

#[test]
fn a_busy_table_is_changed_in_three_migrations() {
    let mut reader = reader();
    shop(&reader);
    reader.follow(&page("docs/howto/zero-downtime.md"));
}

#[test]
fn each_role_may_do_what_the_page_says() {
    let mut reader = reader_on("shop");
    shop(&reader);
    reader.follow(&page("docs/howto/roles.md"));
}

#[test]
fn a_service_gets_another_name() {
    let mut reader = reader();
    shop(&reader);
    reader.write("database/services.toml", &format!("{MANIFEST}{MAIL}"));
    let up = "-- migrator: requires shop/20260101130000\nCREATE SCHEMA mail;";
    let stem = "mail/20260101120000_2a1b2c3d_create_mail_schema";
    migration(&reader, stem, up, "DROP SCHEMA mail;");
    reader.must("migrator up --service=all");
    reader.follow(&page("docs/howto/rename-service.md"));
    reader.must("migrator down --service=all --all --yes");
    reader.must("migrator up --service=all");
}

#[test]
fn a_role_with_one_connection_needs_an_option() {
    let reader = reader_on("single");
    shop(&reader);
    let server = Throwaway::shared().expect("a server starts");
    execute(
        &server.url("single"),
        "CREATE ROLE one LOGIN CONNECTION LIMIT 1; GRANT CREATE ON DATABASE single TO one",
    );
    let mut reader = reader.with("PGUSER", "one");
    reader.follow(&page("docs/howto/poolers.md"));
}

#[test]
fn a_list_of_databases_is_migrated_in_waves_and_shards() {
    let own = database();
    let mut reader = Reader::new().with("DATABASE_URL", &own);
    shop(&reader);
    let list = tenants(&reader);
    execute(
        &own,
        "CREATE SCHEMA tenant; CREATE TABLE tenant.databases (url text, wave int)",
    );
    for line in &list {
        let (url, wave) = line.split_once(' ').expect("two columns");
        let row = format!("INSERT INTO tenant.databases VALUES ('{url}', {wave})");
        execute(&own, &row);
    }
    let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/fleet-job.yaml");
    let job = fs::read_to_string(job).expect("the job is there");
    reader.write("fleet-job.yaml", &job);
    reader.program("kubectl", "cat >> jobs.yaml");
    reader.follow_shell(&quick(&page("docs/fleet.md")));
    for line in &list {
        let (url, _) = line.split_once(' ').expect("two columns");
        let count = "SELECT count(*)::text FROM migrator.history";
        assert_eq!(query(url, count), ["2"], "{url}");
    }
    let jobs = reader.must("cat jobs.yaml");
    for wave in 0..3 {
        let name = format!("name: migrate-fleet-{wave}\n");
        assert!(jobs.contains(&name), "{jobs}");
        assert!(jobs.contains(&format!("- --wave={wave}\n")), "{jobs}");
    }
}

#[test]
fn each_database_has_a_line_of_json() {
    let mut reader = Reader::new();
    shop(&reader);
    let stem = "shop/20260101140000_2a1b2c3d_add_note";
    let up = "ALTER TABLE shop.orders ADD COLUMN note text;";
    let down = "ALTER TABLE shop.orders DROP COLUMN note;";
    migration(&reader, stem, up, down);
    tenants(&reader);
    reader.follow_console(&quick(&page("docs/fleet.md")));
}

/// The page with a shorter pause between waves.
fn quick(page: &str) -> String {
    assert!(
        page.contains("--settle=10min"),
        "the page waits between waves"
    );
    page.replace("--settle=10min", "--settle=10ms")
}

/// Writes the list of three new databases, a wave each.
fn tenants(reader: &Reader) -> Vec<String> {
    let list: Vec<String> = (0..3)
        .map(|wave| format!("{} {wave}", database()))
        .collect();
    reader.write("tenants.txt", &list.join("\n"));
    list
}

/// Writes a tree whose service `notes` has these migrations.
fn notes(reader: &mut Reader, migrations: &[(&str, &str, &str)]) {
    reader.write("database/services.toml", &MANIFEST.replace("shop", "notes"));
    reader.must("mkdir -p database/migrations/notes");
    for (stem, up, down) in migrations {
        migration(reader, &format!("notes/{stem}"), up, down);
    }
}

/// The tables of the pages on taking over, without the index of the second migration.
const UNFINISHED: &str =
    "CREATE TABLE notes (id bigint PRIMARY KEY); ALTER TABLE notes ADD COLUMN author text";
const AUTHOR: [&str; 2] = [
    "-- migrator: allow M0216 because the table is small\n\
     ALTER TABLE notes ADD COLUMN author text;\nCREATE INDEX note_author ON notes (author);",
    "DROP INDEX note_author;\nALTER TABLE notes DROP COLUMN author;",
];

#[test]
fn a_baseline_is_refused_if_an_effect_is_missing() {
    let mut reader = reader();
    let (up, down) = (
        "CREATE TABLE notes (id bigint PRIMARY KEY);",
        "DROP TABLE notes;",
    );
    let first = ("20240101120000_0a1b2c3d_notes", up, down);
    let second = ("20240102120000_1a2b3c4d_author", AUTHOR[0], AUTHOR[1]);
    notes(&mut reader, &[first, second]);
    execute(&reader.variable("DATABASE_URL"), UNFINISHED);
    reader.follow_console(&page("docs/baseline.md"));
}

#[test]
fn a_history_of_another_tool_is_refused_if_an_effect_is_missing() {
    let mut reader = reader();
    notes(&mut reader, &[]);
    let file = |up: &str, down: &str| format!("-- +goose Up\n{up}\n-- +goose Down\n{down}\n");
    let (up, down) = (
        "CREATE TABLE notes (id bigint PRIMARY KEY);",
        "DROP TABLE notes;",
    );
    reader.write("db/00001_notes.sql", &file(up, down));
    reader.write("db/00002_author.sql", &file(AUTHOR[0], AUTHOR[1]));
    let (up, down) = (
        "CREATE TABLE archive (id bigint PRIMARY KEY);",
        "DROP TABLE archive;",
    );
    reader.write("db/00003_archive.sql", &file(up, down));
    let url = reader.variable("DATABASE_URL");
    execute(&url, UNFINISHED);
    execute(
        &url,
        "CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, \
           is_applied boolean NOT NULL, tstamp timestamp DEFAULT now()); \
         INSERT INTO goose_db_version (version_id, is_applied) \
           VALUES (0, true), (1, true), (2, true)",
    );
    reader.follow_console(&page("docs/adopt.md"));
}

#[test]
fn the_rights_of_the_page_on_security_are_enough() {
    let server = Throwaway::start().expect("a server starts");
    let url = server.url("shop");
    let run = |sql: &str| execute(&url, sql);
    execute(&server.url("postgres"), "CREATE DATABASE shop");
    let page = page("docs/security.md");
    let blocks = blocks(&page).into_iter();
    let sql: Vec<String> = blocks
        .filter(|block| block.language == "sql")
        .map(|block| block.lines.join("\n"))
        .collect();
    let [deployer, schema, service, other] = &sql[..] else {
        panic!("{sql:#?}");
    };
    let mut reader = Reader::new().with("SHOP_URL", &url);
    shop(&reader);
    let mut on = |role: &str, command: &str, succeeds: bool| {
        let fails = if succeeds { "" } else { "! " };
        let url = format!("DATABASE_URL=$(echo \"$SHOP_URL\" | sed 's/postgres@/{role}@/')");
        reader.must(&format!(
            "{url}\nexport DATABASE_URL\n{fails}migrator {command}"
        ))
    };
    run(deployer);
    on("deployer", "up --service=shop --steps=1", true);
    // The second way: a role that must not create a schema for the history.
    run("DROP SCHEMA shop, migrator CASCADE");
    run(schema);
    on("deployer", "up --service=shop", true);
    run(service);
    on("service", "wait --service=shop --timeout=0s", true);
    on("service", "status", true);
    on("service", "history", false);
    on("service", "down --service=shop", false);
    run(other);
    on("reader", "status", true);
    on("reader", "up --service=shop --dry-run", true);
    on("reader", "history", true);
}
