//! The pages that use `pg_dump`, which must have the version of the server.

use super::support::database;
use super::{migration, page, reader, reader_on, shop};

#[test]
fn a_restored_backup_is_brought_up_to_date() {
    let mut reader = reader_on("store");
    shop(&reader);
    reader.must("psql -qc 'CREATE ROLE owner LOGIN' -c 'GRANT CREATE ON DATABASE store TO owner'");
    reader.must("PGUSER=owner migrator up --service=all");
    reader.follow(&page("docs/howto/restore.md"));
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
