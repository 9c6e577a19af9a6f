//! The how-tos.

use std::fs;
use std::path::Path;

use migrator_localpg::Throwaway;

use super::support::{database, execute, query};
use super::{MANIFEST, migration, page, reader, reader_on, shop};

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
fn a_restored_backup_is_brought_up_to_date() {
    let mut reader = reader_on("store");
    shop(&reader);
    reader.must("psql -qc 'CREATE ROLE owner LOGIN' -c 'GRANT CREATE ON DATABASE store TO owner'");
    reader.must("PGUSER=owner migrator up --service=all");
    reader.follow(&page("docs/howto/restore.md"));
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
fn old_migrations_become_one() {
    let other = database();
    let mut reader = reader().with("OTHER_URL", &other);
    shop(&reader);
    let up = "ALTER TABLE shop.orders ADD COLUMN note text;";
    let down = "ALTER TABLE shop.orders DROP COLUMN note;";
    let stem = "shop/20260101140000_2a1b2c3d_add_note";
    migration(&reader, stem, up, down);
    reader.must("migrator up --service=all");
    reader.must("migrator up --service=all --database-url=\"$OTHER_URL\"");
    reader.follow(&page("docs/howto/squash.md"));
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
    let mut reader = super::Reader::new().with("DATABASE_URL", &own);
    shop(&reader);
    let list: Vec<String> = (0..3)
        .map(|wave| format!("{} {wave}", database()))
        .collect();
    reader.write("tenants.txt", &list.join("\n"));
    execute(
        &own,
        "CREATE SCHEMA tenant; CREATE TABLE tenant.databases (url text, wave int)",
    );
    for line in &list {
        let (url, wave) = line.split_once(' ').expect("two columns");
        execute(
            &own,
            &format!("INSERT INTO tenant.databases VALUES ('{url}', {wave})"),
        );
    }
    let job = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/fleet-job.yaml");
    reader.write("fleet-job.yaml", &fs::read_to_string(job).expect("the job"));
    reader.program("kubectl", "cat >> jobs.yaml");
    let text = page("docs/fleet.md");
    assert!(
        text.contains("--settle=10min"),
        "the page waits between waves"
    );
    reader.follow(&text.replace("--settle=10min", "--settle=10ms"));
    for line in &list {
        let (url, _) = line.split_once(' ').expect("two columns");
        let count = "SELECT count(*)::text FROM migrator.history";
        assert_eq!(query(url, count), ["2"], "{url}");
    }
    let jobs = reader.must("cat jobs.yaml");
    for wave in 0..3 {
        assert!(
            jobs.contains(&format!("name: migrate-fleet-{wave}\n")),
            "{jobs}"
        );
        assert!(jobs.contains(&format!("- --wave={wave}\n")), "{jobs}");
    }
}
